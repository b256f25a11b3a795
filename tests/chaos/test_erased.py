"""A real gateway forgets a person: afterwards no byte of theirs is on its disk or in its store."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import AsyncGenerator
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fakes.waiting import until, until_found
from tests.flows.conftest import Start
from tests.flows.gateway_process import Api

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PATIENCE_SECONDS = 120.0

NAME, MAIL = "Zuzanna Kanarek-Probe", "zuzanna.kanarek@kanarienpost.example"
WORDS = ("kanarischer-satz-7391", "kanarische-notiz-7392", "kanarisches-ticket-7393",
         "kanarische-datei-7394", "kanarischer-entwurf-7395", "kanarische-luecke-7396")  # fmt: skip
CANARIES = (NAME, MAIL, "zuzanna.kanarek", "Kanarek", *WORDS)


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """An HTTP client that waits longer than the gateway is asked to."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as opened:
        yield opened


def hits(folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Which canaries stand in which files, as text in any usual form."""
    found: dict[str, list[str]] = {}
    for path in folder.rglob("*"):
        if not path.is_file() or path.name in but:
            continue
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # a file of the store that was written anew meanwhile
            continue
        told = [word for word in CANARIES if any(form in data for form in forms(word))]
        if told:
            found[str(path.relative_to(folder))] = told
    return found


def forms(word: str) -> list[bytes]:
    return [word.encode(), word.casefold().encode(), json.dumps(word).encode()[1:-1]]


class Person:
    """Says canaries through every door there is."""

    def __init__(self, api: Api, session: aiohttp.ClientSession, data: Path) -> None:
        self.api, self.session, self.data = api, session, data
        self.contact = ""

    async def live(self) -> tuple[str, str]:
        opened = await self.api.call("POST", "/conversations", body={"contact": MAIL})
        conversation, token = opened["id"], opened["token"]
        path = f"/conversations/{conversation}"
        file = await self._upload(path, token)
        body = {
            "text": f"My name is {NAME}, my e-mail is {MAIL}. {WORDS[0]} {WORDS[5]}?",
            "attachments": [file],
        }
        await self.api.call("POST", f"{path}/messages", token=token, body=body, wait=60)
        self.contact = await contact_of(self.data, conversation)
        await self.api.call(
            "PUT", f"/contacts/{self.contact}",
            body={"name": NAME, "email": MAIL, "notes": WORDS[1]},
        )  # fmt: skip
        await self.api.call("POST", f"{path}/take", body={"name": "Desk"})
        await self.api.call("POST", f"{path}/notes", body={"text": f"{WORDS[1]} {NAME}"})
        await self.api.call("POST", f"{path}/replies", body={"text": f"Dear {NAME}, {WORDS[4]}"})
        await self.api.call(
            "POST", "/tickets",
            body={"subject": WORDS[2], "body": f"{WORDS[2]} of {NAME}", "contact": self.contact,
                  "conversation": conversation},
        )  # fmt: skip
        await self.api.call(
            "POST", "/triage/corrections",
            body={"text": f"{WORDS[5]} {MAIL}", "specialist": "billing",
                  "conversation": conversation},
        )  # fmt: skip
        return conversation, token

    async def _upload(self, path: str, token: str) -> dict[str, Any]:
        form = aiohttp.FormData()
        form.add_field(
            "file", f"{WORDS[3]} {NAME}".encode(), filename=f"{WORDS[3]}.txt",
            content_type="text/plain",
        )  # fmt: skip
        async with self.session.post(
            f"{self.api.url}{path}/attachments",
            data=form,
            headers={"Authorization": f"Bearer {token}"},
        ) as answer:
            assert answer.status < 300, await answer.text()
            return {"id": (await answer.json())["id"]}


def ask(data: Path, query: str, conversation: str) -> Any:
    """The first field of the first row, or None."""
    with sqlite3.connect(f"file:{data / 'switchboard.db'}?mode=ro", uri=True) as connection:
        row = connection.execute(query, (conversation,)).fetchone()
        return row[0] if row else None


async def contact_of(data: Path, conversation: str) -> str:
    """Whose it is, once that is settled."""
    query = "SELECT contact FROM contact_conversations WHERE conversation = ?"
    await until(lambda: ask(data, query, conversation) is not None, seconds=PATIENCE_SECONDS)
    return ask(data, query, conversation)


async def archived(data: Path, conversation: str, entries: int) -> None:
    """Wait until the archive has all of it, or there would be little to forget."""
    query = "SELECT count(*) FROM entries WHERE conversation = ?"
    await until(lambda: ask(data, query, conversation) >= entries, seconds=PATIENCE_SECONDS)


async def test_after_an_erasure_nothing_of_the_person_is_left_anywhere(
    data: Path, home: Path, start: Start, session: aiohttp.ClientSession
) -> None:
    gateway = await start(data).ready()
    door = Api(gateway, session)
    person = Person(door, session, data)
    conversation, token = await person.live()
    said = await door.entries(conversation, door.admin)
    assert len(said) >= 5
    await archived(data, conversation, len(said))
    before = hits(data)
    assert {"switchboard.db", "switchboard.db-wal"} & before.keys()
    assert any("appendonly" in name for name in before)
    assert any(name.startswith("files/") for name in before)

    made = await door.call("POST", f"/contacts/{person.contact}/export")
    async with session.get(door.url.removesuffix("/api/v1") + made["url"]) as answer:
        archive = zipfile.ZipFile(BytesIO(await answer.read()))
    shown = b"\n".join(archive.read(name) for name in archive.namelist()).decode()
    assert [word for word in (NAME, MAIL, *WORDS) if word not in shown] == []

    begun = await door.call("DELETE", f"/contacts/{person.contact}")
    gateway.kill()  # in the middle of it
    gateway = await start(data).ready()
    door = Api(gateway, session)

    async def erased() -> bool:
        return bool((await door.call("GET", f"/erasures/{begun['id']}"))["done_at"])

    await until_found(erased, seconds=PATIENCE_SECONDS)
    done = await door.call("GET", f"/erasures/{begun['id']}")
    assert done["report"]["database_clean"]
    assert done["report"]["store_rewritten"]
    for method, path in (("GET", ""), ("POST", "/messages")):
        status = await refused(session, door, method, conversation + path, token)
        assert status == 404
    again = await door.call("DELETE", f"/contacts/{person.contact}")
    assert again["id"] == begun["id"]
    verdict = await door.call("GET", "/audit/verification")
    assert verdict["whole"]
    assert hits(data) == {}
    assert await gateway.stop() == 0
    assert hits(data) == {}
    assert hits(home, but=("data",)) == {}, "the logs"


async def refused(
    session: aiohttp.ClientSession, door: Api, method: str, path: str, token: str
) -> int:
    body = {"text": "late"} if method == "POST" else None
    async with session.request(
        method, f"{door.url}/conversations/{path}", json=body,
        headers={"Authorization": f"Bearer {token}"},
    ) as answer:  # fmt: skip
        return answer.status
