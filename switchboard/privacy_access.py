"""People's right to their data, for the commands: over HTTP when a gateway runs, or in the stores.

Above: `commands.privacy`. Below: `gateway`, `privacy`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp

from config.settings import Settings
from core.errors import ChannelError, InputError, NotFound
from core.privacy.guard import install_guard
from core.privacy.posts import PostRemoval
from switchboard.attach import attach_bus, attach_database, read_settings
from switchboard.data_folder import DataFolder
from switchboard.files import open_files
from switchboard.gateway import GatewayClient, Whereabouts, find_gateway, open_gateway
from switchboard.keys import secret_key
from switchboard.privacy import PrivacyDesk, open_privacy, show_erasure, show_export
from switchboard.slack_posts import open_removal

_BY = "command line"
_PAUSE = 0.3
_PIECE = 262_144


class Access(Protocol):
    """What the commands need; all results are plain JSON values."""

    async def preview(self, contact: str) -> dict[str, Any]:
        """What an erasure would find."""
        ...

    async def erase(self, contact: str) -> dict[str, Any]:
        """Forget a person, to the end."""
        ...

    async def export(self, contact: str, target: Path) -> dict[str, Any]:
        """Everything that is known of them, into a file."""
        ...

    async def audit(self, limit: int) -> list[dict[str, Any]]:
        """The newest lines of the audit log."""
        ...

    async def verify(self) -> dict[str, Any]:
        """Whether it is whole."""
        ...


class Remote:
    """A running gateway."""

    def __init__(self, gateway: GatewayClient, place: Whereabouts) -> None:
        self._gateway = gateway
        self._place = place

    async def preview(self, contact: str) -> dict[str, Any]:
        """See `Access`."""
        return await self._gateway.call(
            "DELETE", f"/contacts/{quote(contact, safe='')}", query={"dry_run": "true"}
        )

    async def erase(self, contact: str) -> dict[str, Any]:
        """See `Access`."""
        found = await self._gateway.call("DELETE", f"/contacts/{quote(contact, safe='')}")
        while found["done_at"] is None:
            await asyncio.sleep(_PAUSE)
            found = await self._gateway.call("GET", f"/erasures/{found['id']}")
        return found

    async def export(self, contact: str, target: Path) -> dict[str, Any]:
        """See `Access`."""
        made = await self._gateway.call("POST", f"/contacts/{quote(contact, safe='')}/export")
        async with (
            aiohttp.ClientSession() as session,
            session.get(self._place.url + made["url"]) as answer,
        ):
            if answer.status != 200:
                raise InputError(f"the gateway answered {answer.status}")
            with target.open("wb") as file:
                async for piece in answer.content.iter_chunked(_PIECE):
                    await asyncio.to_thread(file.write, piece)
        return made

    async def audit(self, limit: int) -> list[dict[str, Any]]:
        """See `Access`."""
        return (await self._gateway.call("GET", "/audit", query={"limit": limit}))["lines"]

    async def verify(self) -> dict[str, Any]:
        """See `Access`."""
        return await self._gateway.call("GET", "/audit/verification")


class Local:
    """The stores of an installation whose gateway does not run."""

    def __init__(self, desk: PrivacyDesk, removal: PostRemoval | None = None) -> None:
        self._desk = desk
        self._removal = removal

    async def preview(self, contact: str) -> dict[str, Any]:
        """See `Access`."""
        return await self._desk.preview(contact)

    async def erase(self, contact: str) -> dict[str, Any]:
        """See `Access`."""
        begun = await self._desk.eraser.begin(contact, by=_BY, origin="command")
        done = await self._desk.eraser.go_on(begun)
        if self._removal is not None:
            # What Slack does not take now is taken by the gateway when it runs again.
            with suppress(ChannelError):
                await self._removal.go_on(done)
            done = await self._desk.eraser.find(done.id) or done
        return show_erasure(done)

    async def export(self, contact: str, target: Path) -> dict[str, Any]:
        """See `Access`."""
        made = await self._desk.exports.make(contact)
        await self._desk.audit.record(_BY, "contact.export", contact, origin="command")
        path = self._desk.exported(made.id)
        await asyncio.to_thread(lambda: target.write_bytes(path.read_bytes()))
        return show_export(made)

    async def audit(self, limit: int) -> list[dict[str, Any]]:
        """See `Access`."""
        return await self._desk.lines(whom=None, before=None, limit=limit)

    async def verify(self) -> dict[str, Any]:
        """See `Access`."""
        return await self._desk.verify()


@asynccontextmanager
async def open_access(
    data: Path | None, *, url: str | None, token: str | None
) -> AsyncGenerator[Access]:
    """The gateway that runs, or the stores."""
    settings = read_settings(data)
    place = find_gateway(settings, url=url, token=token)
    if place is not None:
        async with open_gateway(place) as gateway:
            yield Remote(gateway, place)
        return
    async with open_desk(settings) as desk, attach_database(settings) as database:
        removal = open_removal(settings, database)
        try:
            yield Local(desk, removal)
        finally:
            if removal is not None:
                await removal.close()


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncGenerator[PrivacyDesk]:
    """Everything over the stores themselves, beside a gateway or without one."""
    folder = DataFolder(settings.data)
    async with attach_bus(settings) as bus, attach_database(settings) as database:
        await install_guard(database)
        files = open_files(settings, folder).files
        yield open_privacy(settings, bus, database, files, secret=secret_key(settings, folder))


async def sweep(data: Path | None, *, dry_run: bool) -> dict[str, int]:
    """What retention deletes now; with `dry_run` it is only counted."""
    async with open_desk(read_settings(data)) as desk:
        return await (desk.retention.preview() if dry_run else desk.retention.sweep())


async def find_target(contact: str, out: Path | None) -> Path:
    """Where an export is written to. Raises `NotFound` for a folder that is not there."""
    target = out or Path(f"export-{contact.replace(':', '-').replace('/', '-')}.zip")
    if not target.parent.is_dir():
        raise NotFound(f"no folder {target.parent}")
    return target
