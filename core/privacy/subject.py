"""What belongs to a person: ids of contacts, conversations, tickets, customers, files, names.

Above: `erasure`, `export`. Below: the tables by the data map, `core.bus.graves`. A bare claim
("I am anna@example.org") makes nobody's data one's own: only proved identities count. Who is asked
for by a bare name is whoever claims it and proved nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import JSON, ColumnClause, Select, and_, column, or_, select, table
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from core.archive.database import Database
from core.archive.tables import entries
from core.bus.graves import Graves
from core.messages import Frozen
from core.privacy.datamap import TABLES
from core.privacy.places import Place

AT_ONCE = 400


class Subject(Frozen):
    """A person as ids. `needles` are names, addresses and numbers of theirs, to look for; `spared`
    are conversations that name them and are known to be somebody else's."""

    contact: str
    contacts: tuple[str, ...] = ()
    conversations: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    needles: tuple[str, ...] = Field(default=())


class People:
    """The tables of contacts and identities, as far as an erasure needs them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known_as(self, contact: str) -> tuple[set[str], set[str]]:
        """(ids and proved keys of this person, their names and addresses)."""
        names, needles = {contact}, set[str]()
        async with self._database.read() as connection:
            if not await _has(connection, self._database, "contacts"):
                return names, _needles([contact])
            await _follow_merges(connection, names)
            rows = await _rows(connection, "contacts", "id", names, "id", "name", "email")
            for row in rows:
                needles |= {row["name"] or "", row["email"] or ""}
            wanted = ("key", "channel", "value", "name", "level")
            rows = await _rows(connection, "contact_identities", "contact", set(names), *wanted)
            for row in rows:
                needles |= {row["name"] or ""}
                if (row["level"] or 0) >= 1:
                    names |= {row["key"], f"{row['channel']}:{row['value']}"}
                    names |= {row["value"]} if row["channel"] == "email" else set()
                    needles |= {row["value"] or ""}
        return names, _needles([*needles, contact])

    async def claimants(self, name: str, conversations: Collection[str]) -> set[str]:
        """Contacts that these conversations made of a claim to this name; none of who proved who
        they are, and none if the name is the id of a contact."""
        async with self._database.read() as connection:
            if not await _has(connection, self._database, "contact_conversations"):
                return set()
            if await _values(connection, "contacts", "id", "id", {name}):
                return set()
            found = await _values(
                connection, "contact_conversations", "contact", "conversation", conversations
            )
            wanted = ("contact", "level")
            rows = await _rows(connection, "contact_identities", "contact", found, *wanted)
        return found - {row["contact"] for row in rows if row["level"]}

    async def of_others(self, conversations: Collection[str], names: Collection[str]) -> set[str]:
        """Those among the conversations that are known to be somebody else's."""
        async with self._database.read() as connection:
            if not await _has(connection, self._database, "contact_conversations"):
                return set()
            rows = await _rows(
                connection, "contact_conversations", "conversation", conversations,
                "conversation", "contact",
            )  # fmt: skip
        return {row["conversation"] for row in rows if row["contact"] not in names}


async def find_subject(
    database: Database, graves: Graves, contact: str, *, people: People | None = None
) -> Subject:
    """Everything that is this person's now."""
    known = people or People(database)
    contacts, needles = await known.known_as(contact)
    talks = await _talks_of(database, graves, contacts)
    for claimant in await known.claimants(contact, talks):
        names, words = await known.known_as(claimant)
        contacts, needles = contacts | names, needles | words
        talks |= await _talks_of(database, graves, names)
    spared = await known.of_others(talks, contacts)
    talks -= spared
    async with database.read() as connection:
        wanted = ("number", "conversation")
        rows = await _rows(connection, "tickets", "contact", contacts, *wanted)
        tickets = {row["number"] for row in rows if row["conversation"] not in spared}
        tickets |= await _values(connection, "tickets", "number", "conversation", talks)
        customers = await _values(connection, "customer_contacts", "customer", "contact", contacts)
        rows = await _rows(connection, "customers", "id", customers, "name", "email", "phone")
        needles |= _needles([value for row in rows for value in row.values() if value])
    return Subject(
        contact=contact, contacts=tuple(sorted(contacts)), conversations=tuple(sorted(talks)),
        tickets=tuple(sorted(tickets)), customers=tuple(sorted(customers)),
        spared=tuple(sorted(spared)), needles=tuple(sorted(needles)),
    )  # fmt: skip


async def _talks_of(database: Database, graves: Graves, names: set[str]) -> set[str]:
    """Conversations that name one of these, in the store or in a table."""
    talks = set(await graves.conversations_of(names))
    async with database.read() as connection:
        for place in _linked("conversation", "contact"):
            if place.medium == "sql" and await _has(connection, database, place.name):
                key = place.by_conversation
                rows = await _rows(connection, place.name, place.by_contact, names, key)
                talks |= {row[key] for row in rows if row[key]}
    return talks


def linked_rows(place: Place, subject: Subject) -> list[ColumnElement[bool]]:
    """Conditions for the rows of a table that are the person's; any of them makes a row theirs."""
    rules: list[ColumnElement[bool]] = []
    spare = _spare(place, subject)
    for link, names in (
        (place.by_conversation, subject.conversations),
        (place.by_contact, subject.contacts),
        (place.by_ticket, subject.tickets),
        (place.by_customer, subject.customers),
    ):
        rules += [
            and_(link_of(name).in_(names[start : start + AT_ONCE]), *spare)
            for name in link.split()
            for start in range(0, len(names), AT_ONCE)
        ]
    return rules


def _spare(place: Place, subject: Subject) -> list[ColumnElement[bool]]:
    """Conditions that keep rows of conversations that are somebody else's."""
    links = [link_of(name) for name in place.by_conversation.split()]
    return [
        or_(link.is_(None), link.not_in(subject.spared[start : start + AT_ONCE]))
        for link in links
        for start in range(0, len(subject.spared), AT_ONCE)
    ]


def link_of(name: str) -> ColumnElement[Any]:
    """A column, or a place within the JSON of one (`payload.data.conversation`)."""
    first, *path = name.split(".")
    if not path:
        return column(first)
    return column(first, JSON)[tuple(path)].as_string()


async def files_in(connection: AsyncConnection, conversations: Sequence[str]) -> set[str]:
    """Ids of the files that entries of these conversations carry."""
    found: set[str] = set()
    async for body in bodies_of(connection, conversations):
        for file in body.get("attachments") or ():
            if file.get("id"):
                found.add(file["id"])
    return found


async def bodies_of(
    connection: AsyncConnection, conversations: Sequence[str]
) -> AsyncIterator[dict[str, Any]]:
    """The entries of these conversations as they are archived, a bounded number at a time."""
    for name in conversations:
        last = 0
        while True:
            query = (
                select(entries.c.seq, entries.c.body)
                .where(entries.c.conversation == name, entries.c.seq > last)
                .order_by(entries.c.seq)
                .limit(AT_ONCE)
            )
            rows = (await connection.execute(query)).all()
            for seq, body in rows:
                last = seq
                yield body
            if len(rows) < AT_ONCE:
                break


def _linked(*links: str) -> list[Place]:
    wanted = {"conversation": "by_conversation", "contact": "by_contact"}
    return [
        place for place in TABLES
        if all(getattr(place, wanted[link]) for link in links) and "." not in place.by_conversation
    ]  # fmt: skip


async def _follow_merges(connection: AsyncConnection, names: set[str]) -> None:
    """Contacts that were merged into one of these are the same person."""
    fresh = set(names)
    while fresh:
        found = await _values(connection, "contacts", "id", "merged_into", fresh)
        fresh = found - names
        names |= fresh


async def _has(connection: AsyncConnection, database: Database, name: str) -> bool:
    return await connection.run_sync(
        lambda sync: sync.dialect.has_table(sync, name)  # pyright: ignore[reportUnknownLambdaType]
    )


async def _values(
    connection: AsyncConnection, name: str, wanted: str, link: str, values: Collection[str]
) -> set[str]:
    rows = await _rows(connection, name, link, values, wanted)
    return {row[wanted] for row in rows if row[wanted]}


async def _rows(
    connection: AsyncConnection, name: str, link: str, values: Collection[str], *wanted: str
) -> list[dict[str, Any]]:
    asked, found = sorted(values), list[dict[str, Any]]()
    columns: list[ColumnClause[Any]] = [column(item) for item in {link, *wanted}]
    place = table(name, *columns)
    for start in range(0, len(asked), AT_ONCE):
        query: Select[Any] = select(*(place.c[item] for item in wanted)).where(
            place.c[link].in_(asked[start : start + AT_ONCE])
        )
        found += [dict(row) for row in (await connection.execute(query)).mappings().all()]
    return found


def _needles(values: Collection[str]) -> set[str]:
    """Words worth looking for: not so short that they are everybody's."""
    bare = {value.partition(":")[2] or value for value in values if value}
    return {value.strip() for value in {*bare, *values} if value and len(value.strip()) >= 4}
