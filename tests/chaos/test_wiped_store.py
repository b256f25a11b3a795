"""The store is emptied under load, and its files are taken away: it is rebuilt from the archive.

`switchboard up` with a quick model; customers ask without pause. Before each loss it is read from
SQL what is archived. Whatever is, stands in the log afterwards, in its place, under the same
number; every conversation goes on with the token it had, and every question has one answer. What
was acknowledged a moment before and is not archived is gone: how old the oldest of it was is
measured, and its customer asks again, as people do.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis import Redis

from core.bus.embedded import EmbeddedServer
from tests.chaos.crew import ANSWER_SECONDS, SETTINGS, Counter, Customer, rounds
from tests.chaos.test_killed_stores import gone
from tests.fakes.history import Asked, History
from tests.fakes.llm_server import llm_server
from tests.flows.conftest import Start
from tests.flows.gateway_process import GatewayProcess

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]
CUSTOMERS = 10
PATIENCE_SECONDS = 3.0
# Far more than a store costs that is lost while the archive keeps up (docs/backup.md has figures).
WINDOW_SECONDS = 30.0

Archived = set[tuple[str, int, str]]


@dataclass
class Person(Customer):
    """Asks again when what they said is gone."""

    # By reference: what follows a loss takes the numbers again of what the loss took.
    sent: dict[str, float] = field(default_factory=dict[str, float])
    lost: list[float] = field(default_factory=list[float])

    async def ask(self) -> None:
        if not self.conversation:
            made = await self._insist("POST", "/conversations", {})
            self.conversation, self.token = made["id"], made["token"]
        reference, client_id = self.references.next(), f"{self.name}-{len(self.asked)}"
        words = f"How do I reset my password? My reference is {reference}."
        end = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < end:
            body = {"text": words, "client_id": client_id}
            # What is sent behind a loss may not be lost by it; so the time of sending counts.
            at = time.time()
            got = await self._insist("POST", f"{self._place}/messages", body)
            self.history.note("acknowledged", who=self.name, reference=reference,
                                   seq=got["seq"])  # fmt: skip
            if await self._is_answered(reference, words):
                self.sent[reference] = at
                self.asked.append(Asked(client_id, got["seq"], words, reference))
                self.history.note("answered", who=self.name, reference=reference)
                return
            self.lost.append(at)
            self.history.note("lost", who=self.name, reference=reference)
        raise AssertionError(self.history.explain(f"{reference} was never answered"))

    async def _is_answered(self, reference: str, words: str) -> bool:
        """Until it is; False if the question itself is not there any more."""
        end = time.monotonic() + ANSWER_SECONDS
        look = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            said = await self.entries()
            if any(_answers(entry, reference) for entry in said):
                return True
            if time.monotonic() > look and not any(entry["text"] == words for entry in said):
                return False
            await asyncio.sleep(0.1)
        return False


def _answers(entry: dict[str, Any], reference: str) -> bool:
    return entry["author"]["role"] == "ai" and reference in entry["text"]


class House:
    """The gateway that runs now."""

    def __init__(self, start: Start, data: Path, environ: dict[str, str]) -> None:
        self._start, self.data, self._environ = start, data, environ
        self.gateway: GatewayProcess | None = None
        self.url = "http://127.0.0.1:9"

    async def open(self) -> GatewayProcess:
        """Start it, and tell everybody where it is."""
        self.gateway = await self._start(self.data, **self._environ).ready(120)
        self.url = self.gateway.note["url"]
        return self.gateway

    def archived(self) -> Archived:
        """What SQL holds now."""
        with sqlite3.connect(self.data / "switchboard.db", timeout=10) as database:
            return set(database.execute("SELECT conversation, seq, text FROM entries"))

    @contextmanager
    def archive_held(self) -> Generator[None]:
        """Somebody's long write has the database: what is said meanwhile is not archived."""
        with closing(sqlite3.connect(self.data / "switchboard.db", timeout=10)) as database:
            database.isolation_level = None
            database.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                database.execute("ROLLBACK")

    async def flush(self) -> None:
        """As somebody at the wrong prompt does."""
        store = Redis.from_url(EmbeddedServer(self.data).url)
        await asyncio.to_thread(store.execute_command, "FLUSHALL")
        store.close()


async def more_answers(history: History, count: int) -> None:
    """Until so many more questions are answered."""
    want, end = len(history.lines("answered")) + count, time.monotonic() + 90
    while len(history.lines("answered")) < want:
        assert time.monotonic() < end, history.explain("no answers any more")
        await asyncio.sleep(0.05)


def judge(
    people: list[Person], said: dict[str, list[dict[str, Any]]], kept: Archived,
    losses: list[float],
) -> tuple[list[str], float]:  # fmt: skip
    """What is wrong at the end, and how old the oldest word was that a loss took."""
    faults: list[str] = []
    there = {
        (name, entry["seq"], entry["text"]) for name, entries in said.items() for entry in entries
    }
    ours = {person.conversation for person in people}
    faults += [f"archived, and gone: {item}" for item in kept - there if item[0] in ours]
    gone_at = [at for person in people for at in person.lost]
    for person in people:
        entries = said[person.conversation]
        numbers = [entry["seq"] for entry in entries]
        if numbers != sorted(set(numbers)):
            faults.append(f"numbers of {person.name}: {numbers}")
        for asked in person.asked:
            questions = sum(entry["text"] == asked.words for entry in entries)
            answers = sum(_answers(entry, asked.reference) for entry in entries)
            if questions > 1 or answers > 1:
                faults.append(f"{asked.reference}: {questions} questions, {answers} answers")
            elif (questions, answers) != (1, 1):  # the customer had read the answer already
                gone_at.append(person.sent[asked.reference])
    ages = [min([loss - at for loss in losses if loss >= at], default=1e9) for at in gone_at]
    return faults, max(ages, default=0.0)


async def test_a_wiped_store_is_rebuilt_under_load_and_nothing_archived_is_lost(
    data: Path, start: Start, history: History, session: aiohttp.ClientSession
) -> None:
    async with llm_server(pause_seconds=0.005) as model:
        house = House(start, data, {**SETTINGS, "OPENAI_BASE_URL": model.url})
        gateway = await house.open()
        references, stop = Counter(), asyncio.Event()
        people = [
            Person(f"p{number}", lambda: house.url, session, history, references)
            for number in range(CUSTOMERS)
        ]
        await asyncio.gather(*(person.ask() for person in people))
        await asyncio.sleep(1)  # each has a conversation that is archived
        tasks = [asyncio.create_task(person.ask_until(stop)) for person in people]
        kept: Archived = set()
        losses: list[float] = []
        try:
            for number in range(rounds(quick=2)):
                await more_answers(history, CUSTOMERS)
                kept |= house.archived()
                if number % 3 == 2:  # in the full form: the machine's disk is new
                    gateway.kill()
                    assert await gone(data, 10), history.explain("the server outlived its parent")
                    shutil.rmtree(data / "valkey")
                    gateway = await house.open()
                elif number % 3 == 1:  # questions and their answers that no archive has
                    with house.archive_held():
                        await more_answers(history, CUSTOMERS)
                        await house.flush()
                else:
                    await house.flush()
                losses.append(history.note("lost all"))
                await more_answers(history, CUSTOMERS)
            stop.set()
            await asyncio.gather(*tasks)
            said = {person.conversation: await person.entries() for person in people}
            faults, window = judge(people, said, kept, losses)
            history.note("window", seconds=window)
            assert not faults, history.explain("\n".join(faults))
            assert window < WINDOW_SECONDS, history.explain(f"{window} s were lost")
            assert "Traceback" not in gateway.text(), gateway.text()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
