"""Looks at what was put forward, so that a person can decide.

Above: the role worker (service), `switchboard.learning` (at once, for what comes over HTTP).
Below: `screening`, `core.archive.knowledge_reviews`.
"""

from __future__ import annotations

import asyncio

import structlog

from core.archive.knowledge_reviews import KnowledgeReviews
from core.language import LanguageDetector
from core.learning.reviews import Review
from core.learning.screening import screen
from core.ports import KnowledgeBase
from core.runtime import keep_looking

_log = structlog.get_logger("learning")
_LOOK_SECONDS = 3.0
_AT_ONCE = 20


class Screener:
    """Service: any number may run; a screening that is made twice says the same."""

    name = "screener"

    def __init__(
        self, reviews: KnowledgeReviews, knowledge: KnowledgeBase, detector: LanguageDetector, *,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:  # fmt: skip
        self._reviews = reviews
        self._knowledge = knowledge
        self._detector = detector
        self._look_seconds = look_seconds

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        await keep_looking(
            stop, self._look_seconds, self._look_at_all,
            lambda error: _log.warning("proposals_not_screened", error=error),
        )  # fmt: skip

    async def _look_at_all(self) -> None:
        for review in await self._reviews.list(status="unscreened", limit=_AT_ONCE):
            await self.look(review)

    async def look(self, review: Review) -> Review:
        """The proposal with its screening; one that was decided meanwhile stays as it is."""
        if review.status != "unscreened":
            return review
        text = f"{review.question}\n{review.answer}"
        language = review.language or self._detector.choose(text)
        known = review.model_copy(update={"language": language})
        screening = await screen(known, self._knowledge)
        twin = await self._reviews.twin_of(review)
        if twin is not None:
            screening = screening.model_copy(update={"verdict": "duplicate", "review": twin})
        await self._reviews.save_screening(review, screening, language)
        _log.info("proposal_screened", review=review.id, verdict=screening.verdict)
        return await self._reviews.find(review.id)
