"""The house's own sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.phrases import load_phrases
from tests.fakes.engine_files import write_config


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_config(tmp_path) / "phrases"


def test_a_language_without_a_file_speaks_the_default(folder: Path) -> None:
    phrases = load_phrases(folder)
    assert phrases.say("decline", "cs") == "cs:decline"
    assert phrases.say("decline", "fr") == "en:decline"


def test_fields_are_filled_in_and_never_read_as_a_format(folder: Path) -> None:
    path = folder / "en.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("en:about", "About {title} {x}"), encoding="utf-8"
    )
    assert load_phrases(folder).say("about", "en", title="{x.y}") == "About {x.y} {x}"


def test_short_answers_are_recognised_whole(folder: Path) -> None:
    phrases = load_phrases(folder)
    assert phrases.is_answer("yes", " Yes! ", "en")
    assert not phrases.is_answer("yes", "yes but why", "en")


def test_every_missing_sentence_is_named(folder: Path) -> None:
    path = folder / "de.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(("decline =", "yes ="))]
    path.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_phrases(folder)
    assert "de.toml: decline" in str(caught.value) and "de.toml: yes" in str(caught.value)


def test_the_default_language_must_be_there(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"no fr\.toml"):
        load_phrases(folder, default="fr")
