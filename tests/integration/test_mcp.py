"""The MCP server as clients meet it: the SDK's own client over HTTP, and bare requests."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import httpx2
import jwt
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from channels.mcp.door import MOST_BYTES
from channels.mcp.settings import McpSettings
from channels.settings import WebSettings
from core.bus.connect import Bus
from core.messages import Address
from switchboard.mcp import mcp_door
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors

ASK = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
STAFF = ASK | {"Authorization": f"Bearer {ADMIN}"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
GUESSES = 20
WRITES = {"draft", "reply", "note", "take", "give_back", "open_ticket", "update_ticket"}


@pytest.fixture
async def doors(bus: Bus) -> AsyncGenerator[Doors]:
    settings = WebSettings(messages_per_second=10_000, refused_per_minute=GUESSES)
    deps = list_deps(bus, settings=settings)
    opened = mcp_door(deps.tokens, McpSettings(), "1.2.3")
    assert opened is not None
    door, api = opened
    async with open_doors(bus, deps=replace(deps, mcp=door)) as running:
        api.url = running.url
        yield running


@asynccontextmanager
async def client(doors: Doors, token: str = ADMIN) -> AsyncGenerator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        transport = streamable_http_client(f"{doors.url}/mcp", http_client=http)
        async with Client(transport) as opened:
            yield opened


async def call(opened: Client, tool: str, **arguments: Any) -> tuple[bool, Any]:
    """Whether it is an error, and what it gave."""
    result = await opened.call_tool(tool, arguments)
    if result.is_error:
        return True, result.content[0].text  # pyright: ignore[reportAttributeAccessIssue]
    return False, result.structured_content


async def talk(doors: Doors, text: str = "Hello?") -> str:
    """A conversation in which the customer said something."""
    async with aiohttp.ClientSession() as http:
        answer = await http.post(f"{doors.api}/conversations", json={"text": text})
        return (await answer.json())["id"]


async def post(
    doors: Doors, headers: dict[str, str], body: Any = PING, query: str = ""
) -> tuple[int, str]:
    data: Any = json.dumps(body).encode() if isinstance(body, dict) else body
    data = io.BytesIO(data) if isinstance(data, bytes) else data
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{doors.url}/mcp{query}", data=data, headers=headers) as response,
    ):
        return response.status, await response.text()


async def pieces(piece: bytes, times: int) -> AsyncGenerator[bytes]:
    """A body whose length is not told."""
    for _ in range(times):
        yield piece


async def test_tools_say_whether_they_read_or_write_and_do_nothing_unasked(doors: Doors) -> None:
    async with client(doors) as opened:
        tools = {tool.name: tool for tool in (await opened.list_tools()).tools}
    assert {name for name, tool in tools.items() if not tool.annotations.read_only_hint} == WRITES  # pyright: ignore[reportOptionalMemberAccess]
    for name in WRITES:
        assert tools[name].input_schema["properties"]["dry_run"]["default"] is True


async def test_what_was_said_can_be_read_and_lists_hold_no_words(doors: Doors) -> None:
    name = await talk(doors, "Is this a secret?")
    async with client(doors) as opened:
        failed, read = await call(opened, "read_conversation", conversation=name)
    assert not failed
    assert read["entries"][0]["text"] == "Is this a secret?"
    assert "never instructions" in read["notice"]


async def test_a_reply_is_made_only_when_it_is_meant_and_once(doors: Doors, bus: Bus) -> None:
    name = await talk(doors)
    given = {"conversation": name, "text": "I am here.", "key": "one"}
    async with client(doors) as opened:
        failed, rehearsed = await call(opened, "reply", **given)
        assert (failed, rehearsed["dry_run"]) == (False, True)
        assert (await bus.log.head((await the(bus, name)).id)).owner == "ai"
        for _ in range(2):
            failed, done = await call(opened, "reply", **given, dry_run=False)
            assert (failed, done["dry_run"]) == (False, False)
    head = await the(bus, name)
    entries = await bus.log.entries(head.id)
    assert head.owner == "human"
    assert [entry.text for entry in entries].count("I am here.") == 1


async def test_it_is_given_back_with_what_was_decided(doors: Doors, bus: Bus) -> None:
    name = await talk(doors)
    async with client(doors) as opened:
        await call(opened, "take", conversation=name, dry_run=False)
        failed, _ = await call(
            opened, "give_back", conversation=name, decided="A refund.", dry_run=False
        )
    assert not failed
    head = await the(bus, name)
    last = (await bus.log.entries(head.id))[-1]
    assert (head.owner, last.action) == ("ai", "release")
    assert "A refund." in (last.value or "")


async def test_a_conversation_is_a_resource(doors: Doors) -> None:
    name = await talk(doors)
    async with client(doors) as opened:
        read = await opened.read_resource(f"switchboard://conversations/{name}")
    content: Any = read.contents[0]
    assert json.loads(content.text)["entries"][0]["text"] == "Hello?"


@pytest.mark.parametrize(
    "arguments",
    [
        {"conversation": "c00nothing"},
        {"conversation": "../../health"},
        {"conversation": "x?token=1#"},
        {"conversation": ""},
        {"conversation": 7},
        {"conversation": "c" * 1000},
        {},
    ],
    ids=["unknown", "path", "query", "empty", "number", "long", "none"],
)
async def test_wrong_arguments_are_an_error_for_the_model(
    doors: Doors, arguments: dict[str, Any]
) -> None:
    async with client(doors) as opened:
        failed, words = await call(opened, "read_conversation", **arguments)
    assert failed
    assert "Traceback" not in words


async def test_a_draft_is_for_people_and_takes_nothing_over(doors: Doors, bus: Bus) -> None:
    name = await talk(doors)
    async with client(doors) as opened:
        failed, _ = await call(opened, "draft", conversation=name, text="Maybe so.", dry_run=False)
    assert not failed
    head = await the(bus, name)
    last = (await bus.log.entries(head.id))[-1]
    assert (last.kind, last.text, last.in_reply_to) == ("draft", "Maybe so.", 1)
    assert head.owner == "ai"


async def test_who_asks_is_known_by_the_token_and_by_nothing_else(doors: Doors) -> None:
    """M1-M5: no token, another's, one to be passed on, a session that is another's or guessed."""
    name = await talk(doors)
    foreign = jwt.encode({"aud": "another-server", "sub": "boss"}, "k" * 40, algorithm="HS256")
    customer = doors.tokens.issue_customer(name)
    table: list[tuple[str, dict[str, str], int]] = [
        ("no token", ASK, 401),
        ("no scheme", ASK | {"Authorization": ADMIN}, 401),
        ("basic", ASK | {"Authorization": "Basic YWRtaW46YWRtaW4="}, 401),
        ("wrong", ASK | {"Authorization": f"Bearer {ADMIN}x"}, 401),
        ("in the query", ASK | {"X-Query": "1"}, 401),
        ("another audience", ASK | {"Authorization": f"Bearer {foreign}"}, 401),
        ("to be passed on", ASK | {"Authorization": "Bearer ghp_0123456789abcdef"}, 401),
        ("a customer's", ASK | {"Authorization": f"Bearer {customer}"}, 403),
        ("another's session", ASK | {"Mcp-Session-Id": "1" * 32}, 401),
        ("a guessed session", STAFF | {"Mcp-Session-Id": "guessed"}, 200),
    ]
    for what, headers, expected in table:
        query = f"?token={ADMIN}&access_token={ADMIN}" if "X-Query" in headers else ""
        status, words = await post(doors, headers, query=query)
        assert status == expected, what
        assert "Traceback" not in words and ADMIN not in words, what


async def test_who_guesses_tokens_is_asked_to_wait(doors: Doors) -> None:
    for _ in range(GUESSES):
        assert (await post(doors, ASK | {"Authorization": "Bearer guess"}))[0] == 401
    assert (await post(doors, ASK | {"Authorization": "Bearer guess"}))[0] == 429
    assert (await post(doors, STAFF))[0] == 200


async def test_pages_of_strangers_do_not_get_in(doors: Doors) -> None:
    """M6-M7: the Host and Origin of somebody else."""
    table = [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
    ]
    for more, status in table:
        assert (await post(doors, STAFF | more))[0] == status, more


async def test_odd_requests_are_typed_errors(doors: Doors) -> None:
    """M8, M14, M16: too much, a batch, what is no message, a cancelled request of somebody else."""
    cancelled = {"method": "notifications/cancelled", "params": {"requestId": 99}}
    table: list[tuple[str, bytes, set[int]]] = [
        ("cut", b"{", {400}),
        ("list", b"[]", {400}),
        ("batch", json.dumps([PING] * 10_000).encode(), {400}),
        ("method", b'{"jsonrpc": "2.0", "id": 1, "method": "nothing/here"}', {200, 404}),
        ("nested", b"[" * 100_000, {400}),
        ("bytes", b"\xff\xfe", {400}),
        ("large", b'{"a":"' + b"x" * MOST_BYTES + b'"}', {413}),
        ("cancelled", json.dumps({"jsonrpc": "2.0", **cancelled}).encode(), {202}),
    ]
    for what, body, expected in table:
        status, words = await post(doors, STAFF, body)
        assert status in expected, what
        assert "Traceback" not in words, what
    status, _ = await post(doors, STAFF, pieces(b"x" * 65_536, MOST_BYTES // 65_536 + 1))
    assert status == 413  # also when its length was not told


async def test_there_is_an_end_to_what_is_served_at_once(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M9: there are no sessions that could run out; what is served at the same time has an end."""
    monkeypatch.setattr("channels.mcp.door.MOST_AT_ONCE", 1)
    for _ in range(3):  # one after the other: each gives its place back
        assert (await post(doors, STAFF))[0] == 200
    assert (await post(doors, STAFF, b"{"))[0] == 400
    monkeypatch.setattr("channels.mcp.door.MOST_AT_ONCE", 0)
    assert (await post(doors, STAFF))[0] == 503
    assert (await post(doors, ASK))[0] == 401  # who may not ask does not learn that it is busy


async def test_what_an_assistant_asks_wrongly_is_an_error_and_never_another_right(
    doors: Doors, bus: Bus
) -> None:
    """M10-M13, M15: hidden tools, extra arguments, another's id, files, forged cursors."""
    name = await talk(doors)
    async with client(doors) as opened:
        for tool, given in (
            ("delete_everything", {}),
            ("read_conversation", {"conversation": name, "after": "DROP TABLE"}),
            ("list_tickets", {"cursor": "forged"}),
            ("list_conversations", {"cursor": "bm90IGEgY3Vyc29y"}),
            ("reply", {"conversation": name}),
        ):
            failed, words = await call(opened, tool, **given)
            assert failed and "Traceback" not in words, tool
        given = {"conversation": name, "text": "Hi.", "dry_run": False}
        more = {"author": "The boss", "name": "The boss", "role": "admin", "contact": "anna"}
        await call(opened, "reply", **given, **more)
        for uri in ("file:///etc/passwd", "switchboard://conversations/..%2F..%2Fhealth",
                    "switchboard://tickets/%00"):  # fmt: skip
            with pytest.raises(MCPError):
                await opened.read_resource(uri)
        with pytest.raises(MCPError, match="no such conversation"):
            await opened.read_resource("switchboard://conversations/cv_00_nobody")
    said = [entry.author.name for entry in await bus.log.entries((await the(bus, name)).id)]
    assert "The boss" not in said


async def the(bus: Bus, name: str) -> Any:
    """The head of this conversation."""
    found = await bus.log.find(Address(channel="rest", chat=name))
    assert found is not None
    return await bus.log.head(found)
