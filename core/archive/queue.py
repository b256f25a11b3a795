"""The desk's queue: conversations that people own, as their cases stand, first things first.

Above: `GET /cases`, the console, Slack's command. Below: `database`, `tables`, the fold and the
clocks of `core.escalation`. Lags the log by a moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import RowMapping, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.tables import cases, conversations, entries
from core.escalation.case import Case
from core.escalation.clocks import clocks_of, rank
from core.escalation.rules import EscalationRules
from core.escalation.standing import Standing, standing_of
from core.messages import Author, Entry, format_time

_MOST = 200
# So many conversations of people are looked at; a desk with more of them open is past queues.
_MOST_LOOKED_AT = 1_000
# What was said before people came in tells since when the customer waits.
_BEFORE = 30
_OPENING = frozenset({"take", "assign", "escalate"})
# What a person sees of a conversation in a list.
_SHOWN = (
    "id", "channel", "contact", "owner", "status", "specialist", "language", "sentiment",
    "priority", "summary", "ticket", "entries", "created_at", "updated_at",
)  # fmt: skip
_TOLD = ("holder", "assignee", "snoozed_until", "first_reply_at", "waiting_since", "reason")


def _now() -> datetime:
    return datetime.now(UTC)


class DeskQueue:
    """Reads what waits for people, and what they are at."""

    def __init__(
        self, database: Database, rules: EscalationRules, *, now: Callable[[], datetime] = _now
    ) -> None:
        self._database = database
        self._rules = rules
        self._now = now

    async def list(
        self, *, waiting: bool | None = None, holder: str | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """Open conversations of people: who waits before who does not, then by priority, by what is
        due first and by age; what rests comes last.

        `waiting` keeps those whose customer waits for a person's word (True), or the others;
        `holder` keeps those that a person of this name has. Each has the fields of the
        conversation, `customer` (how they are called in the talk), `case` (None when somebody came
        in unasked), `waiting`, `waiting_since`, `holder`, `assignee`, `snoozed_until`,
        `first_reply_at` and `clocks`.
        """
        async with self._database.read() as connection:
            rows = await _open_ones(connection)
            said = await _entries_of(connection, rows)
        now = self._now()
        standings = [(row, _standing(row, said[row["id"]])) for row in rows]
        kept = [
            (rank(standing, self._rules, now), row, standing)
            for row, standing in standings
            if (waiting is None or waiting == (standing.waiting_since is not None))
            and holder in {None, standing.holder}
        ]
        kept.sort(key=lambda item: (item[0], item[1]["id"]))
        return [
            self._show(row, standing, now) | {"customer": _called(said[row["id"]])}
            for _, row, standing in kept[: min(limit, _MOST)]
        ]

    def _show(self, row: RowMapping, standing: Standing, now: datetime) -> dict[str, Any]:
        shape: dict[str, Any] = {name: row[name] for name in _SHOWN} | {"case": row["case"]}
        shape |= {name: getattr(standing, name) for name in _TOLD}
        shape |= {
            "waiting": standing.waiting_since is not None,
            "priority": standing.priority or row["priority"],
            "clocks": clocks_of(standing, self._rules).public(now),
        }
        return {
            name: format_time(value) if isinstance(value, datetime) else value
            for name, value in shape.items()
        }


async def _open_ones(connection: AsyncConnection) -> Sequence[RowMapping]:
    """The newest of them with the case that brought each to people."""
    own, every = conversations.c, cases.alias()
    newest = (
        select(func.max(every.c.seq))
        .where(every.c.conversation == own.id)
        .correlate(conversations)
        .scalar_subquery()
    )
    opened = and_(cases.c.conversation == own.id, cases.c.seq == newest)
    query = (
        select(
            *(own[name] for name in _SHOWN), cases.c.body.label("case"),
            cases.c.seq.label("case_seq"),
        )
        .select_from(conversations.outerjoin(cases, opened))
        .where(own.owner == "human", own.status == "open")
        .order_by(own.updated_at.desc(), own.id)
        .limit(_MOST_LOOKED_AT)
    )  # fmt: skip
    return (await connection.execute(query)).mappings().all()


async def _entries_of(
    connection: AsyncConnection, rows: Sequence[RowMapping]
) -> dict[str, list[Entry]]:
    """What was said and done in each since people came in, in order."""
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    if not rows:
        return found
    own = entries.c
    alone = [row["id"] for row in rows if row["case_seq"] is None]
    rules = [own.conversation.in_(alone)] if alone else []
    rules += [
        and_(own.conversation == row["id"], own.seq >= row["case_seq"] - _BEFORE)
        for row in rows
        if row["case_seq"] is not None
    ]
    # A database takes so many conditions at once, and no more.
    for first in range(0, len(rules), _MOST):
        query = (
            select(own.conversation, own.at, own.body)
            .where(or_(*rules[first : first + _MOST]))
            .order_by(own.conversation, own.seq)
        )
        for conversation, at, body in (await connection.execute(query)).all():
            found[conversation].append(_entry(at, body))
    return found


def _entry(at: datetime, body: dict[str, Any]) -> Entry:
    """As it was written, which was checked then."""
    author = Author.model_construct(**body["author"])
    fields: Any = {**body, "at": at, "author": author}
    return Entry.model_construct(**fields)


def _standing(row: RowMapping, said: Sequence[Entry]) -> Standing:
    try:
        case = Case.model_validate(row["case"]) if row["case"] else None
    except ValidationError:
        case = None
    return standing_of(said, case, start=_start(said, row["case_seq"]))


def _called(said: Sequence[Entry]) -> str | None:
    """The name under which the customer wrote last."""
    authors = (entry.author for entry in reversed(said) if entry.author.role == "customer")
    return next((author.name for author in authors if author.name.strip()), None)


def _start(said: Sequence[Entry], case_seq: int | None) -> int:
    """Where the case that is open begins: where people came in since the last one was closed."""
    start = 0
    for entry in said:
        if entry.action == "close":
            start = 0
        elif not start and (entry.seq == case_seq or _brings_people(entry)):
            start = entry.seq
    return start or (said[0].seq if said else 0)


def _brings_people(entry: Entry) -> bool:
    if entry.author.role == "customer":
        return False
    spoke = entry.kind == "message" and entry.author.role == "human_agent"
    return spoke or entry.action in _OPENING
