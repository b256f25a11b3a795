"""The questions behind `GET /stats`, in SQL that SQLite and PostgreSQL both answer from an index.

Above: `rollup` (asks), `rolling` (keeps the answers). Below: `timing`, `figures`, `tables`. Pure:
one statement counts a stretch of time. Every figure belongs to one hour and to no other, so that
hours add up: what was closed or rated twice counts where that last happened.

measure    a              b
messages   author's role
acts       act            author's role
begun      channel        language         conversations, by their beginning
standing   status/owner   handed, or none  the same, as they stand now
closings   said, house    people, ai       closed conversations, by their last closing
ratings    value                           conversations, by their last rating
turns      specialist     outcome
pace       specialist     milliseconds, within 5 %
clock      specialist     hour of the day
intents    intent         outcome
faults     what it was                     turns that failed, or did without the model
cases      reason
first_reply, first_human, resolution: see `timing`
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Executable, case, exists, func, select, union_all

from core.archive.figures import Figures, count, hour_of, two_figures, whole, within
from core.archive.tables import cases, conversations, entries, turns
from core.archive.timing import (
    first_human_replies,
    first_replies,
    is_last,
    resolutions,
    with_conversation,
)

_ACTS = (
    "take", "release", "escalate", "close", "assign", "snooze", "prioritise", "discard", "save",
    "rate", "approve", "reject",
)  # fmt: skip


@cache
def figures(dialect: str) -> Executable:
    """Everything from `since` and before `until`, both parameters: hour, measure, a, b, n,
    milliseconds, tokens, micros."""
    parts = (
        _messages, _acts, _begun, _standing, _closings, _ratings, _turns, _pace, _clock, _intents,
        _faults, _cases, first_replies, first_human_replies, resolutions,
    )  # fmt: skip
    # Each in its own brackets: SQLite takes no ORDER BY or LIMIT in a bare part of a union.
    return union_all(*(select(part(dialect).subquery()) for part in parts))


def _messages(dialect: str) -> Figures:
    own = entries.c
    return count("messages", own.at, dialect, own.role).where(within(own.at), own.kind == "message")


def _acts(dialect: str) -> Figures:
    own = entries.c
    return count("acts", own.at, dialect, own.action, own.role).where(
        own.action.in_(_ACTS), within(own.at)
    )


def _begun(dialect: str) -> Figures:
    own = conversations.c
    return count("begun", own.created_at, dialect, own.channel, own.language).where(
        within(own.created_at)
    )


def _standing(dialect: str) -> Figures:
    own = conversations.c
    handed = case((exists().where(cases.c.conversation == own.id), "handed"), else_="")
    return count("standing", own.created_at, dialect, own.status + "/" + own.owner, handed).where(
        within(own.created_at)
    )


def _closings(dialect: str) -> Figures:
    own = entries.c
    said = case((own.role == "system", "house"), else_="said")
    with_people = exists().where(cases.c.conversation == own.conversation)
    whose = case((with_people, "people"), else_="ai")
    counted = count("closings", own.at, dialect, said, whose).select_from(with_conversation())
    return counted.where(*is_last("close"), conversations.c.status == "closed")


def _ratings(dialect: str) -> Figures:
    own = entries.c
    return count("ratings", own.at, dialect, own.value).where(*is_last("rate"))


def _sums() -> dict[str, Any]:
    own = turns.c
    return {
        "milliseconds": whole(own.milliseconds),
        "tokens": own.tokens,
        "micros": whole(own.cost * 1_000_000),
    }


def _turns(dialect: str) -> Figures:
    own = turns.c
    return count("turns", own.at, dialect, own.specialist, own.outcome, **_sums()).where(
        within(own.at)
    )


def _answered() -> tuple[Any, ...]:
    """Turns of somebody known that were not drafts for people."""
    own = turns.c
    return (within(own.at), own.specialist.is_not(None), func.coalesce(own.outcome, "") != "draft")


def _pace(dialect: str) -> Figures:
    own = turns.c
    took = whole(func.coalesce(own.milliseconds, 0)).label("took")
    each = select(own.at, own.specialist, took).where(*_answered()).subquery().c
    return count("pace", each.at, dialect, each.specialist, two_figures(each.took))


def _clock(dialect: str) -> Figures:
    own = turns.c
    hour = func.substr(hour_of(own.at, dialect), 12, 2)
    return count("clock", own.at, dialect, own.specialist, hour, **_sums()).where(*_answered())


def _intents(dialect: str) -> Figures:
    own = turns.c
    return count("intents", own.at, dialect, own.intent, own.outcome, **_sums()).where(
        within(own.at), own.intent.is_not(None)
    )


def _faults(dialect: str) -> Figures:
    own = turns.c
    return count("faults", own.at, dialect, own.fault).where(within(own.at), own.fault.is_not(None))


def _cases(dialect: str) -> Figures:
    own = cases.c
    return count("cases", own.at, dialect, own.reason).where(within(own.at))
