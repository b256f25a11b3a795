"""One story through every channel in one run: a whole gateway, five doors, the same matter.

At every door a customer asks, gets an answer with its source, asks in a second language, sends a
file, changes a message, chooses a person by the button that is offered, and gets a file from them.
Every channel is spoken over its real wire. What a channel cannot carry is named in `OTHERWISE`,
with what is done there instead; nothing is left out in silence.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.contract.channel_rig import File
from tests.contract.email_rig import open_email
from tests.contract.pull_rigs import open_rest, open_web
from tests.contract.slack_rig import open_slack_socket
from tests.contract.telegram_rig import open_telegram_polling
from tests.fakes.frames import open_line
from tests.fakes.mail.dovecot import Dovecot
from tests.fakes.mail.servers import dovecot, dovecot_server
from tests.fakes.waiting import until, until_found
from tests.flows.conftest import Start
from tests.flows.gateway_process import Api, GatewayProcess

__all__ = ["dovecot", "dovecot_server"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DOORS = {
    "rest": open_rest, "web": open_web, "telegram": open_telegram_polling,
    "slack": open_slack_socket,
}  # fmt: skip
ENGLISH = "How do I reset my password?"
CZECH = "Jak si mohu obnovit zapomenuté heslo?"
VAGUE = "Do you have a shop in Berlin?"
THEIRS = File("invoice.txt", "text/plain", b"Total 10, but I ordered for 9.")
OURS = File("credit-note.pdf", "application/pdf", b"%PDF-1.4 a credit note of 1")
WAIT_SECONDS = 90.0
PARTS = ("source", "language", "file in", "edit", "button", "file out")
# What a channel cannot carry, and what is done there instead.
OTHERWISE = {
    ("email", "button"): "a mail has no buttons: the choices are numbered lines, and 1 chooses",
    ("email", "edit"): "a mail that was sent cannot be changed: a second mail says it anew",
    ("rest", "button"): "a client of the API has no press: it says the label",
    ("rest", "edit"): "the API has no edit by customers: a second message says it anew",
    ("web", "edit"): "the widget has no edit by customers: a second message says it anew",
}


async def test_one_story_is_told_through_every_channel(
    filled: Path, home: Path, start: Start, api: Callable[[GatewayProcess], Api],
    session: aiohttp.ClientSession, dovecot: Dovecot,
) -> None:  # fmt: skip
    shutil.copytree(filled, home / "data", ignore=shutil.ignore_patterns("valkey", "*.json"))
    async with AsyncExitStack() as stack:
        rigs: dict[str, Any] = {
            name: await stack.enter_async_context(opened()) for name, opened in DOORS.items()
        }
        rigs["email"] = await stack.enter_async_context(open_email(dovecot))
        environ: dict[str, str] = {}
        for rig in rigs.values():
            environ |= rig.environ() if hasattr(rig, "environ") else {}
        gateway = await start(home / "data", **environ).ready()
        for rig in rigs.values():
            rig.opened_at(gateway.note["url"])
        stories = [Story(name, rig, api(gateway), session) for name, rig in rigs.items()]
        await asyncio.gather(*(story.tell() for story in stories))
        assert await gateway.stop() == 0
        assert "Traceback" not in gateway.text()
    told = {(story.name, part): how for story in stories for part, how in story.told.items()}
    assert set(told) == {(name, part) for name in rigs for part in PARTS}
    assert {what for what, how in told.items() if how == "otherwise"} == set(OTHERWISE)


class Story:
    """The customer Anna at one door, and a person of the desk."""

    def __init__(self, name: str, rig: Any, api: Api, session: aiohttp.ClientSession) -> None:
        self.name, self.rig, self.api = name, rig, api
        self.told: dict[str, str] = {}
        self._session = session

    async def tell(self) -> None:
        """All of it, in order."""
        await self._ask_for_the_source()
        await self._ask_in_czech()
        await self._send_a_file()
        await self._change_a_message()
        await self._choose_a_person()
        await self._get_a_file()

    async def _ask_for_the_source(self) -> None:
        words = await self._ask(ENGLISH, "password")
        if not self.rig.capabilities.pull:
            assert "Sources" in words and ENGLISH in words, (self.name, words)
        answer = await self._entry(lambda entry: bool(entry.get("citations")))
        assert answer["citations"][0]["title"] == ENGLISH
        self.told["source"] = "carried"

    async def _ask_in_czech(self) -> None:
        await self._ask(CZECH, "hesl")
        self.told["language"] = "carried"

    async def _choose_a_person(self) -> None:
        """What is offered where there is no answer: from here on a person has it."""
        before = len(self.rig.got("anna"))

        def offers() -> list[Any]:
            return [one for one in self.rig.got("anna")[before:] if self._choices(one)]

        await self.rig.says("anna", VAGUE)
        await self._hears(lambda: bool(offers()))
        shown = offers()[0]
        label = self._choices(shown)[0]
        before = len(self.rig.got("anna"))
        if self.name == "email":
            assert f"1. {label}" in shown.text
            await self.rig.says("anna", "1")
        elif self.name == "rest":
            await self.rig.says("anna", label)
        else:
            await self.rig.presses("anna", shown, label)
        await self._hears_more_than(before)
        path = f"/conversations/{(await self._find())['id']}"

        async def is_theirs() -> bool:  # what was heard may still be the answer before
            return (await self.api.call("GET", path))["owner"] == "human"

        await until_found(is_theirs, seconds=WAIT_SECONDS)
        self._note("button")

    def _choices(self, shown: Any) -> list[str]:
        """The labels of what is offered: buttons, or numbered lines."""
        lines = [line.partition(". ") for line in shown.text.splitlines()]
        numbered = [label for number, _, label in lines if number.isdecimal() and label]
        return list(shown.buttons) or (numbered if self.name == "email" else [])

    async def _send_a_file(self) -> None:
        text = "Here is the invoice, what is wrong?"
        before = len(self.rig.got("anna"))
        if self.rig.capabilities.pull:
            customer = self.rig._customer("anna")
            conversation = (await self._find())["id"]
            token = await self._ticket(customer.token, conversation)
            number = await self._upload(THEIRS, conversation, token)
            customer.put({"text": text, "client_id": "with-file", "attachments": [{"id": number}]})
        else:
            await self.rig.says("anna", text, files=(THEIRS,))
        await self._hears_more_than(before)
        entry = await self._entry(
            lambda entry: entry["author"]["role"] == "customer" and "attachments" in entry
        )
        (file,) = entry["attachments"]
        assert (entry["text"], file["name"]) == (text, THEIRS.name)
        assert await self._fetch(file["url"]) == THEIRS.content
        self.told["file in"] = "carried"

    async def _change_a_message(self) -> None:
        mended = "How do I change my e-mail address?"
        before = len(self.rig.got("anna"))
        message = await self.rig.says("anna", "How do I cancel my ordr?")
        await self._hears_more_than(before)
        before = len(self.rig.got("anna"))
        if "in:edit" in self.rig.exempt:
            await self.rig.says("anna", mended)
        else:
            await self.rig.edits("anna", message, mended)
        await self._hears_more_than(before)
        said = await self._entry(
            lambda entry: entry["kind"] == "message" and entry["text"] == mended
        )
        assert said.get("edited", False) == ("in:edit" not in self.rig.exempt)
        self._note("edit")

    async def _get_a_file(self) -> None:
        conversation = (await self._find())["id"]
        number = await self._upload(OURS, conversation, self.api.admin)
        body = {"text": "Your credit note.", "name": "Eva", "attachments": [{"id": number}]}
        await self.api.call("POST", f"/conversations/{conversation}/replies", body=body)
        await until(lambda: "Your credit note." in self._words(), seconds=WAIT_SECONDS)
        if self.rig.capabilities.pull:
            entries = self.rig._customer("anna").entries.values()
            (file,) = next(one for one in entries if one["text"] == body["text"])["attachments"]
            assert await self._fetch(file["url"]) == OURS.content
        else:
            await until(lambda: bool(self._files()), seconds=WAIT_SECONDS)
            assert [(file.name, file.content) for file in self._files()] == [
                (OURS.name, OURS.content)
            ]
        self.told["file out"] = "carried"

    def _files(self) -> list[File]:
        return [file for shown in self.rig.got("anna") for file in shown.files]

    def _note(self, part: str) -> None:
        self.told[part] = "otherwise" if (self.name, part) in OTHERWISE else "carried"

    def _words(self) -> str:
        return "\n".join(shown.text for shown in self.rig.got("anna"))

    async def _ask(self, text: str, word: str) -> str:
        """The words that come back, with this one among them."""
        before = len(self.rig.got("anna"))

        def told() -> str:
            return "\n".join(shown.text for shown in self.rig.got("anna")[before:])

        await self.rig.says("anna", text)
        await self._hears(lambda: word in told().lower())
        return told()

    async def _hears_more_than(self, count: int) -> None:
        await self._hears(lambda: len(self.rig.got("anna")) > count)

    async def _hears(self, heard: Callable[[], bool]) -> None:
        try:
            await until(heard, seconds=WAIT_SECONDS)
        except TimeoutError:
            raise AssertionError((self.name, self.told, self._words())) from None

    async def _find(self) -> dict[str, Any]:
        """The one conversation of this channel; the archive follows the log."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                listed = await self.api.call("GET", "/conversations", channel=self.name, limit=50)
                if found := listed["conversations"]:
                    (one,) = found
                    return one
                await asyncio.sleep(0.1)

    async def _entry(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The entry of the log, as people see it."""
        path = f"/conversations/{(await self._find())['id']}/entries"
        until_then = time.monotonic() + WAIT_SECONDS
        while True:
            entries = (await self.api.call("GET", path, after=0))["entries"]
            if (found := next((one for one in entries if fits(one)), None)) is not None:
                return found
            assert time.monotonic() < until_then, (self.name, entries)
            await asyncio.sleep(0.1)

    async def _ticket(self, token: str, conversation: str) -> str:
        """What lets a customer upload: on a page, a ticket that their socket asks for."""
        if self.name != "web":
            return token
        async with open_line(self.api.url.removesuffix("/api/v1")) as line:
            await line.connect({"site": "test", "visitor": token, "conversation": conversation})
            return (await line.ask("upload", {}))["token"]

    async def _upload(self, file: File, conversation: str, token: str) -> str:
        form = aiohttp.FormData()
        form.add_field("file", file.content, filename=file.name, content_type=file.media_type)
        url = f"{self.api.url}/conversations/{conversation}/attachments"
        headers = {"Authorization": f"Bearer {token}"}
        async with self._session.post(url, data=form, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            return (await answer.json())["id"]

    async def _fetch(self, url: str) -> bytes:
        base = self.api.url.removesuffix("/api/v1")
        async with self._session.get(url if "://" in url else f"{base}{url}") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()
