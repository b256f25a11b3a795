"""A gateway with a victim's things in it, and who attacks it: for the catalogue of REST.

Above: `test_rest_catalogue`. Below: the doors with everything wired as in a process.
"""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio
from sqlalchemy import text as sql
from yarl import URL

from channels.attaching import FileDesk
from channels.egress import Egress
from core.access.directory import Directory
from core.access.keeper import AccessKeeper
from core.access.store import AccessStore
from core.archive.database import Database, open_database
from core.archive.reader import ArchiveReader
from core.archive.settings import DatabaseSettings
from core.bus.access import AccessFeed
from core.bus.connect import Bus, open_bus
from core.bus.settings import BusSettings
from core.files.library import Files
from core.files.links import FileLinks
from core.files.settings import FileSettings
from core.files.store import FolderStore
from core.identity.people import SqlPeople
from core.ids import ConversationId
from core.tickets.book import TicketBook
from core.webhooks.store import WebhookStore
from switchboard.access import TokenDoor
from switchboard.webhooks import WebhookDoor
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors
from tests.fakes.tokens import IssuingTokens

NOWHERE = "cv_00_" + "A" * 22
TABLES = ("tickets", "contacts", "webhooks", "access_tokens", "webhook_deliveries")


@dataclass
class Answer:
    """What came back; the trace is told apart from the rest."""

    status: int
    body: Any
    headers: Any

    @property
    def problem(self) -> Any:
        return {name: value for name, value in self.body.items() if name != "trace"}


@dataclass
class World:
    """The gateway, the victim and the attacker."""

    doors: Doors
    http: aiohttp.ClientSession
    database: Database
    names: dict[str, str] = field(default_factory=dict[str, str])

    async def call(
        self, method: str, path: str, *, who: str | None = "attacker", json: Any = None,
        data: Any = None, headers: dict[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        heads = dict(headers or {})
        if who is not None:
            heads["Authorization"] = f"Bearer {self.names[who]}"
        url = URL(self.doors.api + path.format(**self.names), encoded="%" in path)
        async with self.http.request(method, url, json=json, data=data, headers=heads) as response:
            raw = await response.read()
            assert response.status < 500, raw
            if response.status >= 400:
                assert response.content_type == "application/problem+json"
            return Answer(response.status, _read(raw), response.headers)

    async def raw(self, request: str) -> bytes:
        """Bytes that no client would send; the first line of the answer."""
        host, port = self.doors.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request.format(**self.names).encode("latin-1"))
        line = await asyncio.wait_for(reader.readline(), 20)
        writer.close()
        return line

    async def state(self) -> Any:
        """All that an attack could have changed."""
        log, victim = self.doors.bus.log, ConversationId(self.names["victim"])
        counts: list[Any] = []
        async with self.database.read() as connection:
            for table in TABLES:
                rows = await connection.execute(sql(f"SELECT * FROM {table} ORDER BY 1"))
                counts.append([tuple(row) for row in rows])
        own = ConversationId(self.names["own"])
        return await log.head(victim), await log.entries(victim), await log.entries(own), counts


def _read(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncGenerator[World]:
    with tempfile.TemporaryDirectory(prefix="sb") as name:
        folder = Path(name)
        async with (
            open_bus(BusSettings(data_dir=folder)) as bus,
            open_database(DatabaseSettings(data_dir=folder)) as database,
        ):
            await database.migrate()
            deps = _deps(bus, database, folder)
            async with open_doors(bus, deps=deps) as doors, aiohttp.ClientSession() as http:
                made = World(doors, http, database)
                await _furnish(made)
                yield made


def _deps(bus: Bus, database: Database, folder: Path) -> Any:
    feed = AccessFeed(bus.calls, bus.reading)
    keeper = AccessKeeper(AccessStore(database), Directory(), feed)
    return replace(
        list_deps(bus), archive=ArchiveReader(database), tickets=TicketBook(database),
        people=SqlPeople(database), access=TokenDoor(keeper),
        webhooks=WebhookDoor(WebhookStore(database), Egress(), house_secret="s" * 40),
        files=FileDesk(Files(FolderStore(folder / "files"), FileSettings()), FileLinks("s" * 40)),
        tokens=IssuingTokens(
            secret="s" * 40, admin_token=ADMIN, identity_secret=None, directory=keeper.directory
        ),
    )  # fmt: skip


async def _furnish(world: World) -> None:
    names = world.names
    names |= {"admin": ADMIN, "nowhere": NOWHERE}
    for mine, token in (("victim", "victims"), ("own", "attacker")):
        made = await world.call("POST", "/conversations", who=None, json={})
        names |= {mine: made.body["id"], token: made.body["token"]}
    for name, body in (
        ("desk", {"scope": "desk", "name": "Eva"}), ("revoked", {"scope": "admin"}),
        ("reader", {"scope": "desk", "limits": ["conversations:read"]}),
    ):  # fmt: skip
        token = (await world.call("POST", "/tokens", who="admin", json=body)).body
        names |= {name: token["token"], f"{name}_id": token["id"]}
    await world.call("DELETE", "/tokens/{revoked_id}", who="admin")
    said = {"text": "My card is 4111. 100% _sure_"}
    await world.call("POST", "/conversations/{victim}/messages?wait=20", who="victims", json=said)
    ticket = {"subject": "100 sure", "conversation": names["victim"]}
    made = await world.call("POST", "/tickets", who="desk", json=ticket)
    names["ticket"] = made.body["id"]
    for number in range(3):
        more = {"subject": f"Another {number}"}
        await world.call("POST", "/tickets", who="desk", json=more)
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(b"secret plan"), filename="plan.txt")
    file = await world.call("POST", "/conversations/{victim}/attachments", who="victims", data=form)
    names["file"] = file.body["id"]
    contact = await world.call("POST", "/contacts", who="desk", json={"name": "Jan"})
    names["contact"] = contact.body["id"]
    foreign = IssuingTokens(secret="x" * 40, admin_token="other", identity_secret=None)
    names["tenant"] = foreign.issue_customer(names["victim"])
    page = await world.call("GET", "/tickets?limit=1", who="desk")
    assert page.status == 200, page
    names["cursor"] = page.body["next"]
