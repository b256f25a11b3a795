"""People over REST: who may ask, what is refused, and what is settled behind the archive."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from core.archive.database import Database, open_database
from core.archive.follower import ArchiveFollower
from core.archive.settings import DatabaseSettings
from core.archive.vault import ArchiveVault
from core.bus.connect import Bus
from core.bus.proofs import StoredProofs
from core.conversation import ONE_TIME_CODE
from core.errors import ArchiveUnavailable
from core.identity.claims import LINKED, VERIFIED, note_of_place
from core.identity.keeper import ContactKeeper, put_waiting
from core.identity.people import SqlPeople
from core.identity.tables import waiting
from core.ids import ConversationId, EventId
from core.messages import Address, Author, InboundEvent
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors
from tests.fakes.services import serving
from tests.fakes.waiting import until_found
from tests.integration.people_rig import head_of, settled

EVA = "eva@example.org"


@pytest.fixture
async def database(data_dir: Path) -> AsyncGenerator[Database]:
    async with open_database(DatabaseSettings(data_dir=data_dir)) as opened:
        await opened.migrate()
        yield opened


class Api:
    """A caller with one token."""

    def __init__(self, http: aiohttp.ClientSession, doors: Doors, token: str = ADMIN) -> None:
        self._http, self._doors, self._token = http, doors, token

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        heads = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        url = f"{self._doors.api}/contacts{path}"
        async with self._http.request(method, url, json=body, headers=heads) as response:
            return response.status, await response.json() if response.status != 204 else None

    def as_other(self, token: str) -> Api:
        return Api(self._http, self._doors, token)


@asynccontextmanager
async def open_api(bus: Bus, database: Database) -> AsyncGenerator[tuple[Api, Doors]]:
    deps = replace(list_deps(bus), people=SqlPeople(database), archive=ArchiveVault(database))
    async with open_doors(bus, deps=deps) as doors, aiohttp.ClientSession() as http:
        yield Api(http, doors), doors


async def test_a_person_is_noted_found_and_replaced(bus: Bus, database: Database) -> None:
    async with open_api(bus, database) as (api, _):
        profile = {"name": "Eva", "email": "Eva@Example.org", "attributes": {"vip": True, "n": 2}}
        status, made = await api("POST", "", profile)
        assert (status, made["email"], made["identities"]) == (201, EVA, [])
        one = f"/{made['id']}"
        status, found = await api("GET", "?q=example.org")
        assert (status, [item["id"] for item in found["contacts"]]) == (200, [made["id"]])
        status, changed = await api("PUT", one, {"language": "cs", "notes": "Calls"})
        assert (status, changed["name"], changed["language"]) == (200, None, "cs")
        assert changed["attributes"] == {}
        status, same = await api("GET", one)
        assert (status, same) == (200, changed)


async def test_a_profile_holds_what_it_may_and_nothing_else(bus: Bus, database: Database) -> None:
    refused: list[dict[str, Any]] = [
        {"role": "admin"}, {"id": "ct_x"}, {"merged_into": "ct_x"}, {"level": 3},
        {"email": "eva@exa mple"}, {"language": "not a language!"}, {"name": ""},
        {"name": {"$ne": None}}, {"attributes": {"a b": 1}}, {"attributes": {"a": {"b": 1}}},
        {"attributes": {f"k{n}": n for n in range(51)}}, {"notes": "x" * 4_001},
    ]  # fmt: skip
    async with open_api(bus, database) as (api, _):
        _, made = await api("POST", "", {"name": "Eva"})
        for body in refused:
            assert (await api("POST", "", body))[0] == 400, body
            assert (await api("PUT", f"/{made['id']}", body))[0] == 400, body
        assert (await api("GET", f"/{made['id']}"))[1] == made


async def test_only_the_desk_sees_people_and_what_is_not_there_looks_alike(
    bus: Bus, database: Database
) -> None:
    async with open_api(bus, database) as (api, doors):
        _, made = await api("POST", "", {"name": "Eva"})
        talk = await bus.log.create(Address(channel="web", chat="v"))
        customer = api.as_other(doors.tokens.issue_customer(talk))
        nobody = api.as_other("")
        for path in ("", f"/{made['id']}", f"/{made['id']}/identities", "/ct_" + "A" * 22):
            assert (await customer("GET", path))[0] == 403
            assert (await nobody("GET", path))[0] == 401
        answers = [
            await api("GET", f"/{name}") for name in ("ct_" + "A" * 22, "x", "..%2f", "ct_%00")
        ]
        assert {status for status, _ in answers} == {404}
        assert len({problem["code"] for _, problem in answers}) == 1


async def test_identities_are_put_down_as_claims_and_taken_off(
    bus: Bus, database: Database
) -> None:
    people = SqlPeople(database)
    owner = await settled(people, head_of("telegram:42", 1, "telegram"))
    async with open_api(bus, database) as (api, _):
        _, made = await api("POST", "", {"name": "Eva"})
        path = f"/{made['id']}/identities"
        status, added = await api("POST", path, {"channel": "email", "value": "EVA@example.org"})
        assert (status, added["level"], added["value"]) == (201, 0, EVA)
        assert (await api("POST", path, {"channel": "email", "value": EVA, "level": 3}))[0] == 400
        assert (await api("POST", path, {"channel": "telegram", "value": "42"}))[0] == 201
        assert len((await api("GET", path))[1]["identities"]) == 2
        assert [one.level for one in await people.identities(owner)] == [1]
        assert (await api("DELETE", f"/{owner}/identities/{added['id']}"))[0] == 404
        assert (await api("DELETE", f"{path}/{added['id']}"))[0] == 204
        assert (await api("DELETE", f"{path}/{added['id']}"))[0] == 404


async def test_a_merge_is_looked_at_done_and_undone(bus: Bus, database: Database) -> None:
    people = SqlPeople(database)
    kept = await settled(people, head_of("telegram:42", 1, "telegram"))
    gone = await settled(people, head_of(EVA, 1, "email", EVA))
    async with open_api(bus, database) as (api, _):
        path = f"/{kept}/merge"
        status, look = await api("POST", path, {"other": gone, "dry_run": True})
        assert (status, look["merge"], look["conversations"]) == (200, None, 1)
        assert look["by_evidence"] is False and look["identities"][0]["value"] == EVA
        status, refused = await api("POST", path, {"other": gone})
        assert (status, refused["code"]) == (400, "reason_needed")
        assert (await api("POST", path, {"other": "ct_" + "A" * 22, "reason": "x"}))[0] == 404
        assert (await api("POST", path, {"other": kept, "reason": "x"}))[0] == 400
        done = (await api("POST", path, {"other": gone, "reason": "said so", "name": "Jana"}))[1]
        assert done["merge"]["state"] == "done" and done["merge"]["by"] == "console:Jana"
        assert (await api("GET", f"/{gone}"))[1]["merged_into"] == kept
        listed = (await api("GET", f"/{kept}/merges"))[1]["merges"]
        assert [one["id"] for one in listed] == [done["merge"]["id"]]
        undo = f"/{kept}/merges/{done['merge']['id']}/undo"
        assert (await api("POST", undo, {}))[1]["state"] == "undone"
        assert (await api("POST", undo, {}))[0] == 409
        assert (await api("GET", f"/{gone}"))[1]["merged_into"] is None


def say(conversation: ConversationId, chat: str) -> InboundEvent:
    return InboundEvent(
        id=EventId(f"telegram:1:{chat}:1"), conversation=conversation, text="Hello",
        address=Address(channel="telegram", account="1", chat=chat),
        author=Author(role="customer", name="Eva"),
    )  # fmt: skip


async def test_what_came_in_is_settled_behind_the_archive(bus: Bus, database: Database) -> None:
    people = SqlPeople(database)
    address = Address(channel="telegram", account="1", chat="42")
    talk = await bus.log.create(address, contact="telegram:42", level=1)
    await bus.log.accept(say(talk, "42"))
    follower = ArchiveFollower(bus.journal, bus.log, database, also=put_waiting)
    async with serving(follower, ContactKeeper(people, bus.log, pause=0.05)):
        await until_found(lambda: people.contact_of(talk))
    contact = await people.contact_of(talk)
    assert contact is not None and (await people.get(contact)).name == "Eva"
    async with open_api(bus, database) as (api, _):
        status, page = await api("GET", f"/{contact}/conversations")
        assert (status, [item["id"] for item in page["conversations"]]) == (200, [talk])
        assert (await api("GET", f"/ct_{'A' * 22}/conversations"))[0] == 404


async def test_who_proves_an_address_stays_who_they_were_however_late_the_archive_is(
    bus: Bus, database: Database
) -> None:
    people = SqlPeople(database)
    keeper = ContactKeeper(people, bus.log)
    place = Address(channel="telegram", account="1", chat="42")
    talk = await bus.log.create(Address(channel="rest", chat="r"))
    linked = note_of_place("link:1", talk, place, LINKED, "telegram:42", "A link.")
    await bus.log.accept(linked)
    await bus.log.accept(say(talk, "42"))
    follower = ArchiveFollower(bus.journal, bus.log, database, also=put_waiting)
    async with serving(follower):
        await until_found(keeper.look)
    before = await people.contact_of(talk)
    await bus.log.accept(say(talk, "42").model_copy(update={"id": EventId("telegram:1:42:2")}))
    async with serving(follower):
        await until_found(lambda: waits(people, talk))
    proofs = StoredProofs(bus.calls)
    assert await proofs.prove(talk, place, contact=EVA, email=EVA, level=ONE_TIME_CODE)
    assert await keeper.look() == 0  # the note of it is not in the archive yet
    await bus.log.accept(note_of_place("proof:1", talk, place, VERIFIED, EVA, "A code."))
    async with serving(follower):
        await until_found(keeper.look)
    assert before is not None and await people.contact_of(talk) == before
    found = (await people.everything(before)).identities
    assert {(one.channel, one.level) for one in found} == {("telegram", 3), ("email", 3)}


async def waits(people: SqlPeople, talk: ConversationId) -> bool:
    """There is news of the conversation, to be settled."""
    async with people.reading() as connection:
        query = select(waiting.c.conversation).where(waiting.c.conversation == talk)
        return (await connection.execute(query)).first() is not None


async def test_conversations_that_name_a_person_by_id_are_listed_and_join_nobody(
    bus: Bus, database: Database
) -> None:
    people = SqlPeople(database)
    eva = await people.create({"name": "Eva"})
    talk = await bus.log.create(Address(channel="rest", chat="r"), contact=eva.id)
    await bus.log.accept(say(talk, "r"))
    async with open_api(bus, database) as (api, _):

        async def listed() -> list[str]:
            page = (await api("GET", f"/{eva.id}/conversations"))[1]
            return [item["id"] for item in page["conversations"]]

        async with serving(ArchiveFollower(bus.journal, bus.log, database)):
            await until_found(listed)
        assert await listed() == [talk]
    assert (await people.everything(eva.id)).conversations == ()


async def test_what_came_in_while_the_database_was_away_is_settled_later(
    bus: Bus, database: Database
) -> None:
    class Away(SqlPeople):
        looks = 0

        def reading(self) -> Any:
            self.looks += 1
            if self.looks < 3:
                raise ArchiveUnavailable("away")
            return super().reading()

    people = Away(database)
    talk = await bus.log.create(
        Address(channel="telegram", account="1", chat="42"), contact="telegram:42", level=1
    )
    async with serving(
        ArchiveFollower(bus.journal, bus.log, database, also=put_waiting),
        ContactKeeper(people, bus.log, pause=0.01),
    ):
        assert (await bus.log.accept(say(talk, "42"))).seq == 1
        await until_found(lambda: SqlPeople(database).contact_of(talk))
    assert people.looks > 2
