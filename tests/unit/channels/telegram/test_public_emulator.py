"""The same adapter against an emulator that others made: what it can do, and it is strict."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from channels.base import House
from core.messages import Attachment, Button, Buttons
from tests.fakes.telegram.server import TOKEN, TelegramServer
from tests.fakes.waiting import until
from tests.unit.channels.telegram.rig import Log, make_adapter, no_report, outbound, polling

pytest.importorskip("lo_bot_api_emulator", reason="the public emulator is not installed")
PERSON = {"id": 7001, "is_bot": False, "first_name": "Anna"}
CHAT = {"id": 7001, "type": "private", "first_name": "Anna"}


class Public:
    """The other emulator as a process."""

    def __init__(self, url: str, journal: Path, http: aiohttp.ClientSession) -> None:
        self.url = url
        self._journal = journal
        self._http = http

    async def tell(self, update: dict[str, Any]) -> None:
        body = {"token": TOKEN, "update": update}
        async with self._http.post(f"{self.url}/__fixture/updates", json=body) as answer:
            assert answer.status == 200, await answer.text()

    def refused(self) -> list[str]:
        """Calls of ours that it did not like."""
        lines = self._journal.read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
        return [str(one) for one in records if one.get("status", 200) >= 400]


@pytest.fixture
async def public(tmp_path: Path) -> AsyncGenerator[Public]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    journal = tmp_path / "journal.jsonl"
    child = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "lo-bot-api-emulator"), "--port", str(port),
        "--enable-control", "--journal", str(journal),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    async with aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{port}"
        async with asyncio.timeout(20):
            while True:
                try:
                    async with http.post(f"{url}/bot{TOKEN}/getMe"):
                        break
                except aiohttp.ClientConnectorError:
                    await asyncio.sleep(0.05)
        try:
            yield Public(url, journal, http)
        finally:
            child.terminate()
            await child.wait()


def as_server(public: Public) -> TelegramServer:
    """Only its address is looked at."""
    server = TelegramServer()
    server.url = public.url
    return server


async def test_messages_and_presses_arrive_by_long_polling(public: Public) -> None:
    log = Log()
    async with polling(as_server(public), log, poll_seconds=1):
        message = {"message_id": 5, "date": 1, "chat": CHAT, "from": PERSON, "text": "Hello"}
        await public.tell({"message": message})
        await until(lambda: log.texts == ["Hello"])
        query = {"id": "q1", "from": PERSON, "message": message, "chat_instance": "1",
                 "data": "human"}  # fmt: skip
        await public.tell({"callback_query": query})
        await until(lambda: len(log.arrivals) == 2)
    assert log.arrivals[1].value == "human"


async def test_what_we_send_is_what_it_allows(public: Public) -> None:
    async def open_file(file: Attachment) -> bytes:
        return b"paper"

    adapter = make_adapter(as_server(public), House(open_file=open_file))
    row = Buttons(buttons=(Button(label="Yes", value="x" * 100),))
    paper = Attachment(name="c.pdf", media_type="application/pdf", size=5, id="f2")
    message = outbound("A plain word. " * 400, parts=(row,), attachments=(paper,))
    receipt = await adapter.send(message, no_report)
    assert len(receipt.platform_ids) == 3
    to = message.to
    await adapter.show_typing(to)
    assert await adapter.show_preview(to, "The", None) is not None  # it has no drafts
    await adapter.close()


async def test_an_answer_with_a_link_arrives_though_it_knows_no_previews(public: Public) -> None:
    adapter = make_adapter(as_server(public))
    for number in range(3):
        message = outbound(f"See https://shop.example/{number} for more.")
        assert len((await adapter.send(message, no_report)).platform_ids) == 1
    await adapter.close()
    assert len(public.refused()) == 1
