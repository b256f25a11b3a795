from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from channels.base import House
from channels.telegram.adapter import TelegramAdapter
from channels.telegram.pacing import Pacer
from core.errors import (
    PermanentDeliveryError,
    RateLimited,
    TemporaryDeliveryError,
    TooLarge,
)
from core.messages import Attachment, Button, Buttons
from core.phrases import load_phrases
from tests.fakes.telegram.faults import BLOCKED, Fault
from tests.fakes.telegram.hands import ANNA, Hands
from tests.fakes.telegram.server import TOKEN, TelegramServer
from tests.unit.channels.telegram.rig import Log, make_adapter, no_report, outbound, polling

PHRASES = Path(__file__).resolve().parents[4] / "config" / "phrases"


async def _open(file: Attachment) -> bytes:
    return b"\x89PNG" if file.id == "f1" else b"paper"


@pytest.fixture
async def server() -> AsyncGenerator[TelegramServer]:
    async with TelegramServer() as opened:
        opened.space.chat(ANNA)
        yield opened
        assert opened.violations == []


@pytest.fixture
def hands(server: TelegramServer) -> Hands:
    return Hands(server)


@pytest.fixture
async def adapter(server: TelegramServer) -> AsyncGenerator[TelegramAdapter]:
    house = House(phrases=load_phrases(PHRASES, default="en"), open_file=_open)
    made = make_adapter(server, house, group_messages_per_minute=1000.0)
    yield made
    await made.close()


async def test_pieces_are_reported_one_by_one_and_a_retry_goes_on(
    server: TelegramServer, hands: Hands, adapter: TelegramAdapter
) -> None:
    server.faults.plan(Fault("break", after=1))
    told: list[tuple[str, ...]] = []

    async def report(ids: object) -> None:
        told.append(tuple(ids))  # type: ignore[arg-type]

    text = "Word. " * 1000
    with pytest.raises(TemporaryDeliveryError) as caught:
        await adapter.send(outbound(text), report)
    assert caught.value.certain
    assert told == [("telegram:123456:7001:1",)]
    receipt = await adapter.send(outbound(text, sent_ids=told[-1], attempt=2), report)
    assert receipt.platform_ids == ("telegram:123456:7001:1", "telegram:123456:7001:2")
    assert len(hands.texts()) == 2


@pytest.mark.parametrize(
    ("fault", "error", "certain"),
    [
        (Fault("limit", seconds=7), RateLimited, None),
        (Fault("break"), TemporaryDeliveryError, True),
        (Fault("gateway"), TemporaryDeliveryError, False),
        (Fault("cut"), TemporaryDeliveryError, False),
        (Fault("lose"), TemporaryDeliveryError, False),
        (Fault("refuse", status=403, description=BLOCKED), PermanentDeliveryError, None),
        (Fault("refuse", description="Bad Request: chat not found"), PermanentDeliveryError, None),
        (Fault("refuse", status=401, description="Unauthorized"), TemporaryDeliveryError, True),
    ],
)
async def test_every_fault_says_what_to_do_next_and_shows_no_token(
    server: TelegramServer, adapter: TelegramAdapter, fault: Fault, error: type[Exception],
    certain: bool | None,
) -> None:  # fmt: skip
    server.faults.plan(fault)
    with pytest.raises(error) as caught:
        await adapter.send(outbound(), no_report)
    assert getattr(caught.value, "certain", None) == certain
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after_seconds == 7
    assert TOKEN.partition(":")[2] not in repr(caught.value) + repr(caught.value.__cause__)


async def test_a_server_that_is_not_there_took_nothing() -> None:
    nowhere = TelegramServer()
    nowhere.url = "http://127.0.0.1:9"
    adapter = make_adapter(nowhere)
    with pytest.raises(TemporaryDeliveryError) as caught:
        await adapter.send(outbound(), no_report)
    assert caught.value.certain
    await adapter.close()


async def test_after_a_429_only_that_chat_waits(
    server: TelegramServer, hands: Hands, adapter: TelegramAdapter
) -> None:
    server.space.chat(7002)
    server.faults.plan(Fault("limit", seconds=30, chat=ANNA))
    with pytest.raises(RateLimited):
        await adapter.send(outbound(), no_report)
    calls = len(server.calls)
    with pytest.raises(RateLimited) as caught:
        await adapter.send(outbound(), no_report)
    assert 25 < caught.value.retry_after_seconds <= 31
    assert len(server.calls) == calls
    await adapter.send(outbound(chat=7002), no_report)
    assert hands.texts(7002) == ["Hello."]


async def test_a_group_that_moved_is_followed(
    server: TelegramServer, hands: Hands, adapter: TelegramAdapter
) -> None:
    server.space.chat(-100, kind="supergroup")
    server.faults.plan(Fault("migrate", to=-100, chat=-50))
    receipt = await adapter.send(outbound(chat=-50), no_report)
    assert receipt.platform_ids == ("telegram:123456:-100:1",)
    await adapter.send(outbound("Again.", chat=-50), no_report)
    assert hands.texts(-100) == ["Hello.", "Again."]


async def test_files_go_out_as_picture_and_document(
    hands: Hands, server: TelegramServer, adapter: TelegramAdapter
) -> None:
    photo = Attachment(name="a.png", media_type="image/png", size=4, id="f1")
    paper = Attachment(name="c.pdf", media_type="application/pdf", size=5, id="f2")
    receipt = await adapter.send(outbound("Here.", attachments=(photo, paper)), no_report)
    assert len(receipt.platform_ids) == 3
    _, first, second = hands.shown()
    assert server.space.files[first["photo"][0]["file_id"]].content == b"\x89PNG"
    assert second["document"]["file_name"] == "c.pdf"


async def test_a_picture_that_telegram_does_not_like_goes_as_a_document(
    hands: Hands, server: TelegramServer, adapter: TelegramAdapter
) -> None:
    refusal = "Bad Request: PHOTO_INVALID_DIMENSIONS"
    server.faults.plan(Fault("refuse", method="sendPhoto", description=refusal))
    photo = Attachment(name="a.png", media_type="image/png", size=4, id="f1")
    await adapter.send(outbound("Here.", attachments=(photo,)), no_report)
    assert hands.shown()[-1]["document"]["file_name"] == "a.png"


async def test_a_draft_is_shown_in_a_private_chat_and_goes_with_the_answer(
    server: TelegramServer, hands: Hands, adapter: TelegramAdapter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("channels.telegram.previews._GAP_SECONDS", 60.0)
    message = outbound("The whole answer.")
    assert await adapter.show_preview(message.to, "The", None) is None
    assert await adapter.show_preview(message.to, "The whole", None) is None  # too soon
    assert [draft["text"] for draft in hands.chat().drafts] == ["The"]
    first = hands.chat().drafts[0]["draft_id"]
    await adapter.send(message, no_report)
    assert hands.texts() == ["The whole answer."]
    await adapter.show_preview(message.to, "Next", None)
    assert hands.chat().drafts[0]["draft_id"] != first


async def test_without_drafts_one_message_is_changed_into_the_answer(
    server: TelegramServer, hands: Hands, adapter: TelegramAdapter
) -> None:
    server.has_drafts = False
    to = outbound().to
    shown = await adapter.show_preview(to, "The", None)
    assert shown == "telegram:123456:7001:1"
    row = Buttons(buttons=(Button(label="Yes", value="human"),))
    message = outbound("The whole answer.", preview=shown, parts=(row,))
    assert (await adapter.send(message, no_report)).platform_ids == (shown,)
    assert hands.texts() == ["The whole answer."]
    again = await adapter.send(message, no_report)  # its receipt was lost: it is changed no more
    assert again.platform_ids == (shown,)
    await adapter.drop_preview(to, shown)
    await adapter.drop_preview(to, shown)
    assert hands.texts() == []
    receipt = await adapter.send(message, no_report)
    assert receipt.platform_ids == ("telegram:123456:7001:2",)


async def test_typing_is_shown_and_never_raises(
    server: TelegramServer, hands: Hands, adapter: TelegramAdapter
) -> None:
    await adapter.show_typing(outbound().to)
    assert hands.chat().typing == 1
    server.faults.plan(Fault("cut", method="sendChatAction"))
    await adapter.show_typing(outbound().to)
    await adapter.show_typing(outbound(chat=404).to)


async def test_files_are_fetched_within_limits(
    server: TelegramServer, adapter: TelegramAdapter
) -> None:
    ref = server.space.put_file(b"x" * 1000, name="a", media_type="text/plain")
    file = Attachment(name="../../.htaccess", media_type="text/plain", size=-1, ref=ref)
    assert await adapter.fetch(file, most_bytes=1000) == b"x" * 1000
    with pytest.raises(TooLarge):
        await adapter.fetch(file, most_bytes=999)
    with pytest.raises(TooLarge):
        await adapter.fetch(file.model_copy(update={"size": 21_000_000}), most_bytes=10**9)
    with pytest.raises(PermanentDeliveryError):
        await adapter.fetch(file.model_copy(update={"ref": "gone"}), most_bytes=1000)
    del server.space.files[ref]


async def test_commands_are_in_the_menu_in_five_languages(server: TelegramServer) -> None:
    adapter = make_adapter(server, House(phrases=load_phrases(PHRASES, default="en")))
    ready = asyncio.Event()
    task = asyncio.create_task(adapter.run(Log().publish, ready))
    await asyncio.wait_for(ready.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await adapter.close()
    assert set(server.bot.commands) == {"", "en", "cs", "ru", "de", "es"}
    names = [one["command"] for one in server.bot.commands["cs"]]
    assert names == ["help", "human", "new", "language"]


async def test_the_doctor_hears_what_is_wrong_and_how_to_mend_it(server: TelegramServer) -> None:
    async with polling(server, Log()) as adapter:
        assert [one.ok for one in await adapter.check()] == [True, True, True]
    hooked = make_adapter(server, webhook_url="https://shop.example", webhook_secret="s3cret")
    server.bot.webhook = {}
    findings = await hooked.check()
    assert [one.ok for one in findings] == [True, False, True]
    assert "switchboard run telegram" in findings[1].mend
    server.bots.clear()
    (lost,) = await hooked.check()
    assert not lost.ok and "BotFather" in lost.mend
    assert TOKEN.partition(":")[2] not in str(lost)
    await hooked.close()


async def test_a_chat_takes_a_few_at_once_and_then_one_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 1_000.0)  # no time passes
    pacer = Pacer(overall=30, chat=1, group_minute=20)
    assert [pacer.take_now(7) for _ in range(4)] == [True, True, True, False]
    assert pacer.take_now(8)
    pacer.hold(9, 30)
    with pytest.raises(RateLimited):
        await pacer.take(9)
    group = Pacer(overall=1000, chat=1000, group_minute=20)
    assert sum(group.take_now(-7) for _ in range(40)) == 20
    busy = Pacer(overall=30, chat=1000, group_minute=20)
    assert 30 <= sum(busy.take_now(chat) for chat in range(1, 40)) <= 31
