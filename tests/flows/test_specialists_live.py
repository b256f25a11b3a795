"""Specialists on a running gateway with a model server: streams at once, one more specialist
without code, and who is busy."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from channels.rest.shapes import Specialists
from tests.fakes.chat_server import Served, chat_server
from tests.fakes.visitor import Visitor
from tests.flows.conftest import Start
from tests.flows.gateway_process import Api, GatewayProcess

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]

ANSWER = "Thank you. Please open the settings, choose the page of orders, and look there."
CONVERSATIONS = 200


PIECES = ("Thank you. ", *(f"{word} " for word in ANSWER.split(" ")[2:]))


@pytest.fixture
def data(filled: Path, home: Path) -> Path:
    shutil.copytree(filled, home / "data", ignore=shutil.ignore_patterns("valkey", "*.json"))
    return home / "data"


@pytest.fixture
async def many() -> AsyncGenerator[aiohttp.ClientSession]:
    """A client that opens as many sockets as it is asked for."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as opened:
        yield opened


async def test_two_hundred_conversations_stream_at_once(
    data: Path, start: Start, many: aiohttp.ClientSession
) -> None:
    enough = CONVERSATIONS * 0.8
    served = Served(
        pieces=PIECES, pause=0.5, usage=None, may_end=lambda model: model.most_open >= enough
    )
    async with chat_server(lambda _: served) as model:
        gateway = await start(data, OPENAI_BASE_URL=model.url).ready()
        visitors = [await Visitor.open(many, gateway.note["url"]) for _ in range(CONVERSATIONS)]
        await asyncio.gather(
            *(visitor.ask(f"Where is my parcel {n}?") for n, visitor in enumerate(visitors))
        )
        assert model.most_open >= enough
    for visitor in visitors:
        assert visitor.entry["text"] == ANSWER
        assert visitor.deltas, "it was streamed"
        shown = "".join(delta["text"] for delta in visitor.deltas)
        assert visitor.entry["text"].startswith(shown.strip())
        assert {delta["id"] for delta in visitor.deltas} == {visitor.entry["id"]}


async def test_a_sixth_specialist_is_two_files_and_no_restart(
    data: Path, home: Path, root: Path, start: Start,
    api: Callable[[GatewayProcess], Api],
) -> None:  # fmt: skip
    config = home / "config"
    for name in ("specialists", "phrases", "exemplars"):
        shutil.copytree(root / "config" / name, config / name)
    shutil.copy(root / "config" / "escalation.toml", config)
    async with chat_server(lambda _: Served(pieces=("I can help you.",))) as model:
        gateway = start(
            data, OPENAI_BASE_URL=model.url, SWITCHBOARD_CONFIG=str(config),
            SWITCHBOARD_ENGINE__RELOAD_SECONDS="0.2",
        )  # fmt: skip
        client = api(await gateway.ready(120))
        before = await client.call("GET", "/specialists")
        Specialists.model_validate(before)
        assert "ceremonies" not in {item["name"] for item in before["specialists"]}
        write_sixth(config / "specialists")
        await until(lambda: routed(client, "Which flowers fit a barista wedding ceremony?"))
        conversation, token = await client.open()
        text = "Can you hold our barista wedding ceremony in June?"
        await client.ask(conversation, token, text)
        prompt = model.requests[-1]["messages"][0]["content"]
        assert "You plan ceremonies" in prompt
        (sixth,) = await find(client, "ceremonies")
        assert sixth["languages"] == ["cs", "en"]
        entries = await client.entries(conversation, token)
        assert entries[-1]["author"]["specialist"] == "ceremonies"


def write_sixth(folder: Path) -> None:
    """What docs/specialists.md says it takes."""
    (folder / "ceremonies.md").write_text("You plan ceremonies with coffee.", encoding="utf-8")
    (folder / "ceremonies.toml").write_text(
        'name = "ceremonies"\n'
        'description = "Weddings and other ceremonies with a coffee bar."\n'
        'prompt = "ceremonies.md"\n'
        'tools = ["search_knowledge", "handoff", "offer_human", "escalate"]\n'
        "[examples]\n"
        'en = ["Do you cater for wedding ceremonies?", "We want a coffee bar at our wedding",\n'
        '  "A barista for a christening ceremony", "What does a wedding barista cost?",\n'
        '  "Can you hold a coffee ceremony on a ship?", "Which flowers fit the ceremony?",\n'
        '  "Book a barista for our ceremony", "Wedding in June, is the coffee bar free?"]\n'
        'cs = ["Děláte kávový bar na svatby?", "Chceme baristu na svatbu",\n'
        '  "kolik stoji barista na svatebni obrad?"]\n',
        encoding="utf-8",
    )


async def routed(client: Api, text: str) -> bool:
    decision = await client.call("POST", "/triage", body={"text": text})
    return decision["specialist"] == "ceremonies"


async def find(client: Api, name: str) -> list[dict[str, Any]]:
    found = await client.call("GET", "/specialists")
    return [item for item in found["specialists"] if item["name"] == name]


async def until(done: Callable[[], Any], seconds: float = 90) -> None:
    """Wait until an asynchronous question is answered with yes."""
    async with asyncio.timeout(seconds):
        while not await done():
            await asyncio.sleep(0.2)


async def test_the_list_of_specialists_shows_who_is_busy_and_who_was(
    data: Path, start: Start, api: Callable[[GatewayProcess], Api]
) -> None:
    was_seen = asyncio.Event()
    served = Served(pieces=PIECES, pause=0.3, usage=None, may_end=lambda _: was_seen.is_set())
    async with chat_server(lambda _: served) as model:
        client = api(await start(data, OPENAI_BASE_URL=model.url).ready())
        conversation, token = await client.open()
        began = time.monotonic()
        asking = asyncio.ensure_future(
            client.ask(conversation, token, "I was charged twice for one order")
        )
        await until(lambda: is_busy(client, "billing"))
        was_seen.set()
        await asking
        took = time.monotonic() - began

        async def counted() -> bool:
            (billing,) = await find(client, "billing")
            return billing["turns_last_hour"] == 1 and billing["active_turns"] == 0

        await until(counted, 60)
        (billing,) = await find(client, "billing")
        assert billing["status"] == "idle" and billing["escalation_share"] == 0
        assert 3 < billing["mean_seconds"] <= billing["p95_seconds"] < min(took + 0.1, 30)
        (sales,) = await find(client, "sales")
        assert (sales["turns_last_hour"], sales["mean_seconds"]) == (0, 0)


async def is_busy(client: Api, name: str) -> bool:
    (found,) = await find(client, name)
    return found["active_turns"] == 1 and found["status"] == "busy"
