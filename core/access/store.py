"""Tokens in SQL: the truth that every process of the gateway reads.

Above: `keeper`, REST, the commands. Below: `tables`. All methods raise `ArchiveUnavailable`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, or_, select, update

from core.access.records import (
    AccessToken,
    StaffScope,
    digest_of,
    new_token,
    new_token_id,
    prefix_of,
)
from core.access.tables import access_tokens, ended_tokens
from core.archive.database import Database
from core.archive.guarded import GuardedDatabase
from core.archive.inserting import save_rows
from core.errors import NotFound

# Customers' tokens run out by themselves after thirty days; until then it must be known.
_REMEMBERED = timedelta(days=31)


class AccessStore:
    """Every step is one transaction."""

    def __init__(self, database: Database) -> None:
        self._tables = GuardedDatabase(database, "tokens")

    async def add(
        self, scope: StaffScope, *, name: str, limits: tuple[str, ...] = (),
        expires_at: datetime | None = None, by: str,
    ) -> tuple[AccessToken, str]:  # fmt: skip
        """A new one: what is kept, and the token, which only its owner has from now on."""
        token = new_token()
        kept = AccessToken(
            id=new_token_id(), name=name, scope=scope, limits=limits, prefix=prefix_of(token),
            digest=digest_of(token), created_at=datetime.now(UTC), created_by=by,
            expires_at=expires_at,
        )  # fmt: skip
        row = kept.model_dump() | {"limits": list(limits)}
        async with self._tables.write() as connection:
            await connection.execute(access_tokens.insert().values(**row))
        return kept, token

    async def list(self) -> list[AccessToken]:
        """Those that were not revoked, the newest first."""
        query = select(access_tokens).where(access_tokens.c.revoked_at.is_(None))
        newest = query.order_by(access_tokens.c.created_at.desc(), access_tokens.c.id)
        async with self._tables.read() as connection:
            rows = (await connection.execute(newest)).mappings().all()
        return [AccessToken.model_validate(dict(row)) for row in rows]

    async def revoke(self, identifier: str) -> None:
        """From now on it opens nothing. Raises `NotFound`."""
        table = access_tokens.c
        async with self._tables.write() as connection:
            done = await connection.execute(
                update(access_tokens)
                .where(table.id == identifier, table.revoked_at.is_(None))
                .values(revoked_at=datetime.now(UTC))
            )
        if done.rowcount == 0:
            raise NotFound("no such token")

    async def end_customer_tokens(self, *conversations: str) -> None:
        """Customers' tokens of these conversations that were issued until now open nothing."""
        now = datetime.now(UTC)
        rows = [{"conversation": name, "before": now} for name in conversations]
        async with self._tables.write() as connection:
            await save_rows(connection, ended_tokens, rows)

    async def load(self) -> tuple[list[AccessToken], dict[str, float]]:
        """The tokens that are good, and since when which customers' tokens are not."""
        now, table = datetime.now(UTC), access_tokens.c
        good = table.revoked_at.is_(None) & or_(table.expires_at.is_(None), table.expires_at > now)
        async with self._tables.read() as connection:
            rows = (await connection.execute(select(access_tokens).where(good))).mappings().all()
            ended = (await connection.execute(select(ended_tokens))).all()
        tokens = [AccessToken.model_validate(dict(row)) for row in rows]
        return tokens, {row.conversation: row.before.timestamp() for row in ended}

    async def note_used(self, used: Mapping[str, datetime]) -> None:
        """When each of these was used last."""
        async with self._tables.write() as connection:
            for identifier, at in used.items():
                await connection.execute(
                    update(access_tokens)
                    .where(access_tokens.c.id == identifier)
                    .values(last_used_at=at)
                )

    async def forget_old(self) -> None:
        """Drop what no token is old enough for."""
        before = datetime.now(UTC) - _REMEMBERED
        async with self._tables.write() as connection:
            await connection.execute(delete(ended_tokens).where(ended_tokens.c.before < before))
