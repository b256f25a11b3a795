"""What readers and speakers do to one conversation, at once in the store and in the model.

Above: `test_log_machine`, which chooses among these acts. Below: the log, `log_model`. Each act
says what the model expects, and that the store did just that.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, ClassVar

from core.bus import scripts
from core.bus.connect import Bus
from core.bus.keys import ConversationKeys, ready_key, scheduled_key
from core.bus.log import RedisLog
from core.conversation import Claim, NotClaimed, TurnCommit, Turnpike
from core.ids import ConversationId, EntryId, EventId, reply_entry_id
from core.messages import Address, Author, EntryBody, InboundEvent
from tests.contract.log_model import Lease, Model
from tests.contract.log_rig import RedisRig

LEASE_MS = 600_000
PIKES = {
    "now": Turnpike(),
    "later": Turnpike(window_seconds=300, cap_seconds=900),
    "each": Turnpike(policy="each"),
}


@dataclass
class Conversation:
    """A conversation in the store, its model, and what the world saw of it."""

    id: ConversationId
    address: Address
    model: Model = field(default_factory=Model)
    events: list[InboundEvent] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    sending: set[tuple[int, int]] = field(default_factory=set)
    arrived: list[int] = field(default_factory=list)
    unsure: set[int] = field(default_factory=set)

    @property
    def push(self) -> bool:
        """Whether its channel must be told."""
        return self.address.channel == "telegram"

    @property
    def readers(self) -> tuple[str, ...]:
        """Who must come for it."""
        return ("engine", "customer") if self.push else ("engine",)


class LogActs:
    """The acts; whoever inherits sets `log`, `rig` and `talk`."""

    bus: ClassVar[Bus]
    runner: ClassVar[asyncio.Runner]
    log: RedisLog
    rig: RedisRig
    talk: Conversation

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def event(self, role: Any, *, kind: Any = "message", action: Any = None) -> InboundEvent:
        number = len(self.talk.events) + 1
        return InboundEvent(
            id=EventId(f"event-{number}"), conversation=self.talk.id, kind=kind, action=action,
            address=self.talk.address, author=Author(role=role), text=f"{role} {number}",
        )  # fmt: skip

    def accept(self, event: InboundEvent, *, pike: str = "now", finished: bool = True) -> None:
        got = self.run(self.log.accept(event, turnpike=PIKES[pike], finished=finished))
        expected = self.talk.model.accept(
            event.id, event.author.role, event.kind, event.action, event.text, each=pike == "each"
        )
        assert (got.seq, got.duplicate, got.conflict) == expected
        if not got.duplicate:
            self.talk.events.append(event)

    def claim(self, reader: str) -> Claim | None:
        talk = self.talk
        wake = self.run(self.rig.wake(talk.id, reader))
        if wake is None:
            return None
        stream = self.stream(reader).rpartition("ready:")[2]
        refusal = talk.model.claim_refusal(reader)
        got = self.run(self.log.claim(reader, talk.id, wake, lease_ms=LEASE_MS, stream=stream))
        if isinstance(got, NotClaimed):
            assert got.reason == refusal or (got.reason == "early" and refusal != "busy")
            if got.reason == "done":
                talk.model.leases.pop(reader, None)
            return None
        assert refusal is None
        assert got.token > talk.model.fence
        talk.model.fence = got.token
        talk.model.leases[reader] = Lease(got.token)
        talk.claims.append(got)
        self.check_claim(got)
        return got

    def check_claim(self, claim: Claim) -> None:
        model = self.talk.model
        start = model.cursor if claim.reader == "engine" else model.delivered_to
        seqs = [entry.seq for entry in claim.entries]
        assert seqs == list(range(start + 1, start + 1 + len(seqs)))
        asked = [entry for entry in claim.entries if entry.author.role == "customer"]
        if claim.reader == "engine" and model.each and asked:
            assert len(asked) == 1
        else:
            assert claim.seen == len(model.lines)

    def commit(self, claim: Claim, *, acted: bool = False) -> str:
        talk = self.talk
        asked = [str(entry.seq) for entry in claim.entries if entry.author.role == "customer"]
        answers: list[tuple[str, str]] = []
        if claim.head.owner == "ai" and asked:
            answers = [(reply_entry_id(talk.id, claim.seen), f"answer to {' '.join(asked)}")]
        bodies = tuple(
            EntryBody(id=EntryId(line_id), author=Author(role="ai"), text=text)
            for line_id, text in answers
        )
        expected = talk.model.commit_outcome(claim, merge=not acted)
        got = self.run(self.log.commit(claim, TurnCommit(entries=bodies, acted=acted)))
        assert got.outcome == expected
        if expected == "ok":
            assert got.seqs == talk.model.commit(claim, answers)
        elif expected in {"epoch", "superseded"}:
            talk.model.leases.pop("engine")
        return expected

    def commit_twice(self, claim: Claim) -> None:
        if self.commit(claim) == "ok":
            self.commit(claim)

    def give_back(self, claim: Claim) -> None:
        held = self.talk.model.holds(claim)
        self.run(self.log.finish(claim))
        if held:
            self.talk.model.leases.pop(claim.reader)

    def beat(self, claim: Claim) -> None:
        held = self.talk.model.holds(claim)
        assert self.run(self.log.extend(claim, lease_ms=LEASE_MS)) == held
        if held:
            self.talk.model.leases[claim.reader].running = True

    def begin_send(self, claim: Claim) -> None:
        """Ask for the next entry; if it may leave, it arrives: nobody can stop it then."""
        talk = self.talk
        seq = talk.model.delivered_to + 1
        if seq > claim.entries[-1].seq:
            return
        line = talk.model.lines[seq - 1]
        if line.role == "customer":
            if self.run(self.log.record_send(claim, seq, outcome="withheld")):
                talk.model.delivered_to = seq
            return
        ticket = self.run(self.log.begin_send(claim, seq))
        if not talk.model.holds(claim):
            assert ticket.outcome == "stale"
        elif ticket.outcome == "send":
            assert line.role != "ai" or line.epoch == talk.model.epoch, "the AI spoke after a human"
            assert ticket.unsure == (seq in talk.unsure)
            talk.arrived.append(seq)
            talk.unsure.add(seq)
            talk.sending.add((claim.token, seq))
        else:
            assert ticket.outcome == "withheld"
            assert line.role == "ai"
            assert line.epoch < talk.model.epoch
            assert self.run(self.log.record_send(claim, seq, outcome="withheld"))
            talk.model.delivered_to = seq

    def report(self, claim: Claim, outcome: Any) -> None:
        """The platform has answered what this claim sent last."""
        talk = self.talk
        sent = [seq for token, seq in talk.sending if token == claim.token]
        if not sent:
            return
        seq = max(sent)
        talk.sending.remove((claim.token, seq))
        done = self.run(self.log.record_send(claim, seq, outcome=outcome))
        assert done == talk.model.holds(claim)
        if done and outcome == "sent":
            talk.model.delivered_to = max(seq, talk.model.delivered_to)
        elif done:  # it certainly did not arrive
            talk.arrived.remove(seq)
            talk.unsure.discard(seq)

    def expire(self, reader: str) -> None:
        lease = self.talk.model.leases.get(reader)
        if lease is not None:
            head = ConversationKeys.of(self.talk.id).head
            self.run(self.bus.calls.command("HSET", head, f"u:{reader}", 1))
            lease.running = False

    def make_due(self) -> None:
        head = ConversationKeys.of(self.talk.id).head
        if self.run(self.bus.calls.command("HEXISTS", head, "w:engine")):
            self.run(self.bus.calls.command("HSET", head, "b:engine", 0))

    def sweep(self, reader: str) -> None:
        keys = ConversationKeys.of(self.talk.id)
        names = [keys.head, self.stream(reader), scheduled_key(keys.shard)]
        channel = self.talk.address.channel if reader == "customer" else ""
        self.run(self.bus.calls.script(scripts.REWAKE, names, [reader, self.talk.id, channel]))

    def stream(self, reader: str) -> str:
        shard = ConversationKeys.of(self.talk.id).shard
        name = "engine" if reader == "engine" else f"deliver:{self.talk.address.channel}"
        return ready_key(shard, name)
