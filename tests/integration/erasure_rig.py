"""A person who talked, in a store, an archive and files; and an eraser over them.

Above: tests of erasure. Below: `core.privacy.erasure`, the databases of tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.archive.database import Database
from core.archive.follower import ArchiveFollower
from core.archive.vault import ArchiveVault
from core.bus.connect import Bus
from core.bus.graves import Graves
from core.bus.keys import ConversationKeys
from core.conversation import Claim, TurnCommit
from core.files.library import Files
from core.files.settings import FileSettings
from core.files.store import FolderStore
from core.identity.keeper import put_waiting
from core.ids import ConversationId, reply_entry_id, telegram_message_id
from core.messages import Address, Author, EntryBody, InboundEvent
from core.privacy.audit import SqlAudit
from core.privacy.erasure import Eraser, Hands
from core.privacy.guard import install_guard
from tests.fakes.databases import empty_archive

CANARY = "Kanarienvogel-7391"
CONTACT = "telegram:471108154711"


BOTH = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


@asynccontextmanager
async def guarded(data_dir: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Database]:
    """An empty database that heeds tombstones, of the kind that the test asks for (`BOTH`)."""
    async with empty_archive(request, getattr(request, "param", "sqlite"), data_dir) as opened:
        await install_guard(opened)
        yield opened


@pytest.fixture
async def database(data_dir: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Database]:
    async with guarded(data_dir, request) as opened:
        yield opened


class House:
    """A bus, an archive, files, and an eraser over them."""

    def __init__(self, bus: Bus, database: Database, folder: Path) -> None:
        self.bus, self.database = bus, database
        self.vault = ArchiveVault(database, linger=timedelta(0))
        bus.log.keep_in(self.vault)
        self.follower = ArchiveFollower(bus.journal, bus.log, database, also=put_waiting)
        self.files = Files(FolderStore(folder / "files"), FileSettings())
        self.graves = Graves(bus)
        self.files.refuse_erased(self.graves.is_erased)
        self.audit = SqlAudit(database, "a secret")
        self.eraser = Eraser(Hands(database, self.graves, self.audit, files=self.files))
        self.numbers = 0

    @property
    def address(self) -> Address:
        return Address(channel="telegram", account="1", chat="471108154711")

    async def open(self) -> ConversationId:
        return await self.bus.log.create(self.address, contact=CONTACT, level=1)

    def event(self, name: ConversationId, words: str, number: int | None = None) -> InboundEvent:
        self.numbers += 1
        return InboundEvent(
            id=telegram_message_id("1", 471108154711, number or self.numbers), conversation=name,
            text=words, address=self.address, author=Author(role="customer", name=CANARY),
        )  # fmt: skip

    async def claim(self, name: ConversationId) -> Claim:
        head = await self.bus.log.head(name)
        keys = ConversationKeys.of(name)
        wake: Any = await self.bus.calls.command("HGET", keys.head, "w:engine")
        assert head.scheduled
        found = await self.bus.log.claim("engine", name, wake.decode(), lease_ms=5_000)
        assert isinstance(found, Claim)
        return found

    def turn(self, claim: Claim) -> TurnCommit:
        body = EntryBody(
            id=reply_entry_id(claim.conversation, claim.seen), author=Author(role="ai"),
            text=f"Hello {CANARY}",
        )  # fmt: skip
        return TurnCommit(entries=(body,), state={"facts": [CANARY]}, receipt={"tools": [CANARY]})

    async def talk(self, turns: int = 1) -> ConversationId:
        name = await self.open()
        for _ in range(turns):
            await self.bus.log.accept(self.event(name, f"I am {CANARY}"))
            claim = await self.claim(name)
            assert (await self.bus.log.commit(claim, self.turn(claim))).outcome == "ok"
        return name

    async def archive(self) -> None:
        """All that is in the journal, once."""
        stop = asyncio.Event()
        async for batch in self.bus.journal.follow("archive", "tests", stop):
            await self.follower.store(batch)
            if len(batch) < 200:
                stop.set()

    async def erase(self) -> dict[str, Any]:
        done = await self.eraser.go_on(await self.eraser.begin(CONTACT, by="tests"))
        return done.report

    async def everything(self) -> bytes:
        """All keys and values of the store, as it would dump them; every row of every table."""
        found = [b""]
        client: Any = self.bus.client
        async for key in client.scan_iter(count=1000):
            found += [key, await client.dump(key) or b""]
        async with self.database.read() as connection:
            names = await connection.run_sync(lambda sync: sync.dialect.get_table_names(sync))
            for name in names:
                rows = (await connection.execute(text(f'SELECT * FROM "{name}"'))).all()
                found += [repr(row).encode() for row in rows]
        return b"\n".join(found)


@pytest.fixture
async def house(bus: Bus, database: Database, data_dir: Path) -> House:
    return House(bus, database, data_dir)


@BOTH
async def named(house: House, word: str) -> ConversationId:
    """A conversation over REST that somebody began in the name of anna, without any proof."""
    name = await house.bus.log.create(Address(channel="rest", chat=""), contact="anna-5512")
    here = {"id": f"rest:{name}:1", "address": Address(channel="rest", chat=name)}
    await house.bus.log.accept(house.event(name, word).model_copy(update=here))
    return name
