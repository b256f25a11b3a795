"""All conversations of a contact, and what they told us, in the next one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.archive.database import Database, open_database
from core.archive.settings import DatabaseSettings
from core.archive.tables import conversations, turns
from core.archive.vault import ArchiveVault
from core.bus.connect import Bus
from core.conversation import Claim, Head
from core.engine.state import EngineState
from core.errors import BusUnavailable
from core.identity.people import SqlPeople
from core.ids import new_conversation_id
from core.memory.carrying import carry_over, note_of
from core.memory.recall import recall_fact, recall_facts
from core.memory.state import MemoryState
from core.memory.update import read_entries
from tests.fakes.gateway import ADMIN, list_deps, open_doors
from tests.integration.people_rig import head_of, note, settled
from tests.unit.core.memory.long_talks import entry

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
async def database(data_dir: Path) -> AsyncGenerator[Database]:
    async with open_database(DatabaseSettings(data_dir=data_dir)) as opened:
        await opened.migrate()
        yield opened


async def archived(database: Database, contact: str, *texts: str, level: int = 1) -> str:
    """A conversation in which the contact said this, as the follower writes it."""
    name, memory = new_conversation_id(2), MemoryState()
    head = {
        "id": name, "contact": contact, "status": "open", "owner": "ai", "entries": len(texts),
        "tokens_used": 0, "cost": 0.0, "created_at": NOW, "updated_at": datetime.now(UTC),
    }  # fmt: skip
    async with database.write() as connection:
        await connection.execute(conversations.insert(), head)
        for seq, text in enumerate(texts, 1):
            memory = read_entries(memory, [entry(seq, "customer", text)], "en")
            row = {
                "conversation": name, "seq": seq, "at": datetime.now(UTC),
                "receipt": {"memory": note_of(memory, level)},
            }  # fmt: skip
            await connection.execute(turns.insert(), row)
    return name


def first_claim(contact: str | None, *, level: int = 1, state: Any = None) -> Claim:
    name = new_conversation_id(2)
    head = Head(id=name, contact=contact, level=level, created_at=NOW, updated_at=NOW)
    return Claim(
        conversation=name, reader="engine", token=1, wake="1-0", epoch=0, attempts=1, head=head,
        entries=(entry(1, "customer", "Hello again"),), state=state or {},
    )  # fmt: skip


async def memory_of(claim: Claim, database: Database) -> MemoryState:
    carried = await carry_over(claim, ArchiveVault(database))
    return EngineState.of(carried.state).memory


async def test_the_next_conversation_knows_the_newest_of_each_fact(database: Database) -> None:
    await archived(database, "ct_1", "My name is Jana Novak", "My order is 55123", "no, it's 55124")
    await archived(database, "ct_1", "My name is Jana Dvorak")
    await archived(database, "ct_2", "My name is Somebody Else")
    memory = await memory_of(first_claim("ct_1"), database)
    name = recall_fact(memory, "name")
    assert name is not None and (name.value, name.by, name.seq) == ("Jana Dvorak", "earlier", 0)
    assert [fact.value for fact in recall_facts(memory, "order")] == ["55124"]
    later = read_entries(memory, [entry(1, "customer", "My name is Jana Mala")], "en")
    now = recall_fact(later, "name")
    assert now is not None and now.value == "Jana Mala"


async def test_facts_follow_a_person_from_one_proved_identity_to_another(
    database: Database,
) -> None:
    await archived(database, "telegram:42", "My name is Jana Novak")
    people = SqlPeople(database)
    claim = first_claim("jana@example.org", level=3)
    assert (await memory_of(claim, database)).facts == ()
    head = head_of("jana@example.org", 3, "telegram", "42")
    await settled(people, head, note("linked", "telegram:42"), note("verified", "jana@example.org"))
    name = recall_fact(await memory_of(claim, database), "name")
    assert name is not None and name.value == "Jana Novak"


@pytest.mark.parametrize("level", [0, 1])
async def test_a_bare_claim_neither_gets_nor_gives_facts(database: Database, level: int) -> None:
    await archived(database, "ct_1", "My name is Jana Novak", level=1 - level)
    memory = await memory_of(first_claim("ct_1", level=level), database)
    assert memory.facts == ()


async def test_only_the_first_turn_brings_facts_along(database: Database) -> None:
    await archived(database, "ct_1", "My name is Jana Novak")
    claim = first_claim("ct_1", state={"unanswered": 1})
    assert await carry_over(claim, ArchiveVault(database)) is claim


async def test_an_archive_that_is_away_keeps_nobody_waiting(database: Database) -> None:
    class Away(ArchiveVault):
        async def memories_of(self, contact: str, *, but: str, limit: int = 100) -> Any:
            raise BusUnavailable("away")

    claim = first_claim("ct_1")
    assert await carry_over(claim, Away(database)) is claim


async def test_all_conversations_of_a_contact_are_listed(bus: Bus, database: Database) -> None:
    names = {await archived(database, "ct_1", f"matter {number}") for number in range(3)}
    await archived(database, "ct_2", "another's")
    deps = replace(list_deps(bus), archive=ArchiveVault(database))
    async with open_doors(bus, deps=deps) as doors, aiohttp.ClientSession() as http:
        url = f"{doors.api}/contacts/ct_1/conversations"
        async with http.get(url) as refused:
            assert refused.status == 401
        heads = {"Authorization": f"Bearer {ADMIN}"}
        async with http.get(f"{url}?limit=2", headers=heads) as response:
            page = await response.json()
        async with http.get(url, headers=heads, params={"cursor": page["next"]}) as response:
            rest = await response.json()
    listed = [item["id"] for item in (*page["conversations"], *rest["conversations"])]
    assert set(listed) == names and len(listed) == 3
