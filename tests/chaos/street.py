"""A street of customers before a channel: they write without waiting, and remember what they wrote.

Above: the chaos tests of channels. Below: the rigs of the contract, `checker`.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import Protocol

from tests.chaos.checker import Verdict, judge
from tests.chaos.crew import Counter
from tests.contract.channel_rig import Shown
from tests.fakes.history import History

MESSAGES = int(os.environ.get("CHAOS_MESSAGES", "0"))


class Hands(Protocol):
    """What the street needs of a rig."""

    async def says(self, who: str, text: str) -> str:
        """See `ChannelRig.says`."""
        ...

    def got(self, who: str) -> list[Shown]:
        """See `ChannelRig.got`."""
        ...

    async def redelivers(self) -> None:
        """See `ChannelRig.redelivers`."""
        ...


def messages(quick: int) -> int:
    """How many in all: few in the quick form, CHAOS_MESSAGES in the full one."""
    return MESSAGES or quick


@dataclass
class Street:
    """Customers, and what they have said so far."""

    rig: Hands
    history: History
    size: int = 10
    references: Counter = field(default_factory=Counter)
    said: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    async def talk(self, count: int, *, pause_seconds: float) -> None:
        """So many messages, each by one of them, at random moments."""
        for _ in range(count):
            await self.say_one()
            await asyncio.sleep(self.history.dice.expovariate(1 / pause_seconds))

    async def talk_until(self, stop: asyncio.Event, *, pause_seconds: float) -> None:
        """Messages without end."""
        while not stop.is_set():
            await self.talk(1, pause_seconds=pause_seconds)

    async def say_one(self) -> None:
        """One of them writes a word that nobody has written before."""
        who = f"guest{self.history.dice.randrange(self.size)}"
        word = self.references.next()
        self.said.setdefault(who, []).append(word)
        self.history.note("says", who=who, word=word)
        await self.rig.says(who, f"About {word}.")

    def seen(self) -> dict[str, list[str]]:
        """What stands in each chat from us."""
        return {who: [shown.text for shown in self.rig.got(who)] for who in self.said}

    def verdict(self) -> Verdict:
        """As it is now."""
        return judge(self.said, self.seen())

    async def settle(self, seconds: float) -> Verdict:
        """Wait until everything is answered, or for so long."""
        end = time.monotonic() + seconds
        while self.verdict().unanswered and time.monotonic() < end:
            await self.rig.redelivers()
            await asyncio.sleep(0.5)
        verdict = self.verdict()
        self.history.note("verdict", text=str(verdict), doubled=verdict.doubled)
        return verdict
