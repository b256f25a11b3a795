"""Customers who keep asking while things break, and the processes that answer them.

Above: chaos tests. Below: `tests.flows.gateway_process`, the REST API.
"""

from __future__ import annotations

import asyncio
import os
import string
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.fakes.history import Asked, History
from tests.flows.gateway_process import GatewayProcess

# Whether an answer comes at all: a restart on a slow machine may be in between.
ANSWER_SECONDS = 180.0
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "0"))
SEED = int(os.environ.get("CHAOS_SEED", "20261121"))
# So the model server's answers are the only ones (nothing else is asked), whatever it is asked.
SETTINGS = {
    "SWITCHBOARD_WEB__MESSAGES_PER_SECOND": "10000",
    "SWITCHBOARD_MODEL__BREAKER_FAILURES": "1000",
}


def rounds(quick: int) -> int:
    """How many rounds: few in the quick form, CHAOS_ROUNDS in the full one."""
    return ROUNDS or quick


def make_reference(number: int) -> str:
    """`refAAAB`: letters only, because figures in answers are checked by the gateway."""
    letters = ""
    for _ in range(4):
        number, rest = divmod(number, 26)
        letters = string.ascii_uppercase[rest] + letters
    return f"ref{letters}"


@dataclass
class Counter:
    """Numbers for references, one for all customers."""

    value: int = 0

    def next(self) -> str:
        self.value += 1
        return make_reference(self.value)


@dataclass
class Customer:
    """Asks over REST, one question after the other, and does not give up."""

    name: str
    url: Callable[[], str]
    session: aiohttp.ClientSession
    history: History
    references: Counter
    conversation: str = ""
    token: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])

    async def ask_until(self, stop: asyncio.Event) -> None:
        """Question after question; the last one is answered before it ends."""
        while not stop.is_set():
            await self.ask()

    async def ask(self) -> None:
        """One question, acknowledged, then answered."""
        if not self.conversation:
            made = await self._insist("POST", "/conversations", {})
            self.conversation, self.token = made["id"], made["token"]
        reference = self.references.next()
        client_id = f"{self.name}-{len(self.asked)}"
        words = f"How do I reset my password? My reference is {reference}."
        self.history.note("asks", who=self.name, reference=reference, client_id=client_id)
        path = f"/conversations/{self.conversation}/messages"
        got = await self._insist("POST", path, {"text": words, "client_id": client_id})
        self.asked.append(Asked(client_id, got["seq"], words, reference))
        self.history.note("acknowledged", who=self.name, reference=reference, seq=got["seq"])
        await self._await_answer(got["seq"], reference)

    async def entries(self) -> list[dict[str, Any]]:
        """The whole conversation."""
        found: list[dict[str, Any]] = []
        while True:
            after = found[-1]["seq"] if found else 0
            page = await self._insist("GET", f"{self._place}/entries?after={after}&limit=200")
            if not page["entries"]:
                return found
            found += page["entries"]

    @property
    def _place(self) -> str:
        return f"/conversations/{self.conversation}"

    async def _await_answer(self, seq: int, reference: str) -> None:
        end = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < end:
            page = await self._insist("GET", f"{self._place}/entries?after={seq}")
            answers = [entry for entry in page["entries"] if entry["author"]["role"] == "ai"]
            if answers:
                self.history.note("answered", who=self.name, reference=reference,
                                  seq=answers[0]["seq"])  # fmt: skip
                return
            await asyncio.sleep(0.05)
        raise AssertionError(self.history.explain(f"{reference} was never answered"))

    async def _insist(self, method: str, path: str, body: Any = None) -> Any:
        """Until the gateway says yes; the same words each time. 4xx is a fault of its own."""
        end = time.monotonic() + ANSWER_SECONDS
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        while True:
            try:
                async with self.session.request(
                    method, self.url() + "/api/v1" + path, json=body, headers=headers
                ) as response:
                    text = await response.text()
                    if response.status < 300:
                        return await response.json()
                    assert response.status in {429, 502, 503}, f"{response.status} {text}"
                    self.history.note("refused", who=self.name, status=response.status)
            except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
                self.history.note("no line", who=self.name, error=type(error).__name__)
            if time.monotonic() > end:
                raise AssertionError(self.history.explain(f"{method} {path}: never taken"))
            await asyncio.sleep(0.05)


def owner_of(port: int, processes: list[GatewayProcess]) -> GatewayProcess | None:
    """Which of these holds the near end of a loopback connection from `port` (Linux)."""
    inodes = {
        fields[9]
        for fields in map(str.split, Path("/proc/net/tcp").read_text("ascii").splitlines()[1:])
        if int(fields[1].rpartition(":")[2], 16) == port
    }
    for process in processes:
        for link in Path(f"/proc/{process.pid}/fd").glob("*"):
            try:
                name = str(link.readlink())
            except OSError:
                continue
            if name.removeprefix("socket:[").rstrip("]") in inodes:
                return process
    return None
