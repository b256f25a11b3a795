"""How a proposed article stands to the nearest there are: new, the same, or another answer.

Above: `switchboard.learning`. Below: `core.ports.KnowledgeBase`. Never refuses anything: one that
fails leaves the decision to the person, like every other one.
"""

from __future__ import annotations

import asyncio
import re

import structlog

from core.errors import KnowledgeError
from core.learning.measure import similarity
from core.learning.personal import find_personal
from core.learning.reviews import NewReview, Screening
from core.ports import KnowledgeBase, Passage
from core.specialists.checks.figures import find_figures

_log = structlog.get_logger("learning")
_NEAREST = 5
_SECONDS = 10.0
# From here on a passage holds the words of the answer.
_SAME = 0.8
_WORD = re.compile(r"\w+")


async def screen(new: NewReview, knowledge: KnowledgeBase) -> Screening:
    """By the passages that would answer the question today."""
    personal = tuple(find_personal(f"{new.question}\n{new.answer}", new.language or "en"))
    try:
        async with asyncio.timeout(_SECONDS):
            found = await knowledge.search(
                new.question, limit=_NEAREST, language=new.language or None
            )
    except (KnowledgeError, TimeoutError) as error:
        _log.warning("not_screened", error=type(error).__name__)
        return Screening(personal=personal, failed=True)
    if not found.passages:
        return Screening(personal=personal)
    closest = max(found.passages, key=lambda item: likeness(new.answer, item.text))
    alike = likeness(new.answer, closest.text)
    if alike >= _SAME and same_figures(new.answer, closest.text):
        return _compared("duplicate", closest, alike, personal)
    best = found.passages[0]
    if found.verdict == "sure" or alike >= _SAME:
        other = closest if alike >= _SAME else best
        return _compared("replace", other, likeness(new.answer, other.text), personal)
    return _compared("new", best, likeness(new.answer, best.text), personal)


def likeness(answer: str, text: str) -> float:
    """0 to 1: how much of the answer's words the text holds, or how alike they are as a whole."""
    words = _WORD.findall(answer.casefold())
    if not words:
        return 0.0
    held = set(_WORD.findall(text.casefold()))
    share = sum(word in held for word in words) / len(words)
    return round(max(share, similarity(answer, text)), 4)


def same_figures(answer: str, text: str) -> bool:
    """True if every figure of the answer, with its unit, stands in the text."""
    there = [(value, figure.unit) for figure in find_figures(text) for value in figure.values]
    return all(
        any((value, figure.unit) in there for value in figure.values)
        for figure in find_figures(answer)
    )


def _compared(
    verdict: str, passage: Passage, alike: float, personal: tuple[object, ...]
) -> Screening:
    return Screening.model_validate(
        {
            "verdict": verdict, "document": passage.document, "title": passage.title,
            "score": passage.score, "likeness": alike, "personal": personal,
        }
    )  # fmt: skip
