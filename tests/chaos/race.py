"""One conversation in which everybody acts at once: customer, engine, a person, delivery, crashes.

Above: `test_take_over_race`. Below: the real log. The steps of the actors come in a random order;
each step is one call, so the order is exact. What must never be is judged by the order of the steps
and by the log alone, never by epochs.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from core.bus.connect import Bus
from core.bus.keys import ConversationKeys
from core.conversation import Claim, NotClaimed, TurnCommit
from core.ids import ConversationId, new_event_id, reply_entry_id
from core.messages import Address, Author, Entry, EntryBody, InboundEvent

STREAM = "deliver:telegram"
LEASE_MS = 60_000
AI = Author(role="ai", specialist="race")
ANNA = Author(role="customer")
EVA = Author(role="human_agent", name="Eva")
Actor = AsyncGenerator[None]


@dataclass
class Race:
    """The acts of all, one at a time, and what was seen."""

    bus: Bus
    number: int
    dice: random.Random
    faults: list[str] = field(default_factory=list[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    step: int = 0
    taken_at: int = -1
    """The step of the last act that made the conversation a person's."""
    written: dict[int, int] = field(default_factory=dict[int, int])
    """The step at which each AI entry was committed, by sequence."""

    async def run(self) -> None:
        """One interleaving, then all that is left over."""
        self.address = Address(channel="telegram", account="race", chat=f"{self.number}")
        self.conversation: ConversationId = await self.bus.log.create(self.address)
        actors: list[Actor] = [
            self._customer(), self._person(), self._engine(), self._engine(), self._delivery(),
            self._delivery(),
        ]  # fmt: skip
        while actors:
            await self._advance(actors, self.dice.choice(actors))
        self.step += 1
        await self._accept(EVA, action="release")
        await self._accept(ANNA, text="Is anybody there?")
        for _ in range(4):
            for rest in (self._engine(calm=True), self._delivery(calm=True)):
                async for _ in rest:
                    pass
        await self._judge()

    async def _advance(self, actors: list[Actor], actor: Actor) -> None:
        self.step += 1
        try:
            await anext(actor)
        except StopAsyncIteration:
            actors.remove(actor)

    # ---- the actors; they stop at each yield until it is their turn again

    async def _customer(self) -> Actor:
        for number in range(self.dice.randint(1, 3)):
            await self._accept(ANNA, text=f"Question {number}?")
            yield

    async def _person(self) -> Actor:
        for _ in range(self.dice.randrange(5)):  # takes over late, too
            yield
        for _ in range(self.dice.randint(1, 2)):
            if self.dice.random() < 0.5:
                await self._accept(EVA, action="take")
            else:
                await self._accept(EVA, text="Eva here.")
            yield
            if self.dice.random() < 0.5:
                await self._accept(EVA, action="release")
                yield

    async def _engine(self, *, calm: bool = False) -> Actor:
        """A slow turn after the other; may die in the middle, and come back as a zombie."""
        for _ in range(3):
            claim, claimed_at = await self._claim("engine", "engine"), self.step
            yield
            if claim is None:
                continue
            turn = self._turn(claim)
            is_dead = not calm and self.dice.random() < 0.2
            if is_dead:
                await self._end_lease(claim)
                self.counts["worker died"] += 1
            for _ in range(0 if calm else self.dice.randrange(4)):
                yield  # it thinks
            done = await self.bus.log.commit(claim, turn)
            self.counts[f"commit {done.outcome}"] += 1
            if done.outcome == "ok" and turn.entries:
                self._note_commit(done.seqs, claimed_at)
            yield

    async def _delivery(self, *, calm: bool = False) -> Actor:
        for _ in range(3):
            claim = await self._claim("customer", STREAM)
            yield
            if claim is None:
                continue
            if not calm and self.dice.random() < 0.2:
                await self._end_lease(claim)  # it sleeps past its lease and goes on as a zombie
                self.counts["delivery slept"] += 1
                yield
            for entry in claim.entries:
                if not await self._send(claim, entry, calm=calm):
                    break
                yield
            await self.bus.log.finish(claim, stream=STREAM)
            yield

    async def _send(self, claim: Claim, entry: Entry, *, calm: bool) -> bool:
        if entry.author.role == "customer" or entry.kind != "message":
            return await self.bus.log.record_send(claim, entry.seq, outcome="withheld")
        ticket = await self.bus.log.begin_send(claim, entry.seq)
        self.counts[f"send {ticket.outcome}"] += 1
        if ticket.outcome == "stale":
            return False
        if ticket.outcome == "send" and entry.author.role == "ai":
            self._note_send(entry.seq)
        if not calm and self.dice.random() < 0.1:
            await self._end_lease(claim)  # it dies with the send in flight
            self.counts["delivery died"] += 1
            return False
        outcome = "sent" if ticket.outcome in {"send", "sent"} else "withheld"
        return await self.bus.log.record_send(claim, entry.seq, outcome=outcome)

    # ---- the calls

    async def _accept(self, author: Author, *, text: str = "", action: Any = None) -> None:
        event = InboundEvent(
            id=new_event_id("race"), conversation=self.conversation, address=self.address,
            author=author, text=text, action=action, kind="control" if action else "message",
        )  # fmt: skip
        await self.bus.log.accept(event)
        if author is EVA and action != "release":
            self.taken_at = self.step
            self.counts["taken over"] += 1

    async def _claim(self, reader: str, stream: str) -> Claim | None:
        head = ConversationKeys.of(self.conversation).head
        wake = await self.bus.calls.command("HGET", head, f"w:{reader}")
        if wake is None:
            return None
        got = await self.bus.log.claim(
            reader, self.conversation, wake.decode(), lease_ms=LEASE_MS, window=0, stream=stream
        )
        return None if isinstance(got, NotClaimed) else got

    async def _end_lease(self, claim: Claim) -> None:
        head = ConversationKeys.of(self.conversation).head
        if await self.bus.calls.command("HGET", head, f"l:{claim.reader}") == b"%d" % claim.token:
            await self.bus.calls.command("HSET", head, f"u:{claim.reader}", 1)

    def _turn(self, claim: Claim) -> TurnCommit:
        if claim.head.owner != "ai":
            return TurnCommit()
        name = reply_entry_id(claim.conversation, claim.seen)
        return TurnCommit(entries=(EntryBody(id=name, author=AI, text=f"Answer {claim.seen}."),))

    # ---- what must not be

    def _note_commit(self, seqs: tuple[int, ...], claimed_at: int) -> None:
        if self.taken_at >= claimed_at:
            self.faults.append(f"{self.number}: {seqs} committed over a take-over")
        self.written |= dict.fromkeys(seqs, self.step)

    def _note_send(self, seq: int) -> None:
        if self.taken_at > self.written[seq]:
            self.faults.append(f"{self.number}: {seq} sent after a take-over")

    async def _judge(self) -> None:
        """By the log alone: no word of the AI while a person had it; and nothing was left over."""
        owner, entries = "ai", await self.bus.log.entries(self.conversation)
        for entry in entries:
            if entry.author.role == "ai" and owner != "ai":
                self.faults.append(f"{self.number}: {entry.seq} of the AI while a person had it")
            if entry.author.role == "human_agent":
                owner = "ai" if entry.action == "release" else "human"
        head = await self.bus.log.head(self.conversation)
        if entries[-1].author.role != "ai" or head.customer_cursor < head.seq:
            self.faults.append(f"{self.number}: not worked off")
