"""Every sentence of the sample articles passes the checks when its own article is the evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.language import LanguageDetector
from core.specialists.checks import AnswerChecks, Evidence
from core.specialists.sentences import split_sentences

KNOWLEDGE = Path(__file__).resolve().parents[4] / "config" / "knowledge"
DETECTOR = LanguageDetector()


def articles(language: str) -> Iterator[str]:
    for file in sorted((KNOWLEDGE / language).rglob("*.md")):
        yield re.sub(r"[*#`]", "", file.read_text(encoding="utf-8").split("---", 2)[2])
    for line in (KNOWLEDGE / language / "faq.jsonl").read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        yield f"{pair['question']}\n{pair['answer']}"


@pytest.mark.parametrize("language", ["en", "cs", "ru", "de", "es"])
def test_the_sentences_of_an_article_pass(language: str) -> None:
    failed: list[tuple[str, str]] = []
    count = 0
    for article in articles(language):
        evidence = Evidence([article], "passage")
        checks = AnswerChecks(evidence, language, DETECTOR, ledger=tuple, wished=lambda: False)
        before = ""
        for sentence in split_sentences(article):
            found = checks.sentence(sentence, before) if sentence.strip() else None
            failed += [(found.check, sentence)] if found else []
            before += sentence
            count += 1
    assert failed == []
    assert count > 100
