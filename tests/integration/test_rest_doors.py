"""REST over a real socket and a real store: conversations, waiting, events, and bad input."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import jsonschema
import pytest

from core.bus.connect import Bus
from tests.fakes.gateway import ADMIN, Doors, open_doors


@pytest.fixture
async def doors(bus: Bus) -> AsyncGenerator[Doors]:
    async with open_doors(bus) as opened:
        yield opened


@pytest.fixture
async def http() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


class Api:
    """A caller with a token."""

    def __init__(self, doors: Doors, http: aiohttp.ClientSession, token: str | None = None) -> None:
        self.doors, self.http, self.token = doors, http, token

    async def call(
        self, method: str, path: str, *, status: int = 200, headers: dict[str, str] | None = None,
        **options: Any,
    ) -> Any:  # fmt: skip
        heads = dict(headers or {})
        if self.token is not None:
            heads["Authorization"] = f"Bearer {self.token}"
        url = self.doors.api + path
        async with self.http.request(method, url, headers=heads, **options) as response:
            body = await response.read()
            assert response.status == status, (response.status, body)
            return json.loads(body) if body else None

    def with_token(self, token: str) -> Api:
        return Api(self.doors, self.http, token)


@pytest.fixture
def api(doors: Doors, http: aiohttp.ClientSession) -> Api:
    return Api(doors, http)


async def opened(api: Api) -> tuple[str, Api]:
    """A new conversation and its customer."""
    made = await api.call("POST", "/conversations", status=201, json={})
    return f"/conversations/{made['id']}", api.with_token(made["token"])


async def test_a_question_with_wait_brings_its_answer(api: Api) -> None:
    path, customer = await opened(api)
    said = await customer.call("POST", f"{path}/messages?wait=10", json={"text": "Hello there."})
    assert said["seq"] == 1
    assert [reply["text"] for reply in said["replies"]] == ["Hello there."]
    assert said["replies"][0]["author"]["role"] == "ai"
    assert said["state"] == {"owner": "ai", "specialist": None, "status": "open"}


async def test_a_question_without_wait_is_accepted_and_its_answer_is_in_the_entries(
    api: Api,
) -> None:
    path, customer = await opened(api)
    assert await customer.call(
        "POST", f"{path}/messages", status=202, json={"text": "one.", "client_id": "a"}
    ) == {"seq": 1}
    async with asyncio.timeout(20):
        while len((await customer.call("GET", f"{path}/entries"))["entries"]) < 2:
            await asyncio.sleep(0.02)
    page = await customer.call("GET", f"{path}/entries?after=1")
    assert [(e["seq"], e["author"]["role"]) for e in page["entries"]] == [(2, "ai")]
    assert page["next"] == 2


async def test_the_same_client_id_is_said_once_and_other_words_under_it_are_refused(
    api: Api,
) -> None:
    path, customer = await opened(api)
    first = {"text": "one.", "client_id": "a"}
    for _ in range(2):
        answer = await customer.call("POST", f"{path}/messages", status=202, json=first)
        assert answer == {"seq": 1}
    problem = await customer.call(
        "POST", f"{path}/messages", status=409, json={"text": "two.", "client_id": "a"}
    )
    assert problem["code"] == "id_reused"


async def test_an_idempotency_key_repeats_the_answer_and_refuses_another_body(api: Api) -> None:
    key = {"Idempotency-Key": "k1"}
    one = await api.call("POST", "/conversations", status=201, headers=key, json={})
    two = await api.call("POST", "/conversations", status=201, headers=key, json={})
    assert one == two
    problem = await api.call(
        "POST", "/conversations", status=422, headers=key, json={"language": "cs"}
    )
    assert problem["code"] == "idempotency_key_reused"
    long = {"Idempotency-Key": "k" * 300}
    await api.call("POST", "/conversations", status=400, headers=long, json={})
    longer = {"Idempotency-Key": "k" * 10_000}
    async with api.http.post(f"{api.doors.api}/conversations", headers=longer) as response:
        assert response.status == 400


async def test_events_stream_the_log_and_then_what_happens_without_a_gap(api: Api) -> None:
    path, customer = await opened(api)
    await customer.call("POST", f"{path}/messages?wait=10", json={"text": "first."})
    heads = {"Authorization": f"Bearer {customer.token}", "Last-Event-ID": "1"}
    seen: list[int] = []
    async with api.http.get(api.doors.api + f"{path}/events", headers=heads) as stream:
        assert stream.content_type == "text/event-stream"
        await customer.call("POST", f"{path}/messages", status=202, json={"text": "second."})
        async with asyncio.timeout(20):
            async for line in stream.content:
                if line.startswith(b"id: "):
                    seen.append(int(line[4:]))
                if len(seen) == 3:
                    break
    assert seen == [2, 3, 4]


async def test_a_person_takes_over_answers_and_gives_back(api: Api) -> None:
    path, customer = await opened(api)
    desk = api.with_token(api.doors.tokens.issue("desk", name="Desk"))
    await customer.call("POST", f"{path}/messages?wait=10", json={"text": "help."})
    taken = await desk.call("POST", f"{path}/take", json={})
    assert taken["owner"] == "human"
    silent = await customer.call("POST", f"{path}/messages?wait=10", json={"text": "still there?"})
    assert silent["replies"] == []
    await desk.call("POST", f"{path}/replies", status=202, json={"text": "Yes, I am."})
    await desk.call("POST", f"{path}/notes", status=202, json={"text": "a calm customer"})
    released = await desk.call("POST", f"{path}/release", json={})
    assert released["owner"] == "ai"
    answered = await customer.call("POST", f"{path}/messages?wait=10", json={"text": "thanks."})
    assert [reply["text"] for reply in answered["replies"]] == ["thanks."]
    everything = (await customer.call("GET", f"{path}/entries"))["entries"]
    assert "a calm customer" not in [entry["text"] for entry in everything]
    took = next(e["seq"] for e in everything if e.get("action") == "take")
    gave = next(e["seq"] for e in everything if e.get("action") == "release")
    between = [e["author"]["role"] for e in everything if took < e["seq"] < gave]
    assert between == ["customer", "human_agent"]


async def test_a_closed_conversation_says_how_it_went(api: Api) -> None:
    path, customer = await opened(api)
    await customer.call("POST", f"{path}/messages?wait=10", json={"text": "bye."})
    closed = await customer.call("POST", f"{path}/close", json={"reason": "solved"})
    assert closed["status"] == "closed"
    assert closed["summary"]["messages"] == 2
    assert closed["summary"]["resolution"] == "solved"


async def test_foreign_conversations_look_as_if_they_did_not_exist(api: Api) -> None:
    path, _ = await opened(api)
    _, stranger = await opened(api)
    nowhere = "/conversations/cv_00_" + "A" * 22
    for method, rest in (("GET", ""), ("GET", "/entries"), ("GET", "/events"), ("GET", "/turns/1")):
        foreign = await stranger.call(method, path + rest, status=404)
        missing = await stranger.call(method, nowhere + rest, status=404)
        assert (foreign["code"], foreign["detail"]) == (missing["code"], missing["detail"])
    await stranger.call("POST", f"{path}/messages", status=404, json={"text": "x"})
    await stranger.call("POST", f"{path}/close", status=404, json={})


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "x" * 5000])
async def test_a_bad_token_is_refused_with_one_text(api: Api, header: str) -> None:
    path, _ = await opened(api)
    heads = {"Authorization": header} if header else {}
    problem = await api.call("GET", path, status=401, headers=heads)
    assert problem["detail"] == "the token is missing or not valid"


async def test_scopes_hold(api: Api) -> None:
    path, customer = await opened(api)
    for act in ("take", "release"):
        await customer.call("POST", f"{path}/{act}", status=403, json={})
    await customer.call("POST", f"{path}/replies", status=403, json={"text": "I am the desk"})
    await customer.call("GET", "/specialists", status=403)
    desk = api.with_token(api.doors.tokens.issue("desk"))
    await desk.call("POST", "/knowledge/documents", status=403, json={"title": "t", "text": "x"})
    await api.with_token(ADMIN).call("GET", "/specialists")


DEEP = b'{"text":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
BAD_BODIES: dict[str, tuple[bytes, dict[str, str], set[int]]] = {
    "broken": (b'{"text":', {}, {400}),
    "array": (b"[1]", {}, {400}),
    "null": (b"null", {}, {400}),
    "deep": (DEEP, {}, {400}),
    "nan": (b'{"text": NaN}', {}, {400}),
    "infinity": (b'{"text": 1e999}', {}, {400}),
    "doubled key": (b'{"text": "a", "text": "b"}', {}, {400}),
    "5,000 digits": (b'{"text": ' + b"9" * 5000 + b"}", {}, {400}),
    "bad utf-8": (b'{"text": "\xff\xfe"}', {}, {400}),
    "lone surrogate": (b'{"text": "\\ud800"}', {}, {400}),
    "number for text": (b'{"text": 5}', {}, {400}),
    "object for text": (b'{"text": {"$ne": null}}', {}, {400}),
    "empty text": (b'{"text": "   "}', {}, {400}),
    "no text": (b"{}", {}, {400}),
    "unknown field": (b'{"text": "a", "role": "admin"}', {}, {400}),
    "long text": (b'{"text": "' + b"a" * 9000 + b'"}', {}, {413}),
    "2 MB": (b'{"text": "' + b"a" * 2_000_000 + b'"}', {}, {413}),
    "gzip": (gzip.compress(b'{"text": "a"}'), {"Content-Encoding": "gzip"}, {415}),
    "gzip bomb": (gzip.compress(b"0" * 30_000_000), {"Content-Encoding": "gzip"}, {415}),
    "bad gzip": (b"not gzip", {"Content-Encoding": "gzip"}, {400, 415}),
    "other type": (b"text=a", {"Content-Type": "application/x-www-form-urlencoded"}, {415}),
    "plain text": (b'{"text": "a"}', {"Content-Type": "text/plain"}, {415}),
    "bad client id": (b'{"text": "a", "client_id": "../x"}', {}, {400}),
    "long client id": (b'{"text": "a", "client_id": "' + b"a" * 500 + b'"}', {}, {400}),
}


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_a_bad_body_is_a_typed_refusal_and_harms_nothing(
    api: Api, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    body, headers, expected = BAD_BODIES[name]
    path, customer = await opened(api)
    heads = {"Content-Type": "application/json", **headers}
    heads["Authorization"] = f"Bearer {customer.token}"
    url = f"{api.doors.api}{path}/messages"
    async with api.http.post(url, data=io.BytesIO(body), headers=heads) as response:
        assert response.status in expected
        assert response.content_type == "application/problem+json"
        assert (await response.json(content_type=None))["code"]
    again = await customer.call("POST", f"{path}/messages?wait=10", json={"text": "all well?"})
    assert again["seq"] == 1
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "query",
    ["after=-1", "after=x", "after=1e3", "limit=0", "limit=-5", "limit=" + "9" * 100, "after=%00"],
)
async def test_bad_numbers_in_the_query_are_refused(api: Api, query: str) -> None:
    path, customer = await opened(api)
    await customer.call("GET", f"{path}/entries?{query}", status=400)


async def test_a_huge_limit_is_brought_down(api: Api) -> None:
    path, customer = await opened(api)
    await customer.call("GET", f"{path}/entries?limit=1000000000")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/conversations", 405),
        ("GET", "/conversations/..%2f..%2fetc", 401),
        ("PATCH", "/triage", 405),
    ],
)
async def test_unknown_paths_and_methods_are_problems_too(
    api: Api, method: str, path: str, status: int
) -> None:
    problem = await api.call(method, path, status=status)
    assert problem["status"] == status
    assert problem["code"]


async def test_many_parts_and_two_lengths_do_not_reach_a_handler(api: Api) -> None:
    form = aiohttp.FormData()
    for number in range(2_000):
        form.add_field(f"f{number}", "x", filename="f")
    async with api.http.post(f"{api.doors.api}/conversations", data=form) as response:
        assert response.status == 415
    host, port = api.doors.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /api/v1/conversations HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"
    )
    await writer.drain()
    status = await reader.readline()
    assert b" 400 " in status
    writer.close()
    await writer.wait_closed()


async def test_a_foreign_site_is_refused_and_a_listed_one_is_let_in(api: Api) -> None:
    for origin in ("https://evil.example", "null"):
        problem = await api.call(
            "POST", "/conversations", status=403, headers={"Origin": origin}, json={}
        )
        assert problem["code"] == "foreign_origin"
    await api.call("POST", "/conversations", status=201, headers={"Origin": api.doors.url}, json={})


async def test_health_is_honest_about_the_store(api: Api, bus: Bus) -> None:
    assert (await api.call("GET", "/health"))["status"] == "ok"
    assert (await api.call("GET", "/health/ready"))["ready"] is True
    embedded = bus.embedded
    assert embedded is not None
    await embedded.close()
    problem = await api.call("POST", "/conversations", status=503, json={})
    assert problem["code"] == "bus_unavailable"
    assert (await api.call("GET", "/health/ready", status=503))["ready"] is False
    assert (await api.call("GET", "/health"))["status"] == "ok"
    await embedded.start()


async def test_the_description_of_the_api_is_valid_and_complete(api: Api) -> None:
    async with api.http.get(f"{api.doors.url}/api/openapi.json") as response:
        document = await response.json()
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    ]
    assert len(names) == len(set(names))


async def test_metrics_are_there_for_who_may_see_them(api: Api) -> None:
    async with api.http.get(f"{api.doors.url}/metrics") as response:
        assert "switchboard_events_total" in await response.text()
