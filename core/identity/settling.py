"""Whose a conversation is, by what it shows: written to SQL within one transaction.

Above: `keeper`. Below: `claims`, `rows`, `merging`. The best proof that belongs to somebody
decides; what is proved beside it becomes theirs too, unless it is another's. Then nothing moves:
where both sides are proved by level 2 or more, a merge is proposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.inserting import save_rows
from core.conversation import SIGNED_BY_PAGE
from core.identity.claims import Shown
from core.identity.merging import propose
from core.identity.records import Identity
from core.identity.rows import add_contact, fresh_identity, show_identity
from core.identity.tables import contacts, conversations_of, identities


async def settle(
    connection: AsyncConnection, conversation: str, shown: Sequence[Shown],
    profile: dict[str, Any],
) -> str | None:  # fmt: skip
    """The contact's id; None: nobody is known. Doing it again changes nothing."""
    before = await _settled(connection, conversation)
    if not shown:
        return before[0] if before else None
    if before is not None and before[1] > shown[0].level:
        return before[0]  # a word by somebody who proves less does not make it theirs
    known = [(one, await _owner(connection, one)) for one in shown]
    contact = None
    for one, owner in known:
        if owner and (one is shown[0] or not await _is_another(connection, shown[0], owner)):
            contact = owner.contact
            break
    if contact is None:
        contact = (await add_contact(connection, profile)).id
    for one, owner in known:
        await _attach(connection, contact, one, owner, conversation)
    now = datetime.now(UTC)
    row = {
        "conversation": conversation, "contact": contact, "level": shown[0].level, "at": now,
    }  # fmt: skip
    await save_rows(connection, conversations_of, [row])
    await connection.execute(
        update(contacts).where(contacts.c.id == contact).values(updated_at=now)
    )
    return contact


async def _attach(
    connection: AsyncConnection, contact: str, one: Shown, owner: Identity | None,
    conversation: str,
) -> None:  # fmt: skip
    if owner is None:
        row = fresh_identity(contact, one.place, level=one.level, evidence=one.evidence,
                             name=one.name)  # fmt: skip
        await connection.execute(insert(identities).values(**row))
    elif owner.contact == contact:
        if one.level > owner.level:
            raised = {"level": one.level, "evidence": one.evidence, "proved_at": datetime.now(UTC)}
            await connection.execute(
                update(identities).where(identities.c.id == owner.id).values(**raised)
            )
    elif min(one.level, owner.level) >= SIGNED_BY_PAGE:
        said = (
            f"{one.place.channel} {one.place.value}: level {one.level} ({one.evidence}) in "
            f"{conversation}, level {owner.level} ({owner.evidence}) there"
        )
        await propose(connection, contact, owner.contact, (said,))


async def _is_another(connection: AsyncConnection, user: Shown, owner: Identity) -> bool:
    """True for a user of a page whose contact-to-be is another user of the same page: two accounts
    with one address there are two people, until somebody says otherwise."""
    if user.evidence != "page" or user.place.channel != "web":
        return False
    query = select(identities.c.id).where(
        identities.c.contact == owner.contact, identities.c.evidence == "page",
        identities.c.channel == "web", identities.c.account == user.place.account,
    )  # fmt: skip
    return (await connection.execute(query.limit(1))).first() is not None


async def _owner(connection: AsyncConnection, one: Shown) -> Identity | None:
    query = select(identities).where(identities.c.key == one.key)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else show_identity(row)


async def _settled(connection: AsyncConnection, conversation: str) -> tuple[str, int] | None:
    columns = (conversations_of.c.contact, conversations_of.c.level)
    query = select(*columns).where(conversations_of.c.conversation == conversation)
    row = (await connection.execute(query)).first()
    return None if row is None else (row[0], row[1])
