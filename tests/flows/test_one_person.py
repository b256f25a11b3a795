"""One person goes from the page to Telegram to email in one conversation; whoever stands beside
them at each step gets nothing."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import smtplib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fakes.mail.dovecot import free_port
from tests.fakes.mail.smtp_sink import SmtpSink, Taken
from tests.fakes.page import Page, open_page
from tests.fakes.telegram.hands import ANNA, Hands
from tests.fakes.telegram.server import TOKEN, TelegramServer
from tests.fakes.waiting import until, until_found
from tests.flows.conftest import Start
from tests.flows.gateway_process import Api, GatewayProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
HELP = "help@shop.example"
# A customer of the sample data, and what only they may hear of.
EVA = "customer1@fernhill.example"
PERSONAL = re.compile(r"FH40128837|FH40128901|SP000128837|Sample Street")
QUESTION = "Where is my order?"
MALLORY = 666


class Post:
    """What leaves, and what people send."""

    def __init__(self, sink: SmtpSink, port: int) -> None:
        self.sink = sink
        self.port = port

    def environ(self) -> dict[str, str]:
        return {
            "EMAIL_ADDRESS": HELP, "EMAIL_SMTP_URL": self.sink.url,
            "SWITCHBOARD_EMAIL__LISTEN": f"127.0.0.1:{self.port}",
            "SWITCHBOARD_EMAIL__LISTEN_PROTOCOL": "smtp",
            "SWITCHBOARD_CLIMBING__PAGE": "https://shop.example/help",
            "SWITCHBOARD_WEB__BURST_WINDOW_SECONDS": "0",
        }  # fmt: skip

    def to(self, who: str) -> list[Taken]:
        return [one for one in self.sink.taken if one.recipient == who]

    async def send(self, sender: str, text: str, **headers: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Message-ID"] = sender, HELP, make_msgid(domain="e.example")
        mail["Subject"] = headers.pop("Subject", "My order")
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)

        def deliver() -> None:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as client:
                client.sendmail("x@e.example", [HELP], mail.as_bytes())

        await asyncio.to_thread(deliver)


@pytest.fixture
async def post() -> AsyncGenerator[Post]:
    async with SmtpSink().serving() as sink:
        yield Post(sink, free_port())


@pytest.fixture
async def server() -> AsyncGenerator[TelegramServer]:
    async with TelegramServer() as opened:
        yield opened


@dataclass
class Story:
    """Eva's way, and what others try beside her."""

    client: Api
    http: aiohttp.ClientSession
    hands: Hands
    post: Post
    url: str
    talk: str = ""
    code: str = ""

    async def begins_on_the_page(self, page: Page) -> str:
        """Nobody knows her there, so she is not told. The token for her own use of REST."""
        self.talk = await page.says(QUESTION)
        await page.answer()
        assert not PERSONAL.search(page.words)
        return (await page.does("upload", {}))["token"]

    async def is_not_for_who_knows_the_id(self, visitor: str) -> None:
        for auth in ({"conversation": self.talk}, {"visitor": visitor + "x"}):
            async with open_page(self.http, self.url, **auth) as (thief, greeting):
                assert greeting["conversation"] is None
                assert (await thief.does("resume", {"after": 0}))["entries"] == []

    async def goes_on_in_telegram(self, token: str) -> None:
        """By the link; whoever uses it again is a stranger."""
        links = await self.client.call("POST", f"/conversations/{self.talk}/links", token=token)
        await asks(self.hands, f"/start {links['token']}", ANNA)
        await asks(self.hands, f"/start {links['token']}", MALLORY)

    async def asks_for_a_code(self) -> None:
        """There she is asked who she is, too."""
        assert not PERSONAL.search(await asks(self.hands, QUESTION, ANNA))
        await press_code(self.hands, ANNA)
        await asks(self.hands, EVA, ANNA)
        await until(lambda: len(self.post.to(EVA)) == 1, seconds=90)
        self.code = code_of(self.post.to(EVA)[0])

    async def is_not_for_who_guesses(self) -> None:
        """Mallory asks for a code to the same address, guesses, and enters the very code, but not
        where it was asked for."""
        await asks(self.hands, QUESTION, MALLORY)
        await press_code(self.hands, MALLORY)
        await asks(self.hands, EVA, MALLORY)
        for guess in (wrong(self.code), wrong(self.code), self.code):
            await asks(self.hands, guess, MALLORY)
        assert not PERSONAL.search(json.dumps(self.hands.shown(MALLORY)))

    async def is_told(self) -> None:
        told = await asks(self.hands, self.code, ANNA)
        assert PERSONAL.search(told), told

    async def is_not_for_who_is_left_on_the_page(self, page: Page, token: str) -> None:
        """It proved nothing: it sees nothing of it, and its next word is another matter."""
        assert await page.says("Hello?") != self.talk
        await page.answer()
        assert not PERSONAL.search(page.words)
        path = f"{self.client.url}/conversations/{self.talk}/entries"
        async with self.http.get(path, headers={"Authorization": f"Bearer {token}"}) as refused:
            assert refused.status == 404

    async def goes_on_by_mail(self) -> str:
        """An answer to the mail that told of the proof is a word in the conversation."""
        await until(lambda: bool(self._confirmed()), seconds=90)
        answered = self._confirmed()[0].mail["Message-ID"]
        await self.post.send(EVA, "Thanks. Where is my order now?", In_Reply_To=answered)

        def told() -> bool:
            return any(PERSONAL.search(one.raw.decode()) for one in self.post.to(EVA))

        await until(told, seconds=90)
        return answered

    async def is_not_for_who_writes_mails(self, answered: str) -> None:
        """Her name without her mailbox, a look-alike, her address as a name; guessed threads."""
        guessed = {"In_Reply_To": answered, "References": answered}
        liars = ("eve@fernhill.example", "customer1@fernhi11.example", "eve@evil.example")
        before = len(await self.said())
        await self.post.send(
            EVA, QUESTION, Subject="Re: [#123] My order", In_Reply_To="<1@shop.example>"
        )
        await self.post.send(liars[0], QUESTION, **guessed)
        await self.post.send(liars[1], QUESTION, Reply_To=EVA, **guessed)
        await self.post.send(f'"{EVA}" <{liars[2]}>', QUESTION, **guessed)
        for liar in liars:
            await until(lambda who=liar: len(self.post.to(who)) >= 1, seconds=90)
            assert not PERSONAL.search(" ".join(one.text for one in self.post.to(liar)))
        assert len(await self.said()) == before

    async def was_one_conversation(self) -> None:
        words = [text for text in await self.said() if text and "/start" not in text]
        assert words[:4] == [QUESTION, QUESTION, EVA, self.code]
        assert len(words) == 5 and "Where is my order now?" in words[4]
        head = await self.client.call("GET", f"/conversations/{self.talk}")
        assert (head["contact"], head["channel"]) == (EVA, "email")
        await until_found(lambda: settled(self.client, self.talk), seconds=90)

    async def said(self) -> list[str]:
        """What customers said in the conversation."""
        entries = await self.client.entries(self.talk, self.client.admin)
        return [one["text"] for one in entries if one["author"]["role"] == "customer"]

    def _confirmed(self) -> list[Taken]:
        return [one for one in self.post.to(EVA) if "confirmed" in one.mail["Subject"]]


async def test_one_person_and_an_impostor_at_each_step(
    filled: Path, home: Path, start: Start, server: TelegramServer, post: Post,
    session: aiohttp.ClientSession, api: Callable[[GatewayProcess], Api],
) -> None:  # fmt: skip
    shutil.copytree(filled, home / "data", ignore=shutil.ignore_patterns("*.sock", "*.json"))
    environ = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url, **post.environ()}
    gateway = await start(home / "data", **environ).ready()
    eva = Story(api(gateway), session, Hands(server), post, gateway.note["url"])
    async with open_page(session, eva.url) as (page, ready):
        token = await eva.begins_on_the_page(page)
        await eva.is_not_for_who_knows_the_id(ready["visitor"])
        async with left_open(page):
            await eva.goes_on_in_telegram(token)
            await eva.asks_for_a_code()
            await eva.is_not_for_who_guesses()
            await eva.is_told()
        await eva.is_not_for_who_is_left_on_the_page(page, token)
        answered = await eva.goes_on_by_mail()
        await eva.is_not_for_who_writes_mails(answered)
        await eva.was_one_conversation()
    assert await gateway.stop() == 0
    assert "Traceback" not in gateway.text()
    assert eva.code not in gateway.text() and EVA not in gateway.text()


@asynccontextmanager
async def left_open(page: Page) -> AsyncGenerator[None]:
    """Nobody writes there, but a browser goes on answering the server's pings."""

    async def look_on() -> None:
        while True:
            with suppress(TimeoutError):
                await page.read("nothing")

    looking = asyncio.create_task(look_on())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def asks(hands: Hands, text: str, who: int) -> str:
    """Say it in Telegram; the answer to it."""
    before = len(hands.texts(who))
    await hands.say(text, sender=who, chat=who)
    await until(lambda: len(hands.texts(who)) > before, seconds=90)
    return json.dumps(hands.shown(who)[-1])


async def press_code(hands: Hands, who: int) -> None:
    """The button under the last answer."""
    before = len(hands.texts(who))
    await hands.press(hands.shown(who)[-1], "Mail me a code", sender=who)
    await until(lambda: len(hands.texts(who)) > before, seconds=90)


def code_of(mail: Taken) -> str:
    found = re.search(r"\b\d{6}\b", mail.text)
    assert found is not None
    return found[0]


def wrong(code: str) -> str:
    return str((int(code) + 1) % 1_000_000).zfill(6)


async def settled(client: Api, talk: str) -> bool:
    """One contact has the conversation, by mail and by Telegram."""
    found: list[dict[str, Any]] = (await client.call("GET", "/contacts", q=EVA))["contacts"]
    for contact in found:
        path = f"/contacts/{contact['id']}"
        page = await client.call("GET", f"{path}/conversations")
        if [one["id"] for one in page["conversations"]] == [talk]:
            known = (await client.call("GET", f"{path}/identities"))["identities"]
            levels = {(one["channel"], one["level"]) for one in known}
            return levels == {("email", 3), ("telegram", 3)}
    return False
