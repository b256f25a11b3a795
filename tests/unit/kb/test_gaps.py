"""Unanswered questions become topics: together what is one, apart what is not, nothing lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.ports import Passage, SearchResult
from kb.documents import Vector
from kb.frame import to_unit
from kb.gaps import GapMiner, gather, title_of
from tests.fakes.knowledge import WordEmbedder

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    """One question."""

    text: str
    conversation: str
    language: str = "en"
    reason: str = "cannot_know"
    at: datetime = NOW


def unplaced(vector: Vector, _: str) -> Vector:
    """A frame that changes nothing."""
    return vector


async def nothing(text: str, language: str) -> SearchResult:
    """A knowledge base without articles."""
    return SearchResult(passages=(), verdict="none", sure_cut=0.6, unsure_cut=0.2)


async def something(text: str, language: str) -> SearchResult:
    """A knowledge base that has something near, not sure enough to answer."""
    near = Passage(
        id="d#0", document="d", title="Delivery", language="en", text="t", span="t", score=0.41,
        similarity=0.8,
    )  # fmt: skip
    return SearchResult(passages=(near,), verdict="unsure", sure_cut=0.6, unsure_cut=0.2)


async def test_questions_about_one_matter_are_one_topic_with_the_most_asked_first() -> None:
    asked = [
        Asked("Do you ship to Norway?", "c1"),
        Asked("Hello, do you ship to Norway? I live in Oslo.", "c2", at=NOW + timedelta(days=1)),
        Asked("ship to Norway", "c3"),
        Asked("Can I rent a grinder?", "c4", reason="no_progress"),
    ]
    gaps = await GapMiner(WordEmbedder(), unplaced, nothing).mine(asked)
    assert [(gap.count, gap.kind) for gap in gaps] == [(3, "missing"), (1, "missing")]
    first = gaps[0].public()
    assert "Norway" in first["title"]
    assert sorted(first["conversations"]) == ["c1", "c2", "c3"]
    assert (first["first_at"], first["last_at"]) == (
        "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z",
    )  # fmt: skip
    assert gaps[1].reasons == {"no_progress": 1}


async def test_the_same_words_twice_in_a_conversation_count_once() -> None:
    asked = [Asked("Do you ship to Norway?", "c1")] * 5
    (gap,) = await GapMiner(WordEmbedder(), unplaced, nothing).mine(asked)
    assert gap.count == 1


async def test_an_article_that_is_near_and_does_not_answer_is_named() -> None:
    (gap,) = await GapMiner(WordEmbedder(), unplaced, something).mine([Asked("How long?", "c")])
    assert (gap.kind, gap.nearest) == (
        "failing", {"document": "d", "title": "Delivery", "score": 0.41},
    )  # fmt: skip


async def test_the_title_is_in_the_house_language_if_anybody_asked_in_it() -> None:
    asked = [
        Asked("ship Norway posíláte", "c1", language="cs"),
        Asked("ship Norway posíláte také", "c2", language="cs"),
        Asked("ship Norway now", "c3", language="en"),
    ]
    (gap,) = await GapMiner(WordEmbedder(), unplaced, nothing, language="en").mine(asked)
    assert gap.title == "Ship Norway now"
    assert gap.languages == {"cs": 2, "en": 1}


def test_a_title_is_the_question_without_what_surrounds_it() -> None:
    assert title_of("Dobrý den, koupil jsem mlýnek. Jak ho čistit? Děkuji.") == "Jak ho čistit?"
    assert title_of("hi") == "Hi"
    assert len(title_of("word " * 60)) <= 101


@given(st.integers(1, 60), st.integers(0, 1000))
def test_every_question_is_in_exactly_one_topic(count: int, seed: int) -> None:
    rows = to_unit(np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32))
    assert sorted(at for topic in gather(rows) for at in topic) == list(range(count))
