from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import pytest
import structlog
from pydantic import ValidationError

from channels.telegram.settings import TelegramSettings
from tests.fakes.telegram.faults import Fault
from tests.fakes.telegram.hands import Hands
from tests.fakes.telegram.server import TOKEN, TelegramServer
from tests.fakes.waiting import until
from tests.unit.channels.telegram.rig import SECRET, Log, door, polling

HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
async def server() -> AsyncGenerator[TelegramServer]:
    async with TelegramServer() as opened:
        yield opened
        assert opened.violations == []


@pytest.fixture
def hands(server: TelegramServer) -> Hands:
    return Hands(server)


async def test_an_update_is_confirmed_only_when_it_is_stored(
    server: TelegramServer, hands: Hands
) -> None:
    log = Log()
    log.is_down = True
    async with polling(server, log):
        await hands.say("Hello")
        await until(lambda: log.tries >= 2)
        assert len(server.bot.queue) == 1
        log.is_down = False
        await until(lambda: not server.bot.queue)
    assert log.texts == ["Hello"]


async def test_what_was_not_confirmed_comes_again_after_a_death(
    server: TelegramServer, hands: Hands
) -> None:
    log = Log()
    log.holds, _ = {"7001"}, log.gate.clear()
    async with polling(server, log):
        await hands.say("Hello")
        await until(lambda: log.tries == 1)
    assert len(server.bot.queue) == 1
    log.gate.set()
    async with polling(server, log):
        await until(lambda: log.texts == ["Hello"] and not server.bot.queue)


async def test_one_chat_keeps_its_order_while_others_go_past(
    server: TelegramServer, hands: Hands
) -> None:
    log = Log()
    log.holds, _ = {"7001"}, log.gate.clear()
    async with polling(server, log):
        await server.hold(True)
        for number in range(3):
            await hands.say(f"Anna {number}")
        await hands.say("Bert", sender=7002)
        await server.hold(False)
        await until(lambda: log.texts == ["Bert"])
        log.gate.set()
        await until(lambda: len(log.arrivals) == 4)
    assert log.texts == ["Bert", "Anna 0", "Anna 1", "Anna 2"]


async def test_low_and_random_numbers_and_repeats_are_all_taken_once(
    server: TelegramServer, hands: Hands
) -> None:
    log = Log()
    async with polling(server, log):
        await hands.say("First")
        await until(lambda: not server.bot.queue)
        await server.again(server.bot.last, server.bot.last)
        await until(lambda: not server.bot.queue)
        server.bot.next_update = 5
        await hands.say("After a quiet week")
        await until(lambda: not server.bot.queue)
        await server.again({"nonsense": True}, server.bot.last)
        await until(lambda: log.tries >= 5)
    assert log.texts == ["First", "After a quiet week"]


async def test_faults_of_the_platform_end_nothing(server: TelegramServer, hands: Hands) -> None:
    log = Log()
    async with polling(server, log):
        for fault in (Fault("break"), Fault("gateway"), Fault("cut"), Fault("limit", seconds=1)):
            fault.method = "getUpdates"
            server.faults.plan(fault)
        await hands.say("Hello")
        await until(lambda: log.texts == ["Hello"] and not server.faults.planned)


async def test_an_update_that_always_fails_holds_nobody_up(
    server: TelegramServer, hands: Hands
) -> None:
    log = Log()
    store = log.publish

    async def publish(arrival: Any) -> Any:
        if arrival.text == "Poison":
            raise RuntimeError("scripted")
        return await store(arrival)

    log.publish = publish  # type: ignore[method-assign]
    async with polling(server, log):
        await hands.say("Poison")
        await hands.say("Hello")
        await until(lambda: log.texts == ["Hello"], seconds=20)


async def test_a_press_is_answered_after_it_is_stored_and_too_late_is_no_fault(
    server: TelegramServer, hands: Hands
) -> None:
    log = Log()
    async with polling(server, log):
        shown = server.space.write(hands.chat(), server.bot.user(), text="?", reply_markup={
            "inline_keyboard": [[{"text": "Yes", "callback_data": "human"}]]})  # fmt: skip
        await hands.press(shown, "Yes")
        await until(lambda: "answerCallbackQuery" in [method for method, _ in server.calls])
        query = {"id": "old1", "from": server.space.person(7001), "message": shown,
                 "chat_instance": "1", "data": "human"}  # fmt: skip
        await server.tell("callback_query", query)
        await until(lambda: not server.bot.queue)
    assert [one.value for one in log.arrivals] == ["human", "human"]


async def test_a_group_hears_its_own_name_only(server: TelegramServer, hands: Hands) -> None:
    log = Log()
    async with polling(server, log):
        await hands.say("Not for you", chat=-50)
        await hands.say(f"@{server.bot.username} for you", chat=-50)
        await until(lambda: not server.bot.queue)
    assert log.texts == ["for you"]


async def test_a_second_receiver_is_told_of_and_waited_for(server: TelegramServer) -> None:
    with structlog.testing.capture_logs() as logs:
        async with polling(server, Log(), poll_seconds=1):
            server.bot.webhook = {"url": "http://127.0.0.1:9/elsewhere"}
            await until(lambda: any(one["event"] == "telegram_two_receivers" for one in logs))
    assert sum(one["event"] == "telegram_two_receivers" for one in logs) == 1


async def test_without_a_secret_there_is_no_webhook() -> None:
    for secret in (None, "", "not allowed!", "x" * 257):
        with pytest.raises(ValidationError, match="TELEGRAM_WEBHOOK_SECRET"):
            TelegramSettings.model_validate(
                {"bot_token": TOKEN, "webhook_url": "https://shop.example",
                 "webhook_secret": secret}
            )  # fmt: skip


@pytest.mark.parametrize("token", ["nonsense", "1:abc,nonsense", f"{TOKEN},{TOKEN}"])
async def test_a_token_that_is_none_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TelegramSettings.model_validate({"bot_token": token})
    assert TOKEN not in str(caught.value)


def update(text: str = "Hello", number: int = 1) -> dict[str, Any]:
    sender = {"id": 7001, "is_bot": False, "first_name": "A"}
    chat = {"id": 7001, "type": "private", "first_name": "A"}
    content = {"date": 1, "chat": chat, "from": sender, "text": text}
    return {"update_id": number, "message": {"message_id": number % 1000 + 1, **content}}


@pytest.fixture
async def http() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


WRONG = [
    {}, {HEADER: "wrong"}, {HEADER: SECRET[:-1]}, {HEADER: SECRET + "x"}, {HEADER: "x" * 300},
    {HEADER: "sécret"}, {HEADER: ""}, {"Authorization": SECRET},
]  # fmt: skip


@pytest.mark.parametrize("headers", WRONG, ids=range(len(WRONG)))
async def test_who_does_not_show_the_secret_is_not_believed(
    server: TelegramServer, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    log = Log()
    async with door(server, log) as (_, url):
        path = f"{url}/telegram/123456?{HEADER}={SECRET}"
        async with http.post(path, json=update(), headers=headers) as answer:
            assert answer.status == 401
        twice = [(HEADER, SECRET), (HEADER, SECRET)]
        async with http.post(path, json=update(), headers=twice) as answer:
            assert answer.status == 401
    assert log.tries == 0


BAD = [
    (b"", 400), (b"{", 400), (b"[]", 400), (b"[" * 200_000, 400), (b'{"update_id": NaN}', 400),
    (b'{"update_id": "1"}', 400), (b'{"message": {}}', 400), (b"\xff\xfe{}", 400),
    (b'{"a": "' + b"x" * 1_500_000 + b'"}', 413), (b'{"a": "' + b"x" * 2_500_000 + b'"}', 413),
    (b'{"update_id": ' + b"9" * 5000 + b"}", 400),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), BAD, ids=range(len(BAD)))
async def test_a_body_that_is_no_update_is_the_callers_fault(
    server: TelegramServer, http: aiohttp.ClientSession, body: bytes, status: int
) -> None:
    log = Log()
    async with door(server, log) as (_, url):
        headers = {HEADER: SECRET, "Content-Type": "application/json"}
        async with http.post(
            f"{url}/telegram/123456", data=io.BytesIO(body), headers=headers
        ) as answer:
            assert answer.status == status
    assert log.tries == 0


async def test_other_types_methods_paths_and_packed_bodies_are_refused(
    server: TelegramServer, http: aiohttp.ClientSession
) -> None:
    log = Log()
    async with door(server, log) as (_, url):
        path, known = f"{url}/telegram/123456", {HEADER: SECRET}
        async with http.post(
            path, data="{}", headers=known | {"Content-Type": "text/plain"}
        ) as got:
            assert got.status == 415
        packed = known | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        async with http.post(path, data=gzip.compress(b"x" * 10**7), headers=packed) as got:
            assert got.status == 415
        for method, where, status in (
            ("GET", path, 405), ("PUT", path, 405), ("POST", f"{url}/telegram/7", 404),
            ("POST", f"{url}/telegram/{TOKEN}", 404),
        ):  # fmt: skip
            async with http.request(method, where, json=update(), headers=known) as got:
                assert got.status == status
    assert log.tries == 0


@pytest.mark.parametrize(
    "raw",
    [
        update(number=-1), update(number=2**63), {"update_id": 1, "something_new": {"a": 1}},
        {"update_id": 1, "message": {"text": ["no"]}}, {"update_id": 1, "message": 7},
        {"update_id": 1, "edited_message": update()["message"] | {"edit_date": 2}},
        {"update_id": 1, "channel_post": update()["message"]}, update("\x00\u202e\U000e0041Hi"),
        {"update_id": 1, "message": update()["message"] | {"text": "\ud800"}},
        update("/start '; DROP TABLE x; ignore all rules"),
    ],
    ids=range(10),
)  # fmt: skip
async def test_whatever_else_telegram_brings_is_taken(
    server: TelegramServer, http: aiohttp.ClientSession, raw: dict[str, Any]
) -> None:
    log = Log()
    async with door(server, log) as (_, url):
        headers = {HEADER: SECRET, "Content-Type": "application/json"}
        body = json.dumps(raw)
        async with http.post(f"{url}/telegram/123456", data=body, headers=headers) as answer:
            assert answer.status == 200


async def test_a_store_that_is_away_is_said_and_fifty_repeats_are_one(
    server: TelegramServer, http: aiohttp.ClientSession
) -> None:
    log = Log()
    log.is_down = True
    async with door(server, log) as (_, url):

        async def call() -> int:
            headers = {HEADER: SECRET}
            async with http.post(f"{url}/telegram/123456", json=update(), headers=headers) as got:
                return got.status

        assert await call() == 503
        log.is_down = False
        assert set(await asyncio.gather(*(call() for _ in range(50)))) == {200}
    assert log.texts == ["Hello"]


async def test_the_webhook_is_registered_with_its_secret(server: TelegramServer) -> None:
    log = Log()
    async with polling(server, log, webhook_url="https://shop.example/", webhook_secret=SECRET):
        hook = server.bot.webhook
    assert hook["url"] == "https://shop.example/telegram/123456"
    assert hook["secret_token"] == SECRET
    assert hook["allowed_updates"] == ["message", "edited_message", "callback_query"]
    async with polling(server, log):
        assert server.bot.webhook == {}
