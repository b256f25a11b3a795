"""The edge of the server: who may ask, how often, from which page; what every answer carries."""

from __future__ import annotations

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
