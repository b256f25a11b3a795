"""Which tickets a list shows. Above: `book`. Below: `tables`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select

from core.messages import Frozen
from core.text import unmarked
from core.tickets.numbers import is_number, read_number
from core.tickets.persons import of_person
from core.tickets.records import TicketPriority, TicketState
from core.tickets.tables import ticket_conversations, ticket_tags, tickets

Position = tuple[datetime, str]
NOBODY = ""


class TicketFilter(Frozen):
    """All that is named must fit. `contact` is one as a conversation names it, or a person's id. An
    empty `assignee`: those that nobody has. `before` is the last one of the page before."""

    states: tuple[TicketState, ...] = ()
    priority: TicketPriority | None = None
    assignee: str | None = None
    tag: str | None = None
    contact: str | None = None
    conversation: str | None = None
    q: str | None = None
    updated_since: datetime | None = None
    before: Position | None = None

    def rules(self) -> list[ColumnElement[bool]]:
        """As SQL."""
        found: list[ColumnElement[bool]] = []
        if self.states:
            found.append(tickets.c.state.in_(self.states))
        if self.priority is not None:
            found.append(tickets.c.priority == self.priority)
        if self.contact is not None:
            found.append(or_(tickets.c.contact == self.contact, of_person(self.contact)))
        if self.assignee is not None:
            nobody = tickets.c.assignee.is_(None)
            found.append(nobody if self.assignee == NOBODY else tickets.c.assignee == self.assignee)
        if self.tag is not None:
            found.append(_has_tag(self.tag))
        if self.conversation is not None:
            found.append(of_conversation(self.conversation))
        if self.q and self.q.strip():
            found.append(_holds(self.q.strip()))
        if self.updated_since is not None:
            found.append(tickets.c.updated_at >= self.updated_since)
        if self.before is not None:
            found.append(_behind(self.before))
        return found


def of_conversation(conversation: str) -> ColumnElement[bool]:
    """It was opened there, or belongs there too."""
    here = select(ticket_conversations.c.ticket).where(
        ticket_conversations.c.conversation == conversation
    )
    return tickets.c.number.in_(here)


def _has_tag(tag: str) -> ColumnElement[bool]:
    return exists().where(
        ticket_tags.c.ticket == tickets.c.number, ticket_tags.c.tag == tag.strip().casefold()
    )


def _holds(words: str) -> ColumnElement[bool]:
    """Its number, or number, subject or text hold the words, in any case and with or without
    diacritics."""
    if is_number(words):
        return tickets.c.number == read_number(words)
    # As they are for what was written down before texts were kept without diacritics too.
    forms = dict.fromkeys((words.casefold(), unmarked(words)))
    return or_(*(tickets.c.folded.contains(form, autoescape=True) for form in forms))


def _behind(position: Position) -> ColumnElement[bool]:
    """Changed earlier than the last one of the page before."""
    at, number = position
    same = and_(tickets.c.updated_at == at, tickets.c.number < number)
    return or_(tickets.c.updated_at < at, same)
