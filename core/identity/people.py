"""Contacts and their identities in SQL: `core.identity.ports.People`.

Above: REST, privacy, `keeper`. Below: `rows` (one transaction), `tables`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database, Queue
from core.archive.guarded import GuardedDatabase
from core.errors import Conflict, NotFound
from core.identity.addresses import Reach
from core.identity.records import Contact, Everything, Evidence, Identity
from core.identity.rows import (
    add_contact,
    folded,
    fresh_identity,
    other_names,
    read_contact,
    read_identities,
    show_contact,
)
from core.identity.tables import contacts, conversations_of, identities, merges, waiting
from core.ids import ContactId
from core.text import unmarked

_MOST = 200


class SqlPeople:
    """Every step is one transaction."""

    def __init__(self, database: Database) -> None:
        self._tables = GuardedDatabase(database, "contacts", clashes=True)

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Raises `ArchiveUnavailable`."""
        return self._tables.read()

    def writing(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One at a time: who is merged while somebody reads them would be written to no more.
        Raises `ArchiveUnavailable`, and `IntegrityError` for what another wrote first."""
        return self._tables.write(Queue.CONTACTS)

    async def create(self, fields: Mapping[str, Any]) -> Contact:
        """See `People`."""
        async with self.writing() as connection:
            return await add_contact(connection, fields)

    async def get(self, contact: str) -> Contact:
        """See `People`."""
        async with self.reading() as connection:
            return await read_contact(connection, contact)

    async def browse(
        self, *, q: str | None = None, before: tuple[datetime, str] | None = None, limit: int = 50
    ) -> Sequence[Contact]:
        """See `People`."""
        query = select(contacts).where(contacts.c.merged_into.is_(None))
        if q:
            words = q.strip().casefold()
            theirs = exists().where(
                identities.c.contact == contacts.c.id,
                identities.c.value.contains(words, autoescape=True),
            )
            # As they are for who was noted before names were kept without diacritics too.
            forms = dict.fromkeys((words, unmarked(words)))
            named = [contacts.c.folded.contains(form, autoescape=True) for form in forms]
            query = query.where(or_(*named, theirs))
        if before is not None:
            at, name = before
            older = and_(contacts.c.updated_at == at, contacts.c.id < name)
            query = query.where(or_(contacts.c.updated_at < at, older))
        query = query.order_by(contacts.c.updated_at.desc(), contacts.c.id.desc())
        async with self.reading() as connection:
            rows = (await connection.execute(query.limit(min(limit, _MOST)))).mappings().all()
        return [show_contact(row) for row in rows]

    async def change(self, contact: str, fields: Mapping[str, Any]) -> Contact:
        """See `People`."""
        async with self.writing() as connection:
            before = await read_contact(connection, contact)
            after = before.model_copy(update={**fields, "updated_at": datetime.now(UTC)})
            values = {**fields, "updated_at": after.updated_at, "folded": folded(after)}
            await connection.execute(
                update(contacts).where(contacts.c.id == contact).values(**values)
            )
        return after

    async def identities(self, contact: str) -> Sequence[Identity]:
        """See `People`."""
        async with self.reading() as connection:
            await read_contact(connection, contact)
            return await read_identities(connection, contact)

    async def add_identity(
        self, contact: str, place: Reach, *, level: int, evidence: Evidence
    ) -> Identity:
        """See `People`. The same once more is no fault."""
        row = fresh_identity(contact, place, level=level, evidence=evidence)
        try:
            async with self.writing() as connection:
                await read_contact(connection, contact)
                there = select(identities.c.contact).where(identities.c.key == row["key"])
                owner = (await connection.execute(there)).scalar_one_or_none()
                if owner is None:
                    await connection.execute(insert(identities).values(**row))
                elif owner != contact:
                    raise Conflict("this is another contact's: merge them", code="not_yours")
                known = await read_identities(connection, contact)
        except IntegrityError as error:  # another did so in the same moment
            raise Conflict("this is another contact's: merge them", code="not_yours") from error
        same = (place.channel, place.value)
        return next(one for one in known if (one.channel, one.value) == same)

    async def remove_identity(self, contact: str, identity: str) -> None:
        """See `People`."""
        rule = and_(identities.c.contact == contact, identities.c.id == identity)
        async with self.writing() as connection:
            await read_contact(connection, contact)
            done = await connection.execute(delete(identities).where(rule))
        if not done.rowcount:
            raise NotFound("no such identity")

    async def contact_of(self, conversation: str) -> str | None:
        """See `People`."""
        rule = conversations_of.c.conversation == conversation
        async with self.reading() as connection:
            found = await connection.execute(select(conversations_of.c.contact).where(rule))
        return found.scalar_one_or_none()

    async def names_of(self, name: str) -> Sequence[str]:
        """See `People`."""
        async with self.reading() as connection:
            found = (await connection.execute(other_names(name))).scalars().all()
        return sorted({name, *found})

    async def everything(self, contact: str) -> Everything:
        """See `People`."""
        async with self.reading() as connection:
            person = await read_contact(connection, contact)
            names = await _with_merged(connection, contact)
            known = [one for name in names for one in await read_identities(connection, name)]
            found = await connection.execute(
                select(conversations_of.c.conversation)
                .where(conversations_of.c.contact.in_(names))
                .order_by(conversations_of.c.at)
            )
            return Everything(
                contact=person, identities=tuple(known),
                conversations=tuple(found.scalars().all()),
                addresses=tuple(sorted({one.value for one in known})),
                merged=tuple(name for name in names if name != contact),
            )  # fmt: skip

    async def forget(self, contact: str) -> int:
        """See `People`."""
        async with self.writing() as connection:
            names = await _with_merged(connection, contact)
            theirs = select(conversations_of.c.conversation).where(
                conversations_of.c.contact.in_(names)
            )
            done = 0
            for statement in (
                delete(waiting).where(waiting.c.conversation.in_(theirs)),
                delete(identities).where(identities.c.contact.in_(names)),
                delete(conversations_of).where(conversations_of.c.contact.in_(names)),
                delete(merges).where(or_(merges.c.kept.in_(names), merges.c.gone.in_(names))),
                delete(contacts).where(contacts.c.id.in_(names)),
            ):
                done += (await connection.execute(statement)).rowcount
        return done


async def _with_merged(connection: AsyncConnection, contact: str) -> list[ContactId]:
    """The contact and all that became it."""
    names, fresh = [ContactId(contact)], [contact]
    while fresh:
        query = select(contacts.c.id).where(contacts.c.merged_into.in_(fresh))
        fresh = [
            one for one in (await connection.execute(query)).scalars().all() if one not in names
        ]
        names += [ContactId(one) for one in fresh]
    return names
