from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.phrases import KEYS, LISTS, load_phrases

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "config" / "phrases"
# Sentences about a tool, a refusal, a status or a missing answer, by its name.
FAMILIES = re.compile(
    r"(confirm|done|waiting|approved|rejected|refused|status|flow_ask|menu|rate)_"
)
LANGUAGES = ("en", "cs", "ru", "de", "es")


def read(language: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def fields(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def test_every_first_class_language_has_its_sentences() -> None:
    assert set(load_phrases(FOLDER).languages) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_keys_in_the_same_order(language: str) -> None:
    assert list(read(language)) == list(read("en"))
    assert set(KEYS) | set(LISTS) <= set(read(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_has_the_same_fields_in_every_language(language: str) -> None:
    english = read("en")
    for key, text in read(language).items():
        if isinstance(text, str):
            assert fields(text) == fields(english[key]), key


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_no_sentence_was_left_in_english(language: str) -> None:
    english = read("en")
    same = [key for key, text in read(language).items() if text == english[key]]
    assert same in ([], ["confirm_no"])  # "No" is Spanish too


def test_no_sentence_is_left_that_nobody_says() -> None:
    """Each is named in the code, or is one of a family that is put together there."""
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("core", "channels", "switchboard")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "phrases.py"
    )
    sentences = [key for key, text in read("en").items() if isinstance(text, str)]
    unsaid = [key for key in sentences if f'"{key}"' not in code and not FAMILIES.match(key)]
    assert unsaid == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_of_buttons_fit_every_channel(language: str) -> None:
    texts = read(language)
    labels = ("human_button", "no_button", "confirm_yes", "confirm_no", "none_of_these")
    assert all(len(texts[key]) <= 30 for key in labels)


@pytest.mark.parametrize("language", LANGUAGES)
def test_yes_and_no_are_told_apart(language: str) -> None:
    phrases = load_phrases(FOLDER)
    texts = read(language)
    assert len(texts["yes"]) >= 8 and len(texts["no"]) >= 8
    assert not set(texts["yes"]) & set(texts["no"])
    for word in texts["yes"]:
        assert phrases.is_answer("yes", f"{word.capitalize()}!", language)
        assert not phrases.is_answer("no", word, language)
