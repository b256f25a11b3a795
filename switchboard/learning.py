"""What is learned from people, for the doors: proposals for the knowledge base, how drafts fare.

Above: `doors`, commands. Below: `core.learning`, `core.archive`, the knowledge base.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from config.settings import Settings
from core.archive.autonomy import SqlAutonomy
from core.archive.database import Database
from core.archive.drafts import by_intent, read_draft_figures
from core.archive.knowledge_reviews import KnowledgeReviews
from core.archive.reports import SqlReports
from core.conversation import Head
from core.errors import InputError, NotFound
from core.ids import ConversationId, is_conversation_id
from core.language import LanguageDetector
from core.learning.autonomy import (
    Change,
    Mode,
    check_intent,
    last_applied,
    mode_of,
    read_autonomy,
)
from core.learning.measure import Tally
from core.learning.report import (
    last_whole_week,
    span_of_week,
)
from core.learning.reviews import Acceptance, NewReview, Review, accept, make_review, review_of
from core.learning.screener import Screener
from core.messages import Entry, format_time
from core.ports import Log
from core.runtime import Service
from kb.documents import Draft
from switchboard.reporting import make_report, report_services
from switchboard.wiring import need

if TYPE_CHECKING:
    from kb.open import Knowledge
    from switchboard.wiring import Parts

_LONGEST_TITLE = 120
_MOST_ENTRIES = 2000


def open_autonomy(settings: Settings, database: Database) -> SqlAutonomy:
    """Who may answer what. Raises `ConfigError` for a file that makes no sense."""
    return SqlAutonomy(database, read_autonomy(settings.config_dir / "autonomy.toml"))


class LearningDesk:
    """`channels.rest.learning_ports.LearningDesk` over the archive; with knowledge, the report
    names gaps by topic."""

    def __init__(
        self, database: Database, autonomy: SqlAutonomy, knowledge: Knowledge | None = None
    ) -> None:
        self._database = database
        self._autonomy = autonomy
        self._reports = SqlReports(database)
        self._make = partial(make_report, database, autonomy, knowledge)

    async def draft_measures(self, *, days: int) -> dict[str, Any]:
        """See the port."""
        since = datetime.now(UTC) - timedelta(days=days)
        figures = await read_draft_figures(self._database, since=since)
        applied = last_applied(await self._autonomy.changes())
        total, intents = Tally(), dict[str, dict[str, Any]]()
        for intent, tally in by_intent(figures).items():
            mine = [item for item in figures if item.key == intent and item.tally.n + item.open]
            if not mine:
                continue
            total = total.plus(tally)
            intents[intent] = {
                "intent": intent,
                "mode": mode_of(intent, self._autonomy.rules, applied),
                "open": sum(item.open for item in mine),
                "total": tally.show(),
                "by_language": {item.language: item.tally.show() for item in mine},
            }
        ordered = sorted(intents.values(), key=lambda item: -item["total"]["n"])
        return {"days": days, "total": total.show(), "intents": ordered}

    async def autonomy(self, *, limit: int) -> dict[str, Any]:
        """See the port."""
        changes, rules = await self._autonomy.changes(), self._autonomy.rules
        applied = last_applied(changes)
        modes = {name: mode_of(name, rules, applied) for name in sorted({*rules.intents, *applied})}
        return {
            "default": rules.default,
            "modes": {name: mode for name, mode in modes.items() if mode != rules.default},
            "changes": [show_change(change) for change in reversed(changes[-limit:])],
        }

    async def set_mode(self, intent: str, mode: Mode, *, why: str, by: str) -> dict[str, Any]:
        """See the port."""
        return show_change(await self._autonomy.set(check_intent(intent), mode, by=by, why=why))

    async def decide_change(
        self, identifier: str, status: Literal["applied", "dismissed"], *, by: str
    ) -> dict[str, Any]:
        """See the port."""
        return show_change(await self._autonomy.decide(identifier, status, by=by))

    async def weekly_report(self, week: str | None) -> dict[str, Any]:
        """See the port. A week that is not over is told of as far as it is."""
        name = week or last_whole_week(datetime.now(UTC))
        span_of_week(name)
        kept = await self._reports.find(name)
        return (kept or await self._make(name)).show()


def show_change(change: Change) -> dict[str, Any]:
    """As REST and commands show it."""
    decided = format_time(change.decided_at) if change.decided_at else None
    return {**change.model_dump(), "at": format_time(change.at), "decided_at": decided}


def learning_services(parts: Parts) -> list[Service]:
    """Of the role worker: it has the knowledge that proposals and gaps are compared with."""
    settings, knowledge = parts.settings, need(parts.knowledge)
    reviews = KnowledgeReviews(parts.database)
    detector = parts.engine.detector if parts.engine else LanguageDetector()
    services: list[Service] = [Screener(reviews, knowledge.searcher, detector)]
    autonomy = open_autonomy(settings, parts.database)
    return [*services, *report_services(settings, parts.database, autonomy, knowledge)]


async def put_forward(
    database: Database, log: Log, head: Head, *, question: str, answer: str,
    category: str | None, language: str, by: str,
) -> str:  # fmt: skip
    """An article that a person wrote out of a conversation; the entry id of the answer it came
    from, for the act `save`. Raises `InputError`."""
    said = await log.entries(head.id, limit=_MOST_ENTRIES)
    names = {item.author.name for item in said if item.author.role == "customer"}
    answers = [
        item.id for item in said if item.kind == "message" and item.author.role == "human_agent"
    ]
    if not answers:
        raise InputError("nobody has answered here yet", code="no_answer")
    new = make_review(
        question=question, answer=answer, language=language, category=category,
        conversation=head.id, entry=answers[-1], names=tuple(names),
    )  # fmt: skip
    await KnowledgeReviews(database).propose(new, by=by)
    return answers[-1]


class KnowledgeDraftDoor:
    """`channels.rest.learning.KnowledgeDrafts` over the reviews and the knowledge base."""

    def __init__(
        self, reviews: KnowledgeReviews, knowledge: Knowledge, detector: LanguageDetector, log: Log
    ) -> None:
        self._reviews = reviews
        self._knowledge = knowledge
        self._log = log
        self._screener = Screener(reviews, knowledge.searcher, detector)

    async def propose(self, fields: dict[str, Any], *, by: str) -> dict[str, Any]:
        """See the port."""
        new = await self._read(fields)
        made = await self._reviews.propose(new, by=by)
        return show_review(await self._screener.look(made))

    async def list(self, *, status: str | None, limit: int) -> list[dict[str, Any]]:
        """See the port."""
        return [show_review(item) for item in await self._reviews.list(status=status, limit=limit)]

    async def accept(self, identifier: str, fields: dict[str, Any], *, by: str) -> dict[str, Any]:
        """See the port."""
        how = Acceptance.model_validate(fields)
        return show_review(
            await accept_review(self._reviews, self._knowledge, identifier, how, by=by)
        )

    async def reject(self, identifier: str, *, by: str) -> dict[str, Any]:
        """See the port."""
        return show_review(await self._reviews.reject(identifier, by=by))

    async def _read(self, fields: dict[str, Any]) -> NewReview:
        conversation, entry = fields.get("conversation"), fields.get("entry")
        said: list[Entry] = []
        if conversation is not None:
            if not is_conversation_id(conversation):
                raise NotFound("no such conversation")
            said = await self._log.entries(ConversationId(conversation), limit=_MOST_ENTRIES)
        category = fields.get("category")
        if entry is not None and not fields.get("question") and not fields.get("answer"):
            if conversation is None:
                raise InputError("entry: belongs to a conversation, which is missing")
            return review_of(said, entry, conversation=conversation, category=category)
        names = {item.author.name for item in said if item.author.role == "customer"}
        return make_review(
            question=fields.get("question") or "", answer=fields.get("answer") or "",
            language=fields.get("language") or "", category=category, conversation=conversation,
            entry=entry, names=tuple(names),
        )  # fmt: skip


async def accept_review(
    reviews: KnowledgeReviews, knowledge: Knowledge, identifier: str, how: Acceptance, *, by: str
) -> Review:
    """Write the article, then say so; each step may be repeated. What it replaces goes last."""
    review = await reviews.find(identifier)
    if review.status == "rejected":
        return await reviews.accept(review, "", by=by)  # says that it was
    final = accept(review, how)
    await _check_replaced(knowledge, how.replaces)
    draft = Draft(
        id=f"review-{review.id}", source=f"review:{review.id}",
        title=_title(final.question), text=final.answer, question=final.question,
        category=final.category, language=final.language or "en",
    )  # fmt: skip
    await knowledge.ingest_drafts([draft])
    done = await reviews.accept(final, draft.id, by=by)
    if how.replaces is not None and how.replaces != draft.id:
        await knowledge.remove(how.replaces)
    return done


def show_review(review: Review) -> dict[str, Any]:
    """As REST and commands show it; what is personal is named by its kind, not shown twice."""
    screening = review.screening
    shown = screening.model_dump(exclude={"personal"})
    shown["personal"] = sorted({item.kind for item in screening.personal})
    return {
        **review.model_dump(exclude={"source", "screening", "proposed_at", "reviewed_at"}),
        "screening": shown,
        "proposed_at": format_time(review.proposed_at),
        "reviewed_at": format_time(review.reviewed_at) if review.reviewed_at else None,
    }


async def _check_replaced(knowledge: Knowledge, document: str | None) -> None:
    if document is not None:
        await knowledge.text(document)  # raises `NotFound`


def _title(question: str) -> str:
    line = question.splitlines()[0]
    return line if len(line) <= _LONGEST_TITLE else f"{line[: _LONGEST_TITLE - 1].rstrip()}…"
