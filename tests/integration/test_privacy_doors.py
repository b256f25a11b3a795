"""Rights of people over REST: who may, what is written down, what an export holds, what is old."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from config.settings import load_settings
from core.archive.database import Database
from core.archive.tables import conversations
from core.archive.vault import ArchiveVault
from core.bus.connect import Bus
from core.bus.graves import Graves
from core.bus.keys import ConversationKeys
from core.errors import NotFound
from core.files.library import Files
from core.files.settings import FileSettings
from core.files.store import FolderStore
from core.identity.people import SqlPeople
from core.privacy.audit import SqlAudit
from core.privacy.retention import Retention
from core.privacy.settings import PrivacySettings
from switchboard.privacy import PrivacyDesk, open_privacy
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors
from tests.integration.erasure_rig import BOTH, CANARY, CONTACT, House, guarded, named

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def database(data_dir: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Database]:
    async with guarded(data_dir, request) as opened:
        yield opened


@pytest.fixture
def desk(bus: Bus, database: Database, data_dir: Path) -> PrivacyDesk:
    settings = load_settings({}, env_file=None, overrides={"data": data_dir})
    files = Files(FolderStore(data_dir / "files"), FileSettings())
    bus.log.keep_in(ArchiveVault(database))
    return open_privacy(settings, bus, database, files, secret="s" * 40)


def doors_of(bus: Bus, database: Database, desk: PrivacyDesk) -> AbstractAsyncContextManager[Doors]:
    people = SqlPeople(database)
    deps = replace(list_deps(bus), privacy=desk, audit=desk.audit, people=people)
    return open_doors(bus, deps=deps)


class Client:
    """Asks as somebody."""

    def __init__(self, http: aiohttp.ClientSession, doors: Doors) -> None:
        self.http, self.doors = http, doors

    async def ask(
        self, method: str, path: str, *, token: str = ADMIN, body: Any = None
    ) -> tuple[int, Any]:
        async with self.http.request(
            method, f"{self.doors.url}{path}", json=body,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        ) as answer:  # fmt: skip
            raw = await answer.read()
            return answer.status, json.loads(raw) if raw[:1] in {b"{", b"["} else raw


async def test_people_are_exported_and_erased_by_administrators_only(
    bus: Bus, database: Database, data_dir: Path, desk: PrivacyDesk
) -> None:
    house = House(bus, database, data_dir)
    name = await house.talk()
    await house.files.put(b"bytes of a file", name="photo.txt", conversation=name)
    await house.archive()
    async with doors_of(bus, database, desk) as doors, aiohttp.ClientSession() as http:
        client, one = Client(http, doors), f"/api/v1/contacts/{CONTACT}"
        staff = doors.tokens.issue_customer(name)
        for method, path in (
            ("DELETE", one), ("POST", f"{one}/export"), ("GET", "/api/v1/audit"),
        ):  # fmt: skip
            assert (await client.ask(method, path, token=staff))[0] == 403
            assert (await client.ask(method, path, token=""))[0] == 401
        assert (await client.ask("DELETE", "/api/v1/contacts/nobody"))[0] == 404
        assert (await client.ask("POST", "/api/v1/contacts/nobody/export"))[0] == 404

        status, found = await client.ask("DELETE", f"{one}?dry_run=true")
        assert (status, found["conversations"], found["rows"]["entries"]) == (200, [name], 2)

        status, made = await client.ask("POST", f"{one}/export")
        assert status == 201
        status, raw = await client.ask("GET", made["url"], token="")
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            said = json.loads(archive.read(f"conversations/{name}.json"))
            assert [entry["text"] for entry in said] == [f"I am {CANARY}", f"Hello {CANARY}"]
            assert "index.html" in archive.namelist()
        assert (await client.ask("GET", "/api/v1/exports/ex_" + "a" * 32, token=""))[0] == 404

        status, begun = await client.ask("DELETE", one)
        assert status == 202
        await desk.eraser.resume()
        status, done = await client.ask("GET", f"/api/v1/erasures/{begun['id']}")
        assert done["done_at"] is not None
        assert (await client.ask("GET", made["url"], token=""))[0] == 404, "exports go too"
        status, lines = await client.ask("GET", "/api/v1/audit")
        assert [line["what"] for line in lines["lines"]] == [
            "contact.erased", "contact.erase", "contact.export",
        ]  # fmt: skip
        assert CONTACT not in json.dumps(lines)


async def test_changes_of_people_are_in_the_audit_log(
    bus: Bus, database: Database, desk: PrivacyDesk
) -> None:
    async with doors_of(bus, database, desk) as doors, aiohttp.ClientSession() as http:
        client = Client(http, doors)
        _, made = await client.ask("POST", "/api/v1/contacts", body={"name": "Eva"})
        path = f"/api/v1/contacts/{made['id']}"
        assert (await client.ask("PUT", path, body={"name": "Eva N."}))[0] == 200
        assert (await client.ask("PUT", path, body={"nonsense": 1}))[0] == 400
    lines = await desk.audit.list()
    assert [(line.what, line.whom, line.who) for line in lines] == [
        ("contact.change", made["id"], "admin")
    ]


async def test_the_audit_log_shows_every_kind_of_tampering(database: Database) -> None:
    audit = SqlAudit(database, "secret")
    for number in range(5):
        await audit.record("anna", "contact.export", f"ct_{number}")
    assert (await audit.verify()).lines == 5
    for change in ("UPDATE audit_log SET who = 'eve' WHERE seq = 2", "DELETE FROM audit_log"):
        with pytest.raises(DBAPIError):
            async with database.write() as connection:
                await connection.execute(text(change))
    assert not (await SqlAudit(database, "another secret").verify()).whole
    async with database.write() as connection:  # somebody with the right to the schema
        await connection.execute(text("DROP TRIGGER guard_audit_log_update"))
        await connection.execute(text("DROP TRIGGER guard_audit_log_delete"))
        await connection.execute(text("UPDATE audit_log SET who = 'eve' WHERE seq = 3"))
    assert (await audit.verify()).broken == 3
    async with database.write() as connection:
        await connection.execute(text("UPDATE audit_log SET who = 'anna' WHERE seq = 3"))
        await connection.execute(text("DELETE FROM audit_log WHERE seq = 2"))
    assert (await audit.verify()).broken == 2


async def test_what_is_too_old_is_counted_then_deleted_and_nothing_else(
    bus: Bus, database: Database, data_dir: Path
) -> None:
    house = House(bus, database, data_dir)
    name = await house.talk()
    other = await bus.log.create(house.address.model_copy(update={"chat": "4712"}))
    await bus.log.accept(house.event(other, "young").model_copy(update={"id": "telegram:1:4712:1"}))
    await house.archive()
    retention = Retention(database, Graves(bus), PrivacySettings(), house.files)
    now = datetime.now(UTC)
    assert await retention.preview(now) == {}
    late = now + timedelta(days=400)
    assert await retention.preview(late) == {"decisions": 1}
    assert await retention.sweep(late) == {"decisions": 1}
    assert await retention.preview(late) == {}
    old = now - timedelta(days=1200)
    async with database.write() as connection:
        await connection.execute(
            text("UPDATE conversations SET updated_at = :at WHERE id = :id"),
            {"at": old.replace(tzinfo=None).isoformat(sep=" "), "id": name},
        )
    head = ConversationKeys.of(name).head
    await bus.calls.command("HSET", head, "updated", int(old.timestamp() * 1000))
    assert await retention.sweep(now) == {"messages": 1}
    assert f"I am {CANARY}".encode() not in await house.everything()
    assert b"young" in await house.everything()
    fresh = await house.open()
    assert (await bus.log.accept(house.event(fresh, "again"))).seq == 1


@BOTH
async def test_a_word_said_after_years_keeps_its_conversation_though_the_archive_is_behind(
    bus: Bus, database: Database, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.privacy.retention._BATCH", 1)  # who stays keeps nobody from going
    house = House(bus, database, data_dir)
    returned, left = await house.talk(), await named(house, "nobody came back")
    await house.files.put(b"a picture", name="grinder.png", conversation=returned)
    await house.archive()
    old = datetime.now(UTC) - timedelta(days=4000)
    async with house.database.write() as connection:
        await connection.execute(update(conversations).values(updated_at=old))
    for name in (returned, left):
        head = ConversationKeys.of(name).head
        await house.bus.calls.command("HSET", head, "updated", int(old.timestamp() * 1000))
    await house.bus.log.accept(house.event(returned, "I am back: it smokes!"))

    settings = PrivacySettings(messages_days=365)
    retention = Retention(house.database, house.graves, settings, house.files)
    assert await retention.sweep() == {"messages": 1}

    with pytest.raises(NotFound):
        await house.bus.log.head(left)
    assert await house.open() == returned
    said = [entry.text for entry in await house.bus.log.entries(returned)]
    assert said[-1] == "I am back: it smokes!"
    assert (await house.claim(returned)).state == {"facts": [CANARY]}
    assert len(await house.vault.entries(returned)) == 2
    assert await house.files.forget(returned) == 1
