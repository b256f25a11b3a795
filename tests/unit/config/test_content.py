"""The shipped knowledge, specialists, examples and evaluation questions are complete and agree."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.engine.exemplars import load_exemplars
from core.escalation.rules import read_rules
from core.specialists.registry import read_folder

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"
KNOWLEDGE = CONFIG / "knowledge"
DATA = ROOT / "tests" / "eval" / "data"
LANGUAGES = ("en", "cs", "ru", "de", "es")
OTHERS = LANGUAGES[1:]
CATEGORIES = {"accounts", "billing", "shipping", "returns", "technical", "plans"}
FIELDS = {"id", "title", "category", "language", "url", "updated"}
SPECIALISTS = {"technical", "billing", "sales", "general", "supervisor"}
REASONS = {
    "request", "security", "legal", "safety", "privacy", "outage", "impact", "frustration",
    "complaint", "accessibility", "bereavement", "no_progress", "cannot_know", "may_not_act",
    "failure",
}  # fmt: skip
NOT_LETTERS = re.compile(r"[\W_]+")


class Article:
    """One Markdown file, parsed by the rules of docs/knowledge-format.md."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _, head, self.body = path.read_text(encoding="utf-8").split("---\n", 2)
        self.fields = dict(line.split(": ", 1) for line in head.strip().split("\n"))
        self.intro, *self.sections = re.split(r"(?m)^## .+$", self.body.strip())

    @property
    def words(self) -> int:
        return len(re.sub(r"[#*]", "", self.body).split())


ARTICLES = [Article(path) for path in sorted(KNOWLEDGE.rglob("*.md"))]
NAMES = [str(article.path.relative_to(KNOWLEDGE)) for article in ARTICLES]
BY_ID = {article.fields["id"]: article for article in ARTICLES}


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


PAIRS = [pair for path in sorted(KNOWLEDGE.rglob("faq.jsonl")) for pair in rows(path)]
KB_QUESTIONS = rows(DATA / "kb_questions.jsonl")
ROUTING = rows(DATA / "routing.jsonl")
SPECS = read_folder(CONFIG / "specialists")
EXEMPLARS = load_exemplars(CONFIG / "exemplars", SPECS.values())


def bare(text: str) -> str:
    return NOT_LETTERS.sub(" ", text.casefold()).strip()


def english(ids: list[dict[str, Any]]) -> set[str]:
    return {str(pair["id"]) for pair in ids if pair["lang"] == "en"}


# ---- knowledge -----------------------------------------------------------------------------------


@pytest.mark.parametrize("article", ARTICLES, ids=NAMES)
def test_an_article_says_what_it_is_and_where_it_stands(article: Article) -> None:
    fields = article.fields
    translated = {"translation_of"} if fields["language"] != "en" else set[str]()
    assert set(fields) == FIELDS | translated
    language, category, name = article.path.relative_to(KNOWLEDGE).parts
    assert (fields["language"], fields["category"]) == (language, category)
    assert language in LANGUAGES and category in CATEGORIES
    slug = name.removesuffix(".md")
    assert fields["id"] == (slug if language == "en" else f"{slug}-{language}")
    assert fields["url"] == f"https://help.fernhill.example/{language}/{category}/{slug}"
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", fields["updated"])


@pytest.mark.parametrize("article", ARTICLES, ids=NAMES)
def test_an_article_answers_first_and_stays_short(article: Article) -> None:
    assert 80 <= article.words <= 250
    assert len(article.sections) >= 2
    assert 60 <= len(article.intro.strip()) <= 480
    # A whole section can be quoted as an answer: it must fit, and must not lean on another one.
    for section in article.sections:
        assert 20 <= len(section.strip()) <= 700


def test_there_are_enough_articles_in_every_category_and_language() -> None:
    count = Counter((article.fields["language"], article.path.parent.name) for article in ARTICLES)
    assert sum(number for (language, _), number in count.items() if language == "en") >= 48
    assert all(count["en", category] >= 6 for category in CATEGORIES)
    for language in OTHERS:
        assert sum(count[language, category] for category in CATEGORIES) >= 12
        assert all(count[language, category] for category in CATEGORIES)


def test_ids_and_addresses_are_unique() -> None:
    ids = [article.fields["id"] for article in ARTICLES] + [pair["id"] for pair in PAIRS]
    urls = [article.fields["url"] for article in ARTICLES] + [pair["url"] for pair in PAIRS]
    assert len(set(ids)) == len(ids)
    assert len(set(urls)) == len(urls)


TRANSLATED = [article for article in ARTICLES if article.fields["language"] != "en"]


@pytest.mark.parametrize("article", TRANSLATED, ids=lambda item: item.fields["id"])
def test_a_translation_says_the_same_as_its_original(article: Article) -> None:
    original = BY_ID[article.fields["translation_of"]]
    assert original.fields["language"] == "en"
    assert original.fields["updated"] == article.fields["updated"]
    # Passages of translations are matched by their place in the article.
    assert len(article.sections) == len(original.sections)
    assert numbers(article.body) == numbers(original.body)


def numbers(text: str) -> Counter[str]:
    """The figures of a text, whatever the habits of its language; times of day as hours."""
    plain = re.sub(r"(\d)[.:]00\b", r"\1", text)
    plain = re.sub(r"(?<=\d)[,. ](?=\d{3}\b)", "", plain)
    plain = re.sub(r"(?<=\d),(?=\d)", ".", plain)
    steps_left_out = re.sub(r"(?m)^\d\. ", "", plain)
    return Counter(re.findall(r"\d+(?:\.\d+)?", steps_left_out))


def test_there_are_question_answer_pairs() -> None:
    assert len([pair for pair in PAIRS if pair["lang"] == "en"]) >= 15
    for pair in PAIRS:
        assert {"id", "question", "answer", "category", "lang", "url"} <= set(pair)
        assert pair["category"] in CATEGORIES and pair["lang"] in LANGUAGES
        assert len(pair["question"]) >= 12 and 40 <= len(pair["answer"]) <= 480


TRANSLATED_PAIRS = [pair for pair in PAIRS if pair["lang"] != "en"]


@pytest.mark.parametrize("pair", TRANSLATED_PAIRS, ids=lambda pair: pair["id"])
def test_a_short_answer_of_another_language_names_no_figure_of_its_own(
    pair: dict[str, Any],
) -> None:
    originals = {row["id"]: row["answer"] for row in PAIRS if row["lang"] == "en"}
    originals |= {name: article.body for name, article in BY_ID.items()}
    assert pair["id"] == f"{pair['translation_of']}-{pair['lang']}"
    assert pair["id"] not in BY_ID
    assert set(numbers(pair["answer"])) <= set(numbers(originals[pair["translation_of"]]))


def test_a_price_is_the_same_wherever_it_is_named() -> None:
    """Prices that several articles name, looked for beside the name of the thing."""
    text = " ".join(article.body for article in ARTICLES if article.fields["language"] == "en")
    for name, price in (
        ("Meadow", "€179"), ("Brook", "€249"), ("Ridge", "€549"), ("Summit", "€899"),
        ("Flint", "€229"), ("Pebble", "€79"),
    ):  # fmt: skip
        named = set(re.findall(rf"{name} \((€\d+)\)", text))
        assert named == {price}


# ---- specialists and examples ----------------------------------------------------------------


def test_the_five_specialists_are_there() -> None:
    assert set(SPECS) == SPECIALISTS


@pytest.mark.parametrize("name", sorted(SPECIALISTS))
def test_a_specialist_has_examples_in_every_language(name: str) -> None:
    spec = SPECS[name]
    assert len(spec.examples["en"]) >= 25
    assert all(len(spec.examples[language]) >= 15 for language in OTHERS)
    assert set(spec.categories) <= CATEGORIES
    assert {"search_knowledge", "offer_human", "escalate", "handoff", "consult"} <= set(spec.tools)


@pytest.mark.parametrize("name", sorted(SPECIALISTS))
def test_a_prompt_is_short_and_belongs_to_no_company(name: str) -> None:
    prompt = SPECS[name].instructions
    assert 150 <= len(re.findall(r"[\w'’-]*\w", prompt)) <= 350
    assert "fernhill" not in prompt.casefold()
    for tool in re.findall(r"`(\w+)`", prompt):
        assert tool in SPECS[name].tools, tool


def test_every_language_has_examples_of_what_is_no_question() -> None:
    count = Counter((item.kind, item.language) for item in EXEMPLARS)
    assert sum(count["out_of_scope", language] for language in LANGUAGES) >= 60
    labels = Counter((item.label, item.language) for item in EXEMPLARS if item.kind == "smalltalk")
    for language in LANGUAGES:
        assert count["out_of_scope", language] >= 12
        assert count["human_wish", language] >= 12
        assert all(labels[label, language] >= 8 for label in ("greeting", "thanks", "goodbye"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_only_sounds_like_a_wish_for_a_person_has_examples(language: str) -> None:
    paths = (CONFIG / "exemplars").glob("human_lookalikes_*.toml")
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in paths]
    assert all(table["kind"] == "intent" for table in tables)
    assert sum(len(table["general"][language]) for table in tables) >= 8


def test_a_sentence_stands_for_one_thing() -> None:
    """The same words under two labels would teach nothing."""
    labels: dict[tuple[str, str], set[str]] = {}
    for path in sorted((CONFIG / "exemplars").glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        kind, owner = table.pop("kind"), table.pop("specialist", "")
        head = kind if kind in {"sentiment", "priority", "escalation"} else "route"
        for label, lists in table.items():
            for text in (text for texts in lists.values() for text in texts):
                labels.setdefault((head, bare(text)), set()).add(f"{kind}/{owner}/{label}")
    for spec in SPECS.values():
        for text in (text for texts in spec.examples.values() for text in texts):
            labels.setdefault(("route", bare(text)), set()).add(f"intent/{spec.name}")
    assert {text: found for text, found in labels.items() if len(found) > 1} == {}


# ---- escalation ------------------------------------------------------------------------------


def test_escalation_names_every_reason_and_speaks_every_language() -> None:
    path = CONFIG / "escalation.toml"
    rules = tomllib.loads(path.read_text(encoding="utf-8"))
    assert read_rules(path).frustration_turns >= 1
    assert set(rules["reasons"]) == REASONS
    assert {reason["verdict"] for reason in rules["reasons"].values()} == {"now", "offer"}
    assert rules["limits"]["refund_above"] == 1000
    assert set(rules["phrases"]) <= REASONS
    for reason, lists in rules["phrases"].items():
        assert set(lists) == set(LANGUAGES), reason
        assert all(lists.values()), reason


# ---- evaluation ------------------------------------------------------------------------------


def test_evaluation_questions_point_to_english_articles() -> None:
    known = {a.fields["id"] for a in ARTICLES if a.fields["language"] == "en"} | english(PAIRS)
    count = Counter((row["lang"], row["id"] is None) for row in KB_QUESTIONS)
    assert {row["id"] for row in KB_QUESTIONS} - {None} <= known
    for language in LANGUAGES:
        assert count[language, False] >= 30
        assert count[language, True] >= 12


def test_routing_messages_cover_every_specialist_in_every_language() -> None:
    count = Counter((row["lang"], row["agent"]) for row in ROUTING)
    for language in LANGUAGES:
        assert sum(count[language, name] for name in SPECIALISTS) >= 25
        assert all(count[language, name] >= 4 for name in SPECIALISTS)
    assert {row["agent"] for row in ROUTING} == SPECIALISTS


def test_nothing_that_is_measured_was_learned() -> None:
    learned = {bare(item.text) for item in EXEMPLARS}
    learned |= {bare(article.fields["title"]) for article in ARTICLES}
    learned |= {bare(pair["question"]) for pair in PAIRS}
    measured = [bare(row["text"]) for row in (*KB_QUESTIONS, *ROUTING)]
    for path in (ROOT / "tests" / "eval" / "data").glob("routing_*.jsonl"):
        lines = path.read_text(encoding="utf-8").splitlines()
        measured += [bare(json.loads(line)["text"]) for line in lines]
    assert [text for text in measured if text in learned] == []
    assert [text for text, number in Counter(measured).items() if number > 1] == []
