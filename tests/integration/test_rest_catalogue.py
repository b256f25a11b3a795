"""Bad inputs of REST, one by one: what is answered, that nothing changes, and nothing is told.

The numbers are those of tests/data/bad_inputs.toml. One gateway holds a victim's conversation,
ticket, file and contact; whoever attacks has a conversation of their own, or a token of the desk.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from channels.settings import WebSettings
from core.bus.connect import open_bus
from core.bus.settings import BusSettings
from tests.fakes.gateway import open_doors
from tests.integration.catalogue_rig import NOWHERE, Answer, World, world

__all__ = ["world"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


# ---- who asks ------------------------------------------------------------------------------------

STRANGERS: dict[str, tuple[str, dict[str, str]]] = {
    "R1": ("", {}),
    "R2": ("", {"Authorization": "Bearer wrong"}),
    "R3": ("", {"Authorization": "Bearer {revoked}"}),
    "R4": ("", {"Authorization": "Bearer {tenant}"}),
    "R5": ("?token={admin}&access_token={admin}&api_key={admin}", {"X-Api-Key": "{admin}"}),
    "R7": ("", {"Authorization": "Basic YWRtaW46YWRtaW4="}),
}


@pytest.mark.parametrize("row", STRANGERS)
async def test_who_is_not_known_gets_one_answer(world: World, row: str) -> None:
    query, headers = STRANGERS[row]
    heads = {name: value.format(**world.names) for name, value in headers.items()}
    before = await world.state()
    for method, path in (("GET", ""), ("POST", "/take"), ("GET", "/entries")):
        path = f"/conversations/{{victim}}{path}{query}"
        answer = await world.call(method, path, who=None, headers=heads)
        assert answer.status == 401
        assert answer.problem == {
            "type": "urn:switchboard:problem:unauthorized", "title": "Unauthorized",
            "status": 401, "code": "unauthorized", "detail": "the token is missing or not valid",
        }  # fmt: skip
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await world.state() == before


@pytest.mark.parametrize("cut", ["\r", "\n", "\r\n ", "\x00"])
async def test_a_header_cannot_be_broken_open(world: World, cut: str) -> None:
    """R6."""
    line = await world.raw(
        "GET /api/v1/conversations/{victim} HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer x{cut}X-Scope: admin\r\nConnection: close\r\n\r\n"
    )
    assert line.split()[1] in {b"400", b"401"}


# ---- what is not theirs --------------------------------------------------------------------------

# Row: method, path with the foreign name, body; the same with a name that does not exist.
FOREIGN: dict[str, list[tuple[str, str, Any]]] = {
    "R8": [("GET", "/conversations/{victim}", None),
           ("GET", "/conversations/{victim}/entries", None),
           ("GET", "/conversations/{victim}/events", None),
           ("GET", "/conversations/{victim}/turns/1", None),
           ("POST", "/conversations/{victim}/messages", {"text": "Hi"}),
           ("POST", "/conversations/{victim}/links", {})],
    "R9": [("POST", "/conversations/{victim}/close", {})],
    "R11": [("GET", "/tickets/{ticket}", None),
            ("POST", "/tickets/{ticket}/replies", {"text": "Mine?"})],
    "R12": [("POST", "/conversations/{own}/messages",
             {"text": "See", "attachments": [{"id": "{file}"}]})],
}  # fmt: skip
MISSING = {"victim": NOWHERE, "ticket": "T-ZZZZZZ", "file": "fl_" + "A" * 22}


@pytest.mark.parametrize("row", FOREIGN)
async def test_what_is_not_yours_looks_as_if_there_were_none(world: World, row: str) -> None:
    before = await world.state()
    for method, path, body in FOREIGN[row]:
        answers: list[Answer] = []
        for names in (world.names, world.names | MISSING):
            sent = _with(body, names)
            answers.append(await world.call(method, _fill(path, names), json=sent))
        foreign, missing = answers
        assert foreign.status == missing.status == 404, (path, foreign)
        assert foreign.problem == missing.problem
        assert foreign.headers["Content-Length"] == missing.headers["Content-Length"]
        if method == "GET":  # and as it is for those who may see everything
            none = await world.call(method, _fill(path, world.names | MISSING), who="desk")
            told = "detail" if "/turns/" not in path else "code"
            assert (none.status, none.body[told]) == (404, foreign.body[told])
    assert await world.state() == before


def _fill(path: str, names: dict[str, str]) -> str:
    return path.format(**names).replace("{", "{{").replace("}", "}}")


def _with(body: Any, names: dict[str, str]) -> Any:
    filled = json.dumps(body)
    for name, value in names.items():
        filled = filled.replace(f"{{{name}}}", value)
    return json.loads(filled)


# ---- what is refused as it stands ----------------------------------------------------------------

Attack = tuple[str, str, str, Any, set[int]]
REFUSED: dict[str, list[Attack]] = {
    "R9": [("attacker", "DELETE", "/conversations/{victim}", None, {405}),
           ("attacker", "DELETE", "/conversations/{victim}/tokens", None, {403})],
    "R10": [("desk", "POST", "/conversations/{own}/drafts/{victim}:1:0/send", {}, {404}),
            ("attacker", "GET", "/conversations/{own}/turns/1", None, {404})],
    "R13": [("reader", "DELETE", "/conversations/{victim}/tokens", None, {403}),
            ("reader", "POST", "/conversations/{victim}/close", {}, {403}),
            ("reader", "PATCH", "/tickets/{ticket}", {"status": "closed"}, {403}),
            ("reader", "DELETE", "/tokens/at_1", None, {403})],
    "R14": [("attacker", "POST", "/conversations/{own}/messages",
             {"text": "Hi", "role": "admin"}, {400}),
            ("attacker", "POST", "/conversations/{own}/messages",
             {"text": "Hi", "author": {"role": "human_agent"}}, {400}),
            ("desk", "POST", "/tokens", {"scope": "admin"}, {403}),
            ("admin", "POST", "/tokens", {"scope": "root"}, {400})],
    "R15": [("attacker", "POST", "/conversations/{own}/messages",
             {"text": "Hi", "tenant_id": 2}, {400}),
            ("desk", "GET", "/tickets?tenant_id=2", None, {400}),
            ("desk", "PATCH", "/tickets/{ticket}", {"conversation": "{own}"}, {400})],
    "R16": [(who, "POST", "/contacts/{contact}/export", {}, {403})
            for who in ("attacker", "desk", "reader")],
    "R17": [("attacker", "POST", "/conversations/{own}/messages", {"text": {"$ne": None}}, {400}),
            ("desk", "GET", "/conversations?q[$ne]=", None, {400}),
            ("desk", "GET", "/conversations?status[$ne]=x", None, {400})],
    "R18": [("desk", "GET", "/tickets?order_by=id;drop table tickets", None, {400}),
            ("desk", "GET", "/conversations?sort=-id", None, {400})],
    "R19": [("desk", "GET", "/tickets?status=open' OR 1=1--", None, {400}),
            ("desk", "GET", "/conversations?owner=ai' OR '1'='1", None, {400}),
            ("desk", "GET", "/tickets?status=open&status=closed", None, {400})],
    "R22": [("desk", "GET", "/conversations/..%2f..%2fetc%2fpasswd", None, {404}),
            ("desk", "GET", "/conversations/%00", None, {404}),
            ("desk", "GET", "/tickets/..%5c..%5c%00", None, {404}),
            ("admin", "DELETE", "/webhooks/..%2f..%2fetc", None, {404})],
    "R24": [("desk", "GET", "/tickets?limit=-1", None, {400}),
            ("attacker", "GET", "/conversations/{own}/entries?after=-1", None, {400})],
    "R26": [("desk", "GET", f"/{name}?cursor={cursor}", None, {400})
            for name in ("tickets", "conversations", "contacts")
            for cursor in ("x", "MTp4Onk", "%00", "a" * 3_000,
                           "MTowMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA6MjAzMC0wMS0wMXxUMQ")],
    "R27": [("desk", "GET", f"/{name}?cursor={{cursor}}", None, {400})
            for name in ("conversations", "contacts", "contacts/{contact}/conversations")],
    "R43": [("admin", "POST", "/webhooks", {"url": url}, {400}) for url in
            ("https://127.0.0.1/", "https://localhost/", "https://127.1/", "http://127.0.0.1/")],
    "R44": [("admin", "POST", "/webhooks", {"url": url}, {400})
            for url in ("https://[::1]/", "https://[::ffff:127.0.0.1]/")],
    "R45": [("admin", "POST", "/webhooks", {"url": url}, {400})
            for url in ("https://0x7f000001/", "https://2130706433/", "https://017700000001/")],
    "R46": [("admin", "POST", "/webhooks", {"url": url}, {400}) for url in
            ("https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/")],
    "R50": [(who, "DELETE", "/contacts/{contact}" + query, None, {403})
            for who in ("attacker", "desk", "reader") for query in ("", "?dry_run=true")],
    "R49": [("admin", "POST", "/webhooks", {"url": "{url}/api/v1/tokens"}, {400})],
}  # fmt: skip


@pytest.mark.parametrize("row", REFUSED)
async def test_what_may_not_be_is_refused_and_changes_nothing(
    world: World, row: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = await world.state()
    for who, method, path, body, expected in REFUSED[row]:
        names = world.names | {"url": world.doors.url}
        answer = await world.call(method, _fill(path, names), who=who, json=_with(body, names))
        assert answer.status in expected, (path, body, answer)
        assert answer.body["code"] and answer.body["detail"]
    assert await world.state() == before
    printed = capfd.readouterr()
    assert "Traceback" not in printed.out + printed.err


@pytest.mark.parametrize(
    ("row", "q", "finds"),
    [("R20", "%", ["100%"]), ("R20", "%_", []), ("R20", "' OR 1=1 --", []),
     ("R21", "(a+)+$" * 40, []), ("R21", "a" * 1_900 + "!", [])],
)  # fmt: skip
async def test_what_is_searched_for_is_text_and_no_pattern(
    world: World, row: str, q: str, finds: list[str]
) -> None:
    async with asyncio.timeout(10):
        for path in ("/tickets", "/conversations", "/contacts"):
            url = f"{world.doors.api}{path}"
            heads = {"Authorization": f"Bearer {world.names['desk']}"}
            async with world.http.get(url, params={"q": q}, headers=heads) as response:
                found = await response.json()
                assert response.status == 200, found
            for item in found[path[1:]]:
                assert any(text in json.dumps(item) for text in finds), (row, item)


async def test_headers_of_proxies_make_nobody_somebody(world: World) -> None:
    """R23."""
    forged = {"X-Tenant-Id": "2", "X-User": "admin", "X-Forwarded-User": "admin",
              "X-Original-URL": "/api/v1/tokens", "X-HTTP-Method-Override": "DELETE",
              "X-Forwarded-For": "127.0.0.1"}  # fmt: skip
    assert (await world.call("GET", "/conversations/{victim}", headers=forged)).status == 404
    assert (await world.call("GET", "/tokens", headers=forged)).status == 403
    assert (await world.call("GET", "/conversations/{own}", headers=forged)).status == 200


async def test_a_limit_is_brought_down_and_pages_end(world: World) -> None:
    """R25, R28."""
    page = await world.call("GET", "/tickets?limit=1000000000", who="desk")
    assert page.status == 200 and len(page.body["tickets"]) == 4
    seen, cursor = 0, ""
    while cursor is not None and seen < 20:
        more = f"&cursor={cursor}" if cursor else ""
        page = await world.call("GET", f"/tickets?limit=1{more}", who="desk")
        seen, cursor = seen + len(page.body["tickets"]), page.body["next"]
    assert seen == 4
    deep = await world.call("GET", "/conversations/{own}/entries?after=9007199254740991")
    assert (deep.status, deep.body["entries"]) == (200, [])


# ---- bodies --------------------------------------------------------------------------------------

PACKED = {"Content-Encoding": "gzip"}
BODIES: dict[str, tuple[bytes, dict[str, str], set[int]]] = {
    "R29": (b'{"text": NaN}', {}, {400}),
    "R30": (b'{"text": "a", "text": "b"}', {}, {400}),
    "R31": (b'{"text":' + b"[" * 200_000 + b"]" * 200_000 + b"}", {}, {400}),
    "R32": (b'{"text": ' + b"9" * 5_000 + b"}", {}, {400}),
    "R33": (b'{"text": "\xff\xfe"}', {}, {400}),
    "R34": (gzip.compress(b"0" * 30_000_000), PACKED, {415}),
    "R35": (b"not gzip", PACKED, {415}),
    "R36": (b"text=a", {"Content-Type": "application/x-www-form-urlencoded"}, {415}),
}


@pytest.mark.parametrize("row", BODIES)
async def test_a_body_that_is_none_is_refused(world: World, row: str) -> None:
    body, headers, expected = BODIES[row]
    before = await world.state()
    for path in ("/conversations/{own}/messages", "/conversations/{own}/close"):
        heads = {"Content-Type": "application/json"} | headers
        answer = await world.call("POST", path, data=io.BytesIO(body), headers=heads)
        assert answer.status in expected
    assert await world.state() == before


async def test_two_lengths_and_ten_thousand_parts_are_refused(world: World) -> None:
    """R37, R38."""
    before = await world.state()
    line = await world.raw(
        "POST /api/v1/conversations/{own}/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        "Authorization: Bearer {attacker}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    )
    assert line.split()[1] == b"400"
    part = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\ny\r\n'
    heads = {"Content-Type": "multipart/form-data; boundary=b"}
    for path, expected in (("attachments", 400), ("messages", 415)):
        answer = await world.call(
            "POST", f"/conversations/{{own}}/{path}", headers=heads,
            data=io.BytesIO(part * 10_000 + b"--b--\r\n"),
        )  # fmt: skip
        assert answer.status == expected
    assert await world.state() == before


# ---- again, and too often ------------------------------------------------------------------------


async def test_a_key_makes_one_of_many(world: World) -> None:
    """R39 to R42."""
    key = {"Idempotency-Key": "again"}
    calls = [
        world.call("POST", "/tickets", who="desk", json={"subject": "Once"}, headers=key)
        for _ in range(8)
    ]
    answers = await asyncio.gather(*calls)
    assert {answer.status for answer in answers} <= {201, 409}
    made = {answer.body["id"] for answer in answers if answer.status == 201}
    assert len(made) == 1
    again = await world.call("POST", "/tickets", who="desk", json={"subject": "Once"}, headers=key)
    assert (again.status, {again.body["id"]}) == (201, made)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await world.call("POST", "/tickets", who="desk", json={"subject": "Else"}, headers=key)
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    for wrong in ("k" * 10_240, "k" * 300, "", "kľúč"):
        heads = {"Idempotency-Key": wrong}
        bad = await world.call("POST", "/tickets", who="desk", json={"subject": "x"}, headers=heads)
        assert bad.status == 400


async def test_metrics_are_not_for_strangers(world: World) -> None:
    """R54: the description and its page tell nothing of anybody and are open."""
    away = {"X-Forwarded-For": "203.0.113.5"}
    for path in ("/metrics", "/health/detailed"):
        for place in (world.doors.url, world.doors.api):
            async with world.http.get(place + path, headers=away) as response:
                assert response.status == 401
    for path in ("/tokens", "/conversations", "/contacts", "/tickets", "/webhooks"):
        assert (await world.call("GET", path, who=None, headers=away)).status == 401


@pytest.mark.usefixtures("full_buckets")
async def test_a_flood_on_one_key_is_told_to_wait_and_others_are_served() -> None:
    """R55, at a tenth of the figures."""
    with tempfile.TemporaryDirectory(prefix="sb") as name:
        async with (
            open_bus(BusSettings(data_dir=Path(name))) as bus,
            open_doors(bus, settings=WebSettings(messages_per_second=10)) as doors,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=20)) as http,
        ):
            one, two = (doors.tokens.issue("desk", name=name) for name in ("Flood", "Eva"))

            async def ask(token: str) -> tuple[int, str | None]:
                heads = {"Authorization": f"Bearer {token}"}
                async with http.get(f"{doors.api}/specialists", headers=heads) as response:
                    await response.read()
                    return response.status, response.headers.get("Retry-After")

            flood = asyncio.gather(*(ask(one) for _ in range(500)))
            served = [await ask(two) for _ in range(20)]
            answers = await flood
    assert {status for status, _ in served} == {200}
    refused = [wait for status, wait in answers if status == 429]
    assert 100 < len(refused) <= 300
    assert all(wait is not None and int(wait) >= 1 for wait in refused)
