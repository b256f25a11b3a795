"""Rows of people, within a transaction of the caller. Above: `people`, `merging`, `keeper`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from core.conversation import BARE_CLAIM
from core.errors import NotFound
from core.identity.addresses import Reach
from core.identity.records import Contact, Evidence, Identity
from core.identity.tables import contacts, identities
from core.ids import new_contact_id
from core.text import unmarked


async def add_contact(connection: AsyncConnection, fields: Mapping[str, Any]) -> Contact:
    """A new row."""
    now = datetime.now(UTC)
    made = Contact(id=new_contact_id(), created_at=now, updated_at=now, **fields)
    await connection.execute(insert(contacts).values(**made.model_dump(), folded=folded(made)))
    return made


async def read_contact(connection: AsyncConnection, contact: str) -> Contact:
    """Raises `NotFound`."""
    query = select(contacts).where(contacts.c.id == contact)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound("no such contact")
    return show_contact(row)


async def read_identities(connection: AsyncConnection, contact: str) -> list[Identity]:
    """The best proved first."""
    query = select(identities).where(identities.c.contact == contact)
    query = query.order_by(identities.c.level.desc(), identities.c.created_at, identities.c.id)
    return [show_identity(row) for row in (await connection.execute(query)).mappings().all()]


def fresh_identity(
    contact: str, place: Reach, *, level: int, evidence: Evidence, name: str | None = None
) -> dict[str, Any]:
    """A new row of it."""
    now = datetime.now(UTC)
    return {
        "id": f"ci_{secrets.token_urlsafe(12)}",
        "key": place.key if level > BARE_CLAIM else f"?{place.key}",
        "contact": contact, "channel": place.channel, "account": place.account,
        "value": place.value, "name": name or name_in_heads(place), "level": level,
        "evidence": evidence, "proved_at": now if level > BARE_CLAIM else None, "created_at": now,
    }  # fmt: skip


def name_in_heads(place: Reach) -> str:
    """What heads of conversations call who is reached there."""
    prefixed = place.channel in {"telegram", "slack"}
    return f"{place.channel}:{place.value}" if prefixed else place.value


def other_names(name: str) -> Select[Any]:
    """What heads of conversations call the person whom they call `name`, proved on both sides."""
    mine = identities.alias("mine")
    proved = (mine.c.level > BARE_CLAIM, identities.c.level > BARE_CLAIM)
    return (
        select(identities.c.name)
        .join(mine, mine.c.contact == identities.c.contact)
        .where(mine.c.name == name, *proved)
    )


def folded(contact: Contact) -> str:
    """What the search looks into: as it was written, and without diacritics."""
    text = " ".join(part for part in (contact.name, contact.email) if part)
    return f"{text.casefold()} {unmarked(text)}".strip()


def show_contact(row: RowMapping) -> Contact:
    """The value of a row."""
    return Contact.model_validate({name: row[name] for name in Contact.model_fields})


def show_identity(row: RowMapping) -> Identity:
    """The value of a row."""
    return Identity.model_validate({name: row[name] for name in Identity.model_fields})
