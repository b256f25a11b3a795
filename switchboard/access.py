"""Tokens as the REST routes and the commands see them.

Above: `doors`, `wiring`, `commands.tokens`. Below: `core.access`. A command asks the gateway that
runs; where none runs it writes into the database itself.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from core.access.directory import Directory
from core.access.keeper import AccessKeeper
from core.access.records import RIGHT, AccessToken
from core.access.store import AccessStore
from core.bus.access import AccessFeed
from core.errors import InputError
from core.messages import format_time
from switchboard.attach import attach_database, read_settings
from switchboard.gateway import GatewayClient, Whereabouts, find_gateway, open_gateway

if TYPE_CHECKING:
    from core.archive.database import Database
    from core.bus.connect import Bus

Scope = Literal["desk", "admin"]


class TokenDoor:
    """`channels.rest.ports.TokenDoor` over the keeper."""

    def __init__(self, keeper: AccessKeeper) -> None:
        self._keeper = keeper

    async def add(
        self, *, scope: Scope, name: str, limits: tuple[str, ...], expires_at: datetime | None,
        by: str,
    ) -> dict[str, Any]:  # fmt: skip
        """See the port."""
        kept, token = await self._keeper.add(
            scope, name=name, limits=limits, expires_at=expires_at, by=by
        )
        return show_token(kept) | {"token": token}

    async def list(self) -> list[dict[str, Any]]:
        """See the port."""
        return [show_token(token) for token in await self._keeper.list()]

    async def revoke(self, identifier: str) -> None:
        """See the port."""
        await self._keeper.revoke(identifier)

    async def end_customer_tokens(self, conversation: str) -> None:
        """See the port."""
        await self._keeper.end_customer_tokens(conversation)


async def open_keeper(bus: Bus, database: Database) -> AccessKeeper:
    """With the tokens that are good now."""
    feed = AccessFeed(bus.calls, bus.reading)
    keeper = AccessKeeper(AccessStore(database), Directory(), feed)
    await keeper.load()
    return keeper


def show_token(token: AccessToken) -> dict[str, Any]:
    """As REST and the commands show it."""

    def time_of(moment: datetime | None) -> str | None:
        return format_time(moment) if moment else None

    return {
        "id": token.id, "name": token.name, "scope": token.scope, "limits": list(token.limits),
        "prefix": token.prefix, "created_at": format_time(token.created_at),
        "created_by": token.created_by, "expires_at": time_of(token.expires_at),
        "last_used_at": time_of(token.last_used_at),
    }  # fmt: skip


class TokenOffice:
    """What the commands do, at a gateway or in the database."""

    def __init__(self, data: Path | None, url: str | None, token: str | None) -> None:
        self._settings = read_settings(data)
        self._place: Whereabouts | None = find_gateway(self._settings, url=url, token=token)

    async def create(
        self, scope: Scope, *, name: str, expires_at: datetime | None, limits: list[str]
    ) -> dict[str, Any]:
        """With the token itself."""
        if self._place is not None:
            expires = expires_at.isoformat() if expires_at else None
            body = {"scope": scope, "name": name, "expires": expires, "limits": limits}
            return await self._call("POST", "/tokens", body)
        if wrong := [limit for limit in limits if not RIGHT.match(limit)]:
            raise InputError(f"{wrong[0]}: a limit is AREA:read or AREA:write")
        async with attach_database(self._settings) as database:
            kept, token = await AccessStore(database).add(
                scope, name=name, limits=tuple(limits), expires_at=expires_at, by="command line"
            )
        return show_token(kept) | {"token": token}

    async def list(self) -> list[dict[str, Any]]:
        """The newest first."""
        if self._place is not None:
            return (await self._call("GET", "/tokens"))["tokens"]
        async with attach_database(self._settings) as database:
            return [show_token(token) for token in await AccessStore(database).list()]

    async def revoke(self, identifier: str) -> None:
        """Raises `NotFound`."""
        if self._place is not None:
            await self._call("DELETE", f"/tokens/{quote(identifier, safe='')}")
            return
        async with attach_database(self._settings) as database:
            await AccessStore(database).revoke(identifier)

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        if self._place is None:
            raise RuntimeError("there is no gateway to ask")
        async with open_gateway(self._place) as client:
            asked: GatewayClient = client
            return await asked.call(method, path, body=body)
