"""Two contacts that turn out to be one person: proposed, looked at, merged, undone.

Above: REST, `keeper` (proposes). Below: `rows`, `tables`.

Nothing is merged by itself. Proof of level 2 or more on both sides makes a proposal; a person of
the desk merges, with a reason where that proof is missing; whoever undoes it gets back what moved.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import Conflict, InputError, NotFound
from core.identity.people import SqlPeople
from core.identity.records import Contact, Identity, Merge, MergeState, Preview
from core.identity.rows import folded, read_contact, read_identities
from core.identity.tables import contacts, conversations_of, identities, merges
from core.ids import ContactId

_FILLED = ("name", "language", "email", "notes")


class Merging:
    """Over the same tables as the people."""

    def __init__(self, people: SqlPeople) -> None:
        self._people = people

    async def preview(self, kept: str, gone: str) -> Preview:
        """What a merge would do, and what speaks for it. Raises `NotFound`, `InputError`."""
        async with self._people.reading() as connection:
            return await _preview(connection, kept, gone)

    async def merge(self, kept: str, gone: str, *, by: str, reason: str | None) -> Merge:
        """All of `gone` becomes `kept`'s. Raises `NotFound`; `InputError` where a reason is needed
        and none is given."""
        async with self._people.writing() as connection:
            found = await _preview(connection, kept, gone)
            if not found.by_evidence and not (reason or "").strip():
                raise InputError(
                    "nothing proves that they are one person: say why you merge them",
                    code="reason_needed",
                )
            moved = await _move(connection, found)
            return await _written(connection, found, by, reason, moved)

    async def undo(self, contact: str, merge: str, *, by: str) -> Merge:
        """What moved goes back. Raises `NotFound`; `Conflict` for what is not merged any more."""
        async with self._people.writing() as connection:
            rule = and_(
                merges.c.id == merge, or_(merges.c.kept == contact, merges.c.gone == contact)
            )
            row = (await connection.execute(select(merges).where(rule))).mappings().one_or_none()
            if row is None:
                raise NotFound("no such merge")
            done = Merge.model_validate(dict(row))
            if done.state != "done":
                raise Conflict("there is nothing to undo", code="not_merged")
            await _move_back(connection, done)
            after = done.model_copy(
                update={"state": "undone", "undone_by": by, "undone_at": datetime.now(UTC)}
            )
            await _save(connection, after)
        return after

    async def list(self, contact: str) -> Sequence[Merge]:
        """Proposed, done and undone ones of a contact, the newest first. Raises `NotFound`."""
        rule = or_(merges.c.kept == contact, merges.c.gone == contact)
        async with self._people.reading() as connection:
            await read_contact(connection, contact)
            query = select(merges).where(rule).order_by(merges.c.at.desc(), merges.c.id)
            rows = (await connection.execute(query)).mappings().all()
        return [Merge.model_validate(dict(row)) for row in rows]


async def propose(
    connection: AsyncConnection, kept: str, gone: str, evidence: Sequence[str]
) -> bool:
    """Write down that they may be one person, once; False: that was said, or was undone."""
    pair = or_(
        and_(merges.c.kept == kept, merges.c.gone == gone),
        and_(merges.c.kept == gone, merges.c.gone == kept),
    )
    if (await connection.execute(select(merges.c.id).where(pair).limit(1))).first() is not None:
        return False
    await _insert(connection, kept, gone, "proposed", tuple(evidence))
    return True


async def _preview(connection: AsyncConnection, kept: str, gone: str) -> Preview:
    if kept == gone:
        raise InputError("a contact is itself already")
    pair = [await read_contact(connection, one) for one in (kept, gone)]
    if any(one.merged_into for one in pair):
        raise Conflict("one of them is known as another contact already", code="merged")
    mine, theirs = [await read_identities(connection, one) for one in (kept, gone)]
    rule = conversations_of.c.contact == gone
    count = select(func.count()).select_from(conversations_of).where(rule)
    proposed = await _proposed(connection, kept, gone)
    return Preview(
        kept=ContactId(kept), gone=ContactId(gone), identities=tuple(theirs),
        conversations=(await connection.execute(count)).scalar_one(),
        fields=_empty_here(*pair), by_evidence=proposed is not None,
        evidence=(*(proposed.evidence if proposed else ()), *_alike(mine, theirs)),
    )  # fmt: skip


def _alike(mine: Sequence[Identity], theirs: Sequence[Identity]) -> tuple[str, ...]:
    """What both have, with how well it is proved: for whoever decides, never enough alone."""
    return tuple(
        f"both: {one.channel} {one.value} (level {one.level} and {other.level})"
        for one in mine
        for other in theirs
        if (one.channel, one.value) == (other.channel, other.value)
    )


def _empty_here(kept: Contact, gone: Contact) -> tuple[str, ...]:
    """Fields that only the other has: they are taken over, nothing is written over."""
    return tuple(name for name in _FILLED if not getattr(kept, name) and getattr(gone, name))


async def _proposed(connection: AsyncConnection, kept: str, gone: str) -> Merge | None:
    pair = or_(
        and_(merges.c.kept == kept, merges.c.gone == gone),
        and_(merges.c.kept == gone, merges.c.gone == kept),
    )
    query = select(merges).where(pair, merges.c.state == "proposed").limit(1)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Merge.model_validate(dict(row))


async def _move(connection: AsyncConnection, found: Preview) -> dict[str, list[str]]:
    kept, gone = found.kept, found.gone
    named = await connection.execute(
        select(conversations_of.c.conversation).where(conversations_of.c.contact == gone)
    )
    moved = {
        "identities": [one.id for one in found.identities],
        "conversations": list(named.scalars().all()), "fields": list(found.fields),
    }  # fmt: skip
    now = datetime.now(UTC)
    for table in (identities, conversations_of):
        await connection.execute(update(table).where(table.c.contact == gone).values(contact=kept))
    other = await read_contact(connection, gone)
    mine = await read_contact(connection, kept)
    taken: dict[str, Any] = {name: getattr(other, name) for name in found.fields}
    mine = mine.model_copy(update=taken)
    await connection.execute(
        update(contacts).where(contacts.c.id == kept).values(
            **taken, folded=folded(mine), updated_at=now
        )
    )  # fmt: skip
    await connection.execute(
        update(contacts).where(contacts.c.id == gone).values(merged_into=kept, updated_at=now)
    )
    return moved


async def _move_back(connection: AsyncConnection, done: Merge) -> None:
    now, emptied = datetime.now(UTC), done.moved.get("fields", [])
    for table, column, names in (
        (identities, identities.c.id, done.moved.get("identities", [])),
        (conversations_of, conversations_of.c.conversation, done.moved.get("conversations", [])),
    ):
        for name in names:
            rule = and_(column == name, table.c.contact == done.kept)
            await connection.execute(update(table).where(rule).values(contact=done.gone))
    gone = await read_contact(connection, done.gone)
    kept = await read_contact(connection, done.kept)
    # What was changed since the merge stays.
    back = {name: None for name in emptied if getattr(kept, name) == getattr(gone, name)}
    kept = kept.model_copy(update=back)
    await connection.execute(
        update(contacts).where(contacts.c.id == done.kept).values(
            **back, folded=folded(kept), updated_at=now
        )
    )  # fmt: skip
    await connection.execute(
        update(contacts).where(contacts.c.id == done.gone).values(merged_into=None, updated_at=now)
    )


async def _written(
    connection: AsyncConnection, found: Preview, by: str, reason: str | None,
    moved: dict[str, list[str]],
) -> Merge:  # fmt: skip
    """The record of it: the proposal that it follows, or a new one."""
    proposed = await _proposed(connection, found.kept, found.gone)
    if proposed is None:
        proposed = await _insert(connection, found.kept, found.gone, "proposed", found.evidence)
    done = proposed.model_copy(
        update={
            "kept": found.kept, "gone": found.gone, "state": "done", "by": by, "reason": reason,
            "at": datetime.now(UTC), "moved": moved,
        }
    )  # fmt: skip
    await _save(connection, done)
    return done


async def _insert(
    connection: AsyncConnection, kept: str, gone: str, state: MergeState, evidence: Sequence[str]
) -> Merge:
    made = Merge(
        id=f"cm_{secrets.token_urlsafe(12)}", kept=ContactId(kept), gone=ContactId(gone),
        state=state, evidence=tuple(evidence), at=datetime.now(UTC),
    )  # fmt: skip
    await connection.execute(insert(merges).values(**_row(made)))
    return made


async def _save(connection: AsyncConnection, merge: Merge) -> None:
    row = _row(merge)
    await connection.execute(update(merges).where(merges.c.id == row.pop("id")).values(**row))


def _row(merge: Merge) -> dict[str, Any]:
    return {**merge.model_dump(), "evidence": list(merge.evidence)}
