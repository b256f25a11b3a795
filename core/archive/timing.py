"""How long customers waited, in SQL: for a first reply, for a person, for the end.

Above: `counting`. Below: `figures`, `tables`. Pure. `a` is the time in milliseconds, within 5 %.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, exists, select, text
from sqlalchemy.sql.selectable import FromClause

from core.archive.figures import Figures, count, milliseconds_between, two_figures, within
from core.archive.tables import cases, conversations, entries

_ANSWERERS = ("ai", "human_agent")


def is_last(action: str) -> tuple[ColumnElement[bool], ...]:
    """Of these acts in a conversation the last one. The words are written out because SQLite takes
    a partial index by words, not by parameters."""
    own, later = entries, entries.alias(f"later_{action}")
    again = exists().where(
        later.c.conversation == own.c.conversation,
        later.c.action == action,
        text(f"{later.name}.action IN ('close', 'rate')"),
        later.c.seq > own.c.seq,
    )
    return (own.c.action == action, within(own.c.at), ~again.correlate(own))


def with_conversation() -> FromClause:
    """Entries beside their conversations."""
    return entries.join(conversations, conversations.c.id == entries.c.conversation)


def first_replies(dialect: str) -> Figures:
    """From a customer's first message to the first answer, by the conversation's beginning."""
    own, asked, told = conversations, entries.alias("asked"), entries.alias("told")
    first = _first("q", ("customer",), own.c.id).correlate(own).scalar_subquery()
    joined = own.join(asked, and_(asked.c.conversation == own.c.id, asked.c.seq == first)).join(
        told, and_(told.c.conversation == own.c.id, told.c.seq == first_answer())
    )
    return _took("first_reply", own.c.created_at, dialect, asked.c.at, told.c.at, joined)


def first_answer() -> ScalarSelect[Any]:
    """The place of the first answer to the customer's first message in a conversation, or None."""
    own = conversations
    first = _first("asked_first", ("customer",), own.c.id).correlate(own).scalar_subquery()
    answer = _first("told_first", _ANSWERERS, own.c.id, behind=first)
    return answer.correlate(own).scalar_subquery()


def first_human_replies(dialect: str) -> Figures:
    """From a hand-over to the first word of a person behind it, by the hand-over."""
    own, told = cases, entries.alias("told")
    answer = _first("r", ("human_agent",), own.c.conversation, behind=own.c.seq).correlate(own)
    joined = own.join(
        told,
        and_(told.c.conversation == own.c.conversation, told.c.seq == answer.scalar_subquery()),
    )
    return _took("first_human", own.c.at, dialect, own.c.at, told.c.at, joined)


def resolutions(dialect: str) -> Figures:
    """From the beginning to the last closing, if it was not the house alone that closed it."""
    own = entries.c
    begun = conversations.c.created_at
    rules = (*is_last("close"), conversations.c.status == "closed", own.role != "system")
    return _took("resolution", own.at, dialect, begun, own.at, with_conversation(), *rules)


def _first(name: str, roles: tuple[str, ...], conversation: Any, behind: Any = None) -> Select[Any]:
    """The place of the first message of these authors, behind another place."""
    said = entries.alias(name)
    wanted = [said.c.conversation == conversation, said.c.kind == "message"]
    wanted.append(said.c.role.in_(roles))
    if behind is not None:
        wanted.append(said.c.seq > behind)
    return select(said.c.seq).where(*wanted).order_by(said.c.seq).limit(1)


def _took(
    measure: str, at: Any, dialect: str, since: Any, until: Any, joined: FromClause, *rules: Any
) -> Figures:
    took = milliseconds_between(since, until, dialect).label("took")
    each = select(at.label("at"), took).select_from(joined).where(within(at), *rules).subquery().c
    never_below = case((each.took < 0, 0), else_=each.took)
    own = select(each.at, never_below.label("took")).subquery().c
    return count(measure, own.at, dialect, two_figures(own.took), milliseconds=own.took)
