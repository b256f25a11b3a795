"""How drafts fared, in SQL: measured as their conversations are written, counted when asked.

Above: `follower` (writes), reports, `GET /stats`. Below: `core.learning.measure`, `database`.
A conversation with drafts is measured anew whenever something comes that may settle one; the same
entries give the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.inserting import save_rows
from core.archive.learning_tables import drafts
from core.archive.tables import entries, turns
from core.learning.measure import COUNTED, Measured, Tally, measure_drafts
from core.messages import Entry

_MOST_ENTRIES = 2000
_BATCH = 200


@dataclass(frozen=True, slots=True)
class DraftFigures:
    """How the drafts of one intent, specialist and language fared; `open` wait for a person."""

    intent: str
    specialist: str
    language: str
    tally: Tally
    open: int = 0

    @property
    def key(self) -> str:
        """As autonomy names what is asked for: `billing.refund`."""
        return f"{self.specialist}.{self.intent}"


def may_settle(entry: Entry) -> bool:
    """True if drafts of its conversation may stand otherwise behind this entry."""
    return entry.kind in {"draft", "message"} or entry.action in {
        "discard", "release", "close", "edit", "delete",
    }  # fmt: skip


async def update_drafts(connection: AsyncConnection, conversations: Iterable[str]) -> None:
    """Measure the drafts of these conversations as the archive has them by now."""
    names = sorted(set(conversations))
    for start in range(0, len(names), _BATCH):
        query = (
            select(entries.c.conversation, func.min(entries.c.seq))
            .where(entries.c.conversation.in_(names[start : start + _BATCH]))
            .where(entries.c.kind == "draft")
            .group_by(entries.c.conversation)
        )
        for conversation, first in (await connection.execute(query)).all():
            await save_rows(connection, drafts, await _measure(connection, conversation, first))


async def read_draft_figures(
    database: Database, *, since: datetime | None = None, until: datetime | None = None
) -> list[DraftFigures]:
    """By intent, specialist and language, of drafts made in this time; the most drafts first."""
    own = drafts.c
    query = select(
        own.intent, own.specialist, own.language, own.outcome, func.count().label("n")
    ).group_by(own.intent, own.specialist, own.language, own.outcome)
    if since is not None:
        query = query.where(own.at >= since)
    if until is not None:
        query = query.where(own.at < until)
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    counts: dict[tuple[str, str, str], dict[str, int]] = {}
    for intent, specialist, language, outcome, n in rows:
        place = (intent or "", specialist or "", language or "")
        counts.setdefault(place, {})[outcome] = n
    found = [_figures(place, outcomes) for place, outcomes in counts.items()]
    return sorted(found, key=lambda item: (-item.tally.n, item.key, item.language))


def by_intent(figures: Iterable[DraftFigures]) -> dict[str, Tally]:
    """All languages of an intent together."""
    found: dict[str, Tally] = {}
    for item in figures:
        found[item.key] = found.get(item.key, Tally()).plus(item.tally)
    return found


def _figures(place: tuple[str, str, str], outcomes: dict[str, int]) -> DraftFigures:
    tally = Tally(**{name: outcomes.get(name, 0) for name in COUNTED})
    return DraftFigures(*place, tally, outcomes.get("open", 0))


async def _measure(
    connection: AsyncConnection, conversation: str, first: int
) -> list[dict[str, Any]]:
    """The rows of its drafts, the first of which stands at `first`."""
    query = (
        select(entries.c.body)
        .where(entries.c.conversation == conversation, entries.c.seq >= first)
        .order_by(entries.c.seq)
    )
    bodies = (await connection.execute(query.limit(_MOST_ENTRIES))).scalars().all()
    measured = measure_drafts([Entry.model_validate(body) for body in bodies])
    intents = await _intents(connection, conversation, [item.seq for item in measured])
    return [_row(conversation, item, intents.get(item.seq)) for item in measured]


async def _intents(
    connection: AsyncConnection, conversation: str, seqs: Sequence[int]
) -> dict[int, str | None]:
    """What the customer asked for, by the sequence of the draft whose receipt tells it."""
    query = select(turns.c.seq, turns.c.receipt["triage"]["intent"].as_string()).where(
        turns.c.conversation == conversation, turns.c.seq.in_(seqs)
    )
    rows = (await connection.execute(query)).all()
    return {row[0]: row[1] for row in rows}


def _row(conversation: str, item: Measured, intent: str | None) -> dict[str, Any]:
    fields = item.model_dump(exclude={"draft"})
    return {"conversation": conversation, "id": item.draft, "intent": intent, **fields}
