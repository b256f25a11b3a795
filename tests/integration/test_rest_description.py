"""The description of the API is complete, sound, and true of what the gateway answers."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any, cast

import aiohttp
import jsonschema
import pytest

from channels.rest.routes import list_routes
from core.bus.connect import Bus
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
    for act in ("take", "release"):
        await reader.ask("POST", f"{one}/{act}", f"{like}/{act}", json={"reason": "test"})
    for act in ("replies", "notes"):
        await reader.ask("POST", f"{one}/{act}", f"{like}/{act}", json={"text": "From a person."})
    await reader.ask("GET", one, like)
    assert len((await reader.ask("GET", f"{one}/entries", f"{like}/entries"))["entries"]) > 5
    await reader.ask("POST", f"{one}/close", f"{like}/close", json={"reason": "done"})
    await reader.ask("GET", "/api/v1/specialists", "/api/v1/specialists")
    for path in ("/health", "/health/ready", "/health/detailed"):
        await reader.ask("GET", path, path)


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
