"""Approvals for the commands: over HTTP when a gateway runs, else in the stores themselves.

Above: `commands.customers`. Below: `gateway`, `systems`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from config.settings import Settings
from core.approvals.store import ApprovalStore
from switchboard.attach import attach_bus, attach_database, read_settings
from switchboard.gateway import find_gateway, open_gateway
from switchboard.systems import ApprovalDoor, open_approvals, show_approval

_MOST = 200


async def list_approvals(
    status: str, *, data: Path | None, url: str | None, token: str | None
) -> list[dict[str, Any]]:
    """Those of a status (`all`: every one), the longest waiting first."""
    settings = read_settings(data)
    place = find_gateway(settings, url=url, token=token)
    if place is not None:
        async with open_gateway(place) as client:
            query = {"status": status, "limit": _MOST}
            return (await client.call("GET", "/approvals", query=query))["approvals"]
    async with attach_database(settings) as database:
        found = await ApprovalStore(database).list(None if status == "all" else status, limit=_MOST)
    return [show_approval(item) for item in found]


async def decide(
    identifier: str, decision: Literal["approve", "reject"], *, comment: str | None,
    data: Path | None, url: str | None, token: str | None,
) -> dict[str, Any]:  # fmt: skip
    """Decide one. Raises `NotFound`, `Conflict`."""
    settings = read_settings(data)
    place = find_gateway(settings, url=url, token=token)
    if place is not None:
        async with open_gateway(place) as client:
            body = {"decision": decision, "comment": comment}
            path = f"/approvals/{quote(identifier, safe='')}"
            return await client.call("POST", path, body=body)
    async with _open_door(settings) as door:
        return await door.decide(identifier, decision, by="command line", comment=comment)


@asynccontextmanager
async def _open_door(settings: Settings) -> AsyncGenerator[ApprovalDoor]:
    async with attach_bus(settings) as bus, attach_database(settings) as database:
        yield ApprovalDoor(open_approvals(settings, database, bus.log))
