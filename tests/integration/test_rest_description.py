"""The description of the API is complete, sound, and true of what the gateway answers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import aiohttp
import jsonschema
import pytest
from schemathesis import openapi

from channels.desk_acts import DeskActs
from channels.ingress import Ingress
from channels.rest.queries import area_of
from channels.rest.routes import list_routes
from core.archive.database import open_database
from core.archive.follower import GROUP, ArchiveFollower
from core.archive.queue import DeskQueue
from core.archive.settings import DatabaseSettings
from core.bus.connect import Bus
from core.conversation import Turnpike
from core.escalation.rules import EscalationRules
from core.messages import Address, Author
from switchboard.doors import StatisticsDoor
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors

STAFF = {"Authorization": f"Bearer {ADMIN}"}


@pytest.fixture
async def doors(bus: Bus) -> AsyncGenerator[Doors]:
    async with open_doors(bus) as opened:
        yield opened


class Reader:
    """Asks, and holds each answer to the description."""

    def __init__(self, doors: Doors, http: aiohttp.ClientSession, document: Any) -> None:
        self.doors, self.http, self.document = doors, http, document

    async def ask(self, method: str, path: str, like: str, **options: Any) -> Any:
        url = f"{self.doors.url}{path}"
        async with self.http.request(method, url, headers=STAFF, **options) as response:
            answer = await response.json()
            status = str(response.status)
        described = self.document["paths"][like][method.lower()]["responses"][status]
        if "$ref" in described:
            described = self.document["components"]["responses"][described["$ref"].split("/")[-1]]
        schema = described["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator({**schema, **self.document}).validate(answer)
        return answer


@pytest.fixture
async def reader(doors: Doors) -> AsyncGenerator[Reader]:
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{doors.url}/api/openapi.json") as response:
            document = await response.json()
        yield Reader(doors, http, document)


async def test_every_route_is_described_and_nothing_else(reader: Reader, bus: Bus) -> None:
    described = {
        (method.upper(), path)
        for path, methods in reader.document["paths"].items()
        for method in methods
    }
    assert described == {(route.method, route.path) for route in list_routes(list_deps(bus))}


async def test_every_shape_is_a_schema_and_every_reference_leads_somewhere(reader: Reader) -> None:
    components = reader.document["components"]
    for schema in components["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    named = re.findall(r"'#/components/(\w+)/(\w+)'", str(reader.document))
    assert len(named) > 40
    assert [name for kind, name in named if name not in components[kind]] == []


async def test_answers_are_what_the_description_says(reader: Reader) -> None:
    every = "/api/v1/conversations"
    made = await reader.ask("POST", every, every, json={"text": "Hello."})
    one, like = f"{every}/{made['id']}", f"{every}/{{id}}"
    words = {"text": "And now?", "client_id": "m1"}
    await reader.ask("POST", f"{one}/messages", f"{like}/messages", json={"text": "Then?"})
    said = await reader.ask("POST", f"{one}/messages?wait=5", f"{like}/messages", json=words)
    assert said["replies"]
    acts: dict[str, dict[str, Any]] = {
        "take": {"reason": "test"}, "release": {"decided": "so"}, "assign": {"to": "Eva"},
        "snooze": {"minutes": 5}, "priority": {"priority": "high"}, "escalate": {"reason": "legal"},
    }  # fmt: skip
    for act, body in acts.items():
        await reader.ask("POST", f"{one}/{act}", f"{like}/{act}", json=body)
    for act in ("replies", "notes"):
        await reader.ask("POST", f"{one}/{act}", f"{like}/{act}", json={"text": "From a person."})
    await reader.ask("GET", one, like)
    assert len((await reader.ask("GET", f"{one}/entries", f"{like}/entries"))["entries"]) > 5
    await reader.ask("POST", f"{one}/close", f"{like}/close", json={"reason": "done"})
    await reader.ask("PUT", "/api/v1/duty", "/api/v1/duty", json={"on": True})
    assert (await reader.ask("GET", "/api/v1/duty", "/api/v1/duty"))["people"]
    await reader.ask("GET", "/api/v1/specialists", "/api/v1/specialists")
    for path in ("/health", "/health/ready", "/health/detailed"):
        await reader.ask("GET", path, path)


@pytest.fixture
async def archived(bus: Bus, tmp_path: Path) -> AsyncGenerator[Reader]:
    """With an archive that holds one case, opened by a person."""
    async with open_database(DatabaseSettings(data_dir=tmp_path)) as database:
        await database.migrate()
        deps = replace(
            list_deps(bus), queue=DeskQueue(database, EscalationRules()),
            statistics=StatisticsDoor(database),
        )  # fmt: skip
        async with open_doors(bus, deps=deps) as doors, aiohttp.ClientSession() as http:
            talk = await bus.log.create(Address(channel="rest", chat=""))
            work = DeskActs(bus.log, Ingress(bus.log, channel="rest", turnpike=Turnpike()))
            ann = Author(role="human_agent", name="Ann")
            await work.control(talk, "assign", author=ann, reason=None, value="Eva")
            await work.control(talk, "prioritise", author=ann, reason=None, value="urgent")
            async for batch in bus.journal.follow(GROUP, "test", asyncio.Event()):
                await ArchiveFollower(bus.journal, bus.log, database).store(batch)
                break
            async with http.get(f"{doors.url}/api/openapi.json") as response:
                document = await response.json()
            yield Reader(doors, http, document)


async def test_the_queue_and_the_statistics_are_what_the_description_says(archived: Reader) -> None:
    (case,) = (await archived.ask("GET", "/api/v1/cases", "/api/v1/cases"))["cases"]
    assert (case["holder"], case["assignee"], case["priority"]) == ("Eva", "Eva", "urgent")
    assert case["clocks"]["resolution"]["state"] == "runs"
    stats = await archived.ask("GET", "/api/v1/stats", "/api/v1/stats")
    assert stats["volumes"]["acts"] == {"assign": 1, "prioritise": 1}
    ahead = "/api/v1/stats/forecast"
    refused = (await archived.ask("GET", f"{ahead}?hours=3&of=cases", ahead))["refused"]
    assert refused["code"] == "too_short" and "two weeks" in refused["reason"]
    for wrong in ("hours=0", "hours=337", "hours=x", "of=tea", "a=1"):
        url = f"{archived.doors.api}/stats/forecast?{wrong}"
        async with archived.http.get(url, headers=STAFF) as response:
            assert response.status == 400, wrong
    day = "/api/v1/stats?from=2020-01-01&to=2020-01-02T00:00:00%2B01:00"
    assert (await archived.ask("GET", day, "/api/v1/stats"))["to"] == "2020-01-01T23:00:00.000Z"
    for wrong in ("from=x", "from=2020-01-02&to=2020-01-01", "to=9999-12-31T23:59:59-05:00", "a=1"):
        url = f"{archived.doors.api}/stats?{wrong}"
        async with archived.http.get(url, headers=STAFF) as response:
            assert response.status == 400, wrong


class Shelf:
    """The documents of a knowledge base, nothing more."""

    async def list(self) -> list[dict[str, Any]]:
        return [{"id": f"návod-{number}"} for number in (3, 1, 2, 5, 4)]


async def test_documents_come_in_pages_and_a_forged_cursor_is_refused(bus: Bus) -> None:
    deps = replace(list_deps(bus), knowledge=cast("Any", Shelf()))
    async with open_doors(bus, deps=deps) as doors, aiohttp.ClientSession(headers=STAFF) as http:
        url, seen, cursor = f"{doors.api}/knowledge/documents?limit=2", [], ""
        while cursor is not None:
            async with http.get(url + (f"&cursor={cursor}" if cursor else "")) as response:
                page = await response.json()
            seen.append([item["id"][-1] for item in page["documents"]])
            cursor = page["next"]
        assert seen == [["1", "2"], ["3", "4"], ["5"]]
        for forged in ("x", "%00", "MjphYmM", "a" * 5_000, "%ff%fe"):
            async with http.get(f"{url}&cursor={forged}") as response:
                assert response.status == 400
                assert (await response.json())["code"] == "bad_cursor"


def examples(document: Any) -> list[tuple[str, Any, Any]]:
    """Where, the schema, and the example: of every body of every operation."""
    found: list[tuple[str, Any, Any]] = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answers = {
                status: document["components"]["responses"][answer["$ref"].split("/")[-1]]
                if "$ref" in answer else answer
                for status, answer in operation["responses"].items()
            }  # fmt: skip
            bodies = {"request": operation.get("requestBody", {}), **answers}
            found += [
                (f"{method} {path} {name} {kind}", content["schema"], content.get("example"))
                for name, body in bodies.items()
                for kind, content in body.get("content", {}).items()
                if content["schema"].get("format") != "binary" and kind != "multipart/form-data"
            ]
    return found


async def test_every_operation_has_examples_and_they_are_of_its_shapes(reader: Reader) -> None:
    found = examples(reader.document)
    assert len(found) > 300
    for where, schema, example in found:
        assert example is not None, where
        checker = jsonschema.Draft202012Validator({**schema, **reader.document})
        problem = next(checker.iter_errors(example), None)
        assert problem is None, (where, problem and problem.message, example)


async def test_the_description_is_valid_openapi(reader: Reader) -> None:
    schema = openapi.from_dict(reader.document)
    schema.validate()
    wrong = reader.document | {"paths": {"/x": {"get": {"responses": {"200": {}}}}}}
    with pytest.raises(Exception, match="description"):
        openapi.from_dict(wrong).validate()


async def test_every_operation_says_who_may_and_how_it_refuses(reader: Reader) -> None:
    for path, methods in reader.document["paths"].items():
        for method, operation in methods.items():
            assert "oken" in operation["description"], path
            expected = {"400", "401", "403", "429", "503"}
            expected |= {"404"} if "{" in path else set()
            expected |= {"409", "422"} if method == "post" else set()
            assert expected <= set(operation["responses"]), (method, path)


async def test_the_page_about_rest_names_every_part_that_a_token_may_be_held_to(
    bus: Bus, root: Path
) -> None:
    page = (root / "docs/channels/rest.md").read_text("utf-8")
    areas = {area_of(route.path) for route in list_routes(list_deps(bus))
             if route.audience != "anyone"}  # fmt: skip
    assert {area for area in areas if f"`{area}`" not in page} == set()
