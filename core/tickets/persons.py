"""Tickets of one person, whatever channel their conversations came by. Above: `filters`, `merging`.
Below: `core.identity.tables`.

For people of the desk only: what a customer or the AI may see is decided by the conversation and
its proved contact (`sql`), not by who people think they are.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.conversation import BARE_CLAIM
from core.identity.tables import conversations_of
from core.tickets.tables import ticket_conversations, tickets


def of_person(person: str) -> ColumnElement[bool]:
    """One of its conversations is theirs."""
    theirs = select(conversations_of.c.conversation).where(conversations_of.c.contact == person)
    return _of_conversations(ticket_conversations.c.conversation.in_(theirs))


def of_same_person(conversation: str) -> ColumnElement[bool]:
    """One of its conversations is, with proof, the person's who has this one with proof."""
    proved = conversations_of.c.level > BARE_CLAIM
    who = select(conversations_of.c.contact).where(
        conversations_of.c.conversation == conversation, proved
    )
    theirs = select(conversations_of.c.conversation).where(
        conversations_of.c.contact.in_(who), proved
    )
    return _of_conversations(ticket_conversations.c.conversation.in_(theirs))


async def are_one_person(connection: AsyncConnection, one: str, other: str) -> bool:
    """True if both conversations are one person's, with proof; or one conversation."""
    if one == other:
        return bool(one)
    query = select(conversations_of.c.contact).where(
        conversations_of.c.conversation.in_((one, other)), conversations_of.c.level > BARE_CLAIM
    )
    found = (await connection.execute(query)).scalars().all()
    return len(found) == 2 and found[0] == found[1]


def _of_conversations(rule: ColumnElement[bool]) -> ColumnElement[bool]:
    return tickets.c.number.in_(select(ticket_conversations.c.ticket).where(rule))
