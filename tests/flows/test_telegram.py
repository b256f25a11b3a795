"""A real gateway with an emulated Telegram: the whole road of a customer, and kill -9 on it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.telegram.faults import Fault
from tests.fakes.telegram.hands import ANNA, Hands
from tests.fakes.telegram.server import TOKEN, TelegramServer
from tests.fakes.waiting import until, until_found
from tests.flows.conftest import Start
from tests.flows.gateway_process import START_SECONDS, Api, GatewayProcess

pytestmark = pytest.mark.timeout(600)
QUESTION = "How do I reset my password?"
SECRET = "s3cret-of-the-webhook"


@pytest.fixture
def data(filled: Path, home: Path) -> Path:
    shutil.copytree(filled, home / "data", ignore=shutil.ignore_patterns("*.sock", "*.json"))
    return home / "data"


@pytest.fixture
async def server() -> AsyncGenerator[TelegramServer]:
    async with TelegramServer() as opened:
        yield opened
        assert opened.violations == []


@pytest.fixture
def hands(server: TelegramServer) -> Hands:
    return Hands(server)


def environ(server: TelegramServer, **changed: str) -> dict[str, str]:
    return {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url, **changed}


async def log_of(client: Api, contact: str) -> list[dict[str, Any]]:
    """What was said with this person."""
    found: list[dict[str, Any]] = []

    async def is_listed() -> bool:  # the list follows the log
        page = await client.call("GET", "/conversations", channel="telegram")
        found[:] = [one for one in page["conversations"] if one.get("contact") == contact]
        return bool(found)

    await until_found(is_listed, seconds=90)
    (one,) = found
    path = f"/conversations/{one['id']}/entries"
    return (await client.call("GET", path, after=0))["entries"]


def perhaps_doubled(gateway: GatewayProcess) -> Iterator[str]:
    """The chats of which it said that they perhaps saw something twice."""
    for line in gateway.text().splitlines():
        if "telegram_perhaps_doubled" in line:
            yield json.loads(line)["chat"]


@pytest.mark.slow
async def test_one_story_through_telegram(
    data: Path, start: Start, server: TelegramServer, hands: Hands,
    api: Callable[[GatewayProcess], Api],
) -> None:  # fmt: skip
    gateway = await start(data, **environ(server)).ready()
    said = await hands.say(QUESTION)
    await until(lambda: len(hands.texts()) == 1, seconds=90)
    assert "password" in hands.texts()[0].lower()
    assert "Sources:" in hands.texts()[0]

    await hands.edit(said, "How do I change my password?")
    await hands.send_file(b"E42: no such user", name="e.txt", media_type="text/plain",
                          caption="Here is the error.")  # fmt: skip
    await until(lambda: len(hands.texts()) >= 2, seconds=90)

    await hands.say("/language")
    # What was said before may still be answered: it is told apart by what it is, not by its place.
    await until(lambda: hands.offering("Deutsch") is not None, seconds=90)
    await hands.press(hands.offering("Deutsch") or {}, "Deutsch")
    switched = "Ab jetzt schreibe ich auf Deutsch."
    await until(lambda: switched in hands.texts(), seconds=90)
    await hands.say("Wie kann ich mein Passwort zurücksetzen?")
    place = hands.texts().index(switched)
    await until(lambda: any("Passwort" in text for text in hands.texts()[place:]), seconds=90)
    before = len(hands.texts())
    await hands.say("/new")
    anew = "wir beginnen neu"
    await until(lambda: any(anew in text for text in hands.texts()[before:]), seconds=90)
    await until(lambda: not server.bot.queue, seconds=90)

    entries = await log_of(api(gateway), f"telegram:{ANNA}")
    (edit,) = [one for one in entries if one.get("action") == "edit"]
    assert edit["value"] == f"telegram:123456:{ANNA}:{said['message_id']}"
    (file,) = next(one for one in entries if "attachments" in one)["attachments"]
    assert (file["name"], file["size"]) == ("e.txt", 17)
    assert [one.get("action") for one in entries].count("close") == 1
    assert await gateway.stop() == 0
    assert "Traceback" not in gateway.text()
    assert TOKEN.partition(":")[2] not in gateway.text()


@pytest.mark.slow
async def test_by_webhook_a_choice_is_pressed_and_a_person_is_asked_for(
    data: Path, start: Start, server: TelegramServer, hands: Hands
) -> None:
    hook = {"TELEGRAM_WEBHOOK_URL": "http://127.0.0.1:9", "TELEGRAM_WEBHOOK_SECRET": SECRET}
    gateway = await start(data, **environ(server, **hook)).ready()
    await until(lambda: bool(server.bot.webhook), seconds=90)
    assert server.bot.webhook["secret_token"] == SECRET
    server.bot.webhook["url"] = f"{gateway.note['url']}/telegram/123456"  # the proxy in front
    await hands.say("Do you have a shop in Berlin?")
    await until(lambda: len(hands.texts()) == 1, seconds=90)
    asked = hands.shown()[0]
    label = asked["reply_markup"]["inline_keyboard"][-1][0]["text"]
    await hands.press(asked, label)
    await until(lambda: len(hands.texts()) == 2, seconds=90)
    await hands.say("/human")
    await until(lambda: len(hands.texts()) == 3, seconds=90)
    await until(lambda: not server.bot.queue, seconds=90)
    assert server.bot.polls == 0
    assert await gateway.stop() == 0
    assert "Traceback" not in gateway.text()


@pytest.mark.slow
async def test_kill_9_loses_nothing_and_doubles_only_what_was_being_sent(
    data: Path, start: Start, server: TelegramServer, hands: Hands
) -> None:
    people = list(range(8000, 8020))

    def answered() -> int:
        return sum(len(hands.texts(person)) for person in people)

    gateway = await start(data, **environ(server)).ready()
    gateways = [gateway]
    for number, person in enumerate(people):
        if number == 8:
            server.faults.plan(Fault("lose"))
        await hands.say(QUESTION, sender=person)
        if number in {9, 14}:
            least = 2 if number == 9 else 8
            # The one before was only just started.
            await until(lambda least=least: answered() >= least, seconds=START_SECONDS)
            gateway.kill()
            gateway = start(data, **environ(server))
            gateways.append(gateway)
    await gateway.ready()
    await until(lambda: all(hands.texts(person) for person in people), seconds=120)
    await until(lambda: not server.bot.queue, seconds=60)
    # As many sends as were under way can come twice, and one chat can be hit by both kills: each
    # time it was said, of this chat.
    named = Counter(chat for one in gateways for chat in perhaps_doubled(one))
    got = {str(person): len(hands.texts(person)) for person in people}
    assert {who: count for who, count in got.items() if count > 1 + named[who]} == {}, named
    assert set(named) <= set(got)
