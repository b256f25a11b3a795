"""What a person changed of a message that was sent, at the emulated Telegram."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from channels.base import House
from channels.telegram.adapter import TelegramAdapter
from core.errors import PermanentDeliveryError, RateLimited, UnsupportedContent
from core.messages import Attachment, Author, Outbound
from tests.fakes.telegram.faults import Fault
from tests.fakes.telegram.hands import ANNA, Hands
from tests.fakes.telegram.server import TelegramServer
from tests.unit.channels.telegram.rig import make_adapter, no_report, outbound

LONG = "A sentence that is long enough to fill the message. " * 150
PAPER = Attachment(name="c.pdf", media_type="application/pdf", size=5, id="f2")


async def _open(file: Attachment) -> bytes:
    return b"paper"


@pytest.fixture
async def server() -> AsyncGenerator[TelegramServer]:
    async with TelegramServer() as opened:
        opened.space.chat(ANNA)
        yield opened
        assert opened.violations == []


@pytest.fixture
async def adapter(server: TelegramServer) -> AsyncGenerator[TelegramAdapter]:
    made = make_adapter(server, House(open_file=_open))
    yield made
    await made.close()


async def send(
    adapter: TelegramAdapter, text: str, *files: Attachment
) -> tuple[Outbound, tuple[str, ...]]:
    message = outbound(text, attachments=files)
    entry = message.entry.model_copy(update={"author": Author(role="human_agent", name="Eva")})
    message = message.model_copy(update={"entry": entry})
    return message, (await adapter.send(message, no_report)).platform_ids


async def test_the_words_change_and_the_file_stays(
    server: TelegramServer, adapter: TelegramAdapter
) -> None:
    hands = Hands(server)
    message, ids = await send(adapter, "Your invoice over 70.", PAPER)
    for _ in range(2):  # the second time it is "not modified"
        await adapter.edit_sent(message.to, ids, message.entry, "Your **invoice** over 17.")
    words, file = hands.shown()
    assert words["text"] == "Your invoice over 17."
    assert words["entities"][0]["type"] == "bold"
    assert file["document"]["file_name"] == "c.pdf"


async def test_fewer_words_take_fewer_messages_and_more_are_refused_whole(
    server: TelegramServer, adapter: TelegramAdapter
) -> None:
    hands = Hands(server)
    message, ids = await send(adapter, LONG, PAPER)
    assert len(ids) == 3
    with pytest.raises(UnsupportedContent):
        await adapter.edit_sent(message.to, ids, message.entry, LONG * 2)
    assert " ".join(hands.texts()[:2]).split() == LONG.split()
    for _ in range(2):
        await adapter.edit_sent(message.to, ids, message.entry, "Short.")
    assert [one.get("text") for one in hands.shown()] == ["Short.", None]


async def test_what_is_withdrawn_goes_with_its_file_and_twice_is_no_fault(
    server: TelegramServer, adapter: TelegramAdapter
) -> None:
    hands = Hands(server)
    message, ids = await send(adapter, "Oops.", PAPER)
    await send(adapter, "And on.")
    for _ in range(2):
        await adapter.withdraw_sent(message.to, ids)
    assert hands.texts() == ["And on."]


async def test_what_telegram_refuses_says_what_to_do(
    server: TelegramServer, adapter: TelegramAdapter
) -> None:
    message, ids = await send(adapter, "It costs 70.")
    server.faults.plan(Fault("limit", method="editMessageText", seconds=3))
    with pytest.raises(RateLimited):
        await adapter.edit_sent(message.to, ids, message.entry, "It costs 17.")
    old = "Bad Request: message can't be deleted for everyone"
    server.faults.plan(Fault("refuse", method="deleteMessage", description=old))
    fresh = make_adapter(server)
    with pytest.raises(PermanentDeliveryError, match="can't be deleted"):
        await fresh.withdraw_sent(message.to, ids)
    await fresh.close()
    assert Hands(server).texts() == ["It costs 70."]
