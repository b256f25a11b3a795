"""The edge of the server: who may ask, how often, from which page; what every answer carries."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator

import aiohttp
import pytest

from channels.settings import WebSettings
from core.bus.connect import Bus
from tests.fakes.gateway import Doors, open_doors

SHOP = "https://shop.example"


@pytest.fixture
async def doors(bus: Bus) -> AsyncGenerator[Doors]:
    settings = WebSettings(messages_per_second=10_000, allowed_origins=SHOP)
    async with open_doors(bus, settings=settings) as opened:
        yield opened


@pytest.fixture
async def http() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


async def opened(doors: Doors, http: aiohttp.ClientSession) -> tuple[str, dict[str, str]]:
    """The address of a new conversation and its customer's headers."""
    async with http.post(f"{doors.api}/conversations", json={"text": "Hello."}) as response:
        made = await response.json()
    return f"{doors.api}/conversations/{made['id']}", {"Authorization": f"Bearer {made['token']}"}


async def test_every_answer_has_an_id_and_the_safety_headers(
    doors: Doors, http: aiohttp.ClientSession
) -> None:
    for path in ("/", "/api/v1/health", "/api/v1/nothing", "/widget.js", "/api/v1/conversations"):
        async with http.get(doors.url + path) as response:
            assert len(response.headers["X-Request-Id"]) == 16
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            if response.content_type == "application/problem+json":
                assert (await response.json())["trace"] == response.headers["X-Request-Id"]


async def test_a_listed_site_may_read_answers_refusals_and_streams(
    doors: Doors, http: aiohttp.ClientSession
) -> None:
    conversation, token = await opened(doors, http)
    page = {"Origin": SHOP}
    for url, headers, status in (
        (conversation, token, 200),
        (conversation, {}, 401),
        (f"{conversation}/events", token, 200),
    ):
        async with http.get(url, headers=headers | page) as response:
            assert response.status == status
            assert response.headers["Access-Control-Allow-Origin"] == SHOP
            assert "RateLimit" in response.headers
            assert "RateLimit" in response.headers["Access-Control-Expose-Headers"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"
    preflight = page | {"Access-Control-Request-Method": "POST"}
    async with http.options(conversation, headers=preflight) as response:
        assert response.status == 204
        assert "Idempotency-Key" in response.headers["Access-Control-Allow-Headers"]


async def test_a_foreign_site_may_read_nothing(doors: Doors, http: aiohttp.ClientSession) -> None:
    conversation, token = await opened(doors, http)
    for origin in ("https://evil.example", "null", "https://shop.example.evil.example"):
        async with http.get(conversation, headers=token | {"Origin": origin}) as response:
            assert response.status == 403
            assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize(
    "headers",
    [{"Host": "rebound.example"}, {"X-Forwarded-For": "203.0.113.5"}, {"Forwarded": "for=x"}],
)
async def test_metrics_need_a_token_when_asked_from_elsewhere(
    doors: Doors, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    for path in ("/metrics", "/health/detailed"):
        async with http.get(doors.url + path) as response:
            assert response.status == 200
        async with http.get(doors.url + path, headers=headers) as response:
            assert response.status == 401
        desk = {"Authorization": f"Bearer {doors.tokens.issue('desk')}"}
        async with http.get(doors.url + path, headers=headers | desk) as response:
            assert response.status == 200


async def test_who_guesses_tokens_is_slowed_down_and_disturbs_nobody(
    bus: Bus, http: aiohttp.ClientSession
) -> None:
    async with open_doors(bus, settings=WebSettings(messages_per_second=1)) as doors:
        conversation, token = await opened(doors, http)
        seen: set[int] = set()
        for number in range(25):
            guess = {"Authorization": f"Bearer guess-{number}"}
            async with http.get(conversation, headers=guess) as response:
                seen.add(response.status)
                if response.status == 429:
                    assert int(response.headers["Retry-After"]) >= 1
        assert seen == {401, 429}
        async with http.get(conversation, headers=token) as response:
            assert response.status == 200


async def test_an_idempotency_key_of_one_stranger_opens_nothing_for_another(
    doors: Doors, http: aiohttp.ClientSession
) -> None:
    key = {"Idempotency-Key": "1"}
    elsewhere = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with (
        aiohttp.ClientSession(connector=elsewhere) as other,
        http.post(f"{doors.api}/conversations", json={}, headers=key) as first,
        http.post(f"{doors.api}/conversations", json={}, headers=key) as again,
        other.post(f"{doors.api}/conversations", json={}, headers=key) as stranger,
    ):
        made = await first.json()
        assert await again.json() == made
        assert (await stranger.json())["id"] != made["id"]


async def test_scripts_and_pages_are_packed_and_known_again(
    doors: Doors, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{doors.url}/widget.js") as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        tag = response.headers["ETag"]
    async with http.get(f"{doors.url}/widget.js", headers={"If-None-Match": tag}) as response:
        assert response.status == 304
    for page in ("/", "/api/docs"):
        async with http.get(doors.url + page) as response:
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_what_is_no_request_is_refused_in_the_same_form_without_a_traceback(
    doors: Doors, capfd: pytest.CaptureFixture[str]
) -> None:
    host, port = doors.url.removeprefix("http://").split(":")
    long = "a" * 40_000
    for sent in (f"GET /api/v1/health?x={long} HTTP/1.1\r\nHost: x\r\n\r\n",
                 f"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n",
                 "GET /health HTTP/1.1\r\nHost: x\r\nBroken header\r\n\r\n",
                 "hello there\r\n\r\n"):  # fmt: skip
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(sent.encode())
        answer = (await asyncio.wait_for(reader.read(), 20)).decode()
        writer.close()
        assert answer.split()[1] == "400", answer[:200]
        assert "application/problem+json" in answer
        assert "aaaa" not in answer and "hello" not in answer
    printed = capfd.readouterr()
    assert "Traceback" not in printed.out + printed.err


@pytest.mark.usefixtures("full_buckets")
async def test_every_answer_says_how_the_caller_stands(bus: Bus) -> None:
    settings = WebSettings(messages_per_second=0.5)
    async with open_doors(bus, settings=settings) as doors, aiohttp.ClientSession() as http:
        token = {"Authorization": f"Bearer {doors.tokens.issue('desk')}"}
        left: list[int] = []
        for number in range(11):
            spelled = token if number % 2 else {"Authorization": token["Authorization"].lower()[:6]
                                                + "   " + token["Authorization"][7:]}  # fmt: skip
            async with http.get(f"{doors.api}/specialists", headers=spelled) as response:
                assert response.headers["RateLimit-Policy"] == '"requests";q=10;w=20'
                left.append(int(re.findall(r"r=(\d+);t=\d+", response.headers["RateLimit"])[0]))
                assert response.status == (200 if number < 10 else 429)
                assert (int(response.headers.get("Retry-After", 0)) >= 1) == (number == 10)
        assert left[:10] == sorted(left[:10], reverse=True) and left[-1] == 0


async def test_bad_tokens_of_one_address_are_counted_by_all_processes(bus: Bus) -> None:
    settings = WebSettings(messages_per_second=10_000, refused_per_minute=10)
    async with (
        open_doors(bus, settings=settings) as one, open_doors(bus, settings=settings) as two,
        aiohttp.ClientSession() as http,
    ):  # fmt: skip
        seen: list[int] = []
        for number in range(12):
            url = f"{(one if number % 2 else two).api}/specialists"
            guess = {"Authorization": f"Bearer guess-{number}"}
            async with http.get(url, headers=guess) as response:
                seen.append(response.status)
        assert seen == [401] * 10 + [429] * 2
        good = {"Authorization": f"Bearer {one.tokens.issue('desk')}"}
        async with http.get(f"{one.api}/specialists", headers=good) as response:
            assert response.status == 200
