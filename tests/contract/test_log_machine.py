"""Random interleavings of everything that may happen to a conversation, against the real store.

Customers, humans, engine readers and deliverers act in any order; readers crash, sleep past their
lease and come back as zombies, answers are lost and asked for again, wake-ups vanish from their
stream. After every step the store says exactly what the model says; at the end everything that
waits is worked off, and then nothing is lost, nothing came twice, and no word of the AI left after
a take-over.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pydantic import SecretStr

from core.bus.connect import open_bus
from core.bus.keys import ConversationKeys
from core.bus.settings import BusSettings
from core.conversation import Claim, Head, NotClaimed
from core.messages import Address, Entry
from tests.contract.log_acts import LEASE_MS, PIKES, Conversation, LogActs
from tests.contract.log_rig import RedisRig
from tests.fakes.cluster import ClusterOfThree, shared_cluster
from tests.fakes.servers import ValkeyServer, shared_valkey

__all__ = ["shared_cluster", "shared_valkey"]

PIKE_NAMES = ("now", "now", "later", "each")
SPEAKERS = ("customer", "customer", "customer", "human", "note", "take", "release", "close")
ENGINE_ACTS = (
    "claim", "claim", "claim", "commit", "commit", "commit", "commit, acted", "commit twice",
    "expire", "give back", "beat", "crash",
)  # fmt: skip
DELIVERY_ACTS = (
    "claim", "claim", "send", "send", "send", "sent", "sent", "retry", "expire", "give back",
    "crash",
)  # fmt: skip
MISFORTUNES = ("typing", "due", "due", "due", "wake-up", "stream")
PICK = st.integers(0, 1_000)


def _act(name: str, *details: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just(name), *details)


SPEAK = _act(
    "somebody_speaks", st.sampled_from(SPEAKERS), st.sampled_from(PIKE_NAMES), st.booleans()
)
ENGINE = _act("the_engine_acts", st.sampled_from(ENGINE_ACTS), PICK)
ACT = st.one_of(
    SPEAK, SPEAK, ENGINE, ENGINE, ENGINE, ENGINE,
    _act("delivery_acts", st.sampled_from(DELIVERY_ACTS), PICK),
    _act("delivery_acts", st.sampled_from(DELIVERY_ACTS), PICK),
    _act("time_passes_or_worse", st.sampled_from(MISFORTUNES)),
    _act("it_comes_again", PICK, st.booleans()),
)  # fmt: skip


class LogMachine(LogActs, RuleBasedStateMachine):
    """One conversation: of a channel that must be told, or of one whose customers read the log.

    A step is a handful of acts, and the choice among them is weighted: so those that matter meet.
    """

    @initialize(push=st.sampled_from((True, True, False)))
    def begin(self, push: bool) -> None:
        self.log = self.bus.log
        self.rig = RedisRig(self.bus, _nothing, _nothing, self.bus.ping)
        self.run(self.bus.client.flushall())
        address = Address(channel="telegram" if push else "web", chat="chat")
        self.talk = Conversation(self.run(self.log.create(address)), address)

    @rule(acts=st.lists(ACT, min_size=6, max_size=16))
    def things_happen(self, acts: list[tuple[Any, ...]]) -> None:
        for kind, *details in acts:
            getattr(self, kind)(*details)
            self.store_and_model_agree()

    def somebody_speaks(self, who: str, pike: str, finished: bool) -> None:
        match who:
            case "customer":
                self.accept(self.event("customer"), pike=pike, finished=finished)
            case "human":
                self.accept(self.event("human_agent"))
            case "note":
                self.accept(self.event("human_agent", kind="note"))
            case _:
                self.accept(self.event("human_agent", kind="control", action=who))

    def it_comes_again(self, pick: int, other_words: bool) -> None:
        if self.talk.events:
            event = self.talk.events[pick % len(self.talk.events)]
            if other_words:
                event = event.model_copy(update={"text": event.text + "!"})
            self.accept(event)

    def the_engine_acts(self, act: str, pick: int) -> None:
        self.reader_acts("engine", act, pick)

    def delivery_acts(self, act: str, pick: int) -> None:
        if self.talk.push:
            self.reader_acts("customer", act, pick)

    def time_passes_or_worse(self, what: str) -> None:
        match what:
            case "typing":
                self.run(self.log.note_typing(self.talk.id, turnpike=PIKES["later"]))
            case "due":
                self.make_due()
            case _:
                for reader in self.talk.readers:
                    self.lose_wake_up(reader, whole=what == "stream")
                for reader in self.talk.readers:
                    self.sweep(reader)

    def reader_acts(self, reader: str, act: str, pick: int) -> None:
        """Any of those who ever got a claim may act: the holder, or a zombie."""
        if act == "claim":
            self.claim(reader)
        elif act == "expire":
            self.expire(reader)
        elif held := [claim for claim in self.talk.claims if claim.reader == reader]:
            # Mostly the newest; that is who holds the lease.
            claim = held[-1] if pick % 3 else held[pick % len(held)]
            self.act_on(claim, act)

    def act_on(self, claim: Claim, act: str) -> None:
        match act:
            case "commit":
                self.commit(claim)
            case "commit, acted":
                self.commit(claim, acted=True)
            case "commit twice":  # the first answer was lost
                self.commit_twice(claim)
            case "give back":
                self.give_back(claim)
            case "beat":
                self.beat(claim)
            case "crash":
                self.talk.claims.remove(claim)
            case "send":
                self.begin_send(claim)
            case _:
                self.report(claim, act)

    def lose_wake_up(self, reader: str, *, whole: bool) -> None:
        """Its line, or the whole stream with its group, is deleted."""
        keys = ConversationKeys.of(self.talk.id)
        stream = self.stream(reader)
        wake = self.run(self.bus.calls.command("HGET", keys.head, f"w:{reader}"))
        if whole:
            self.run(self.bus.calls.command("DEL", stream))
        elif wake is not None:
            self.run(self.bus.calls.command("XDEL", stream, wake))

    # What must hold after every step.

    @invariant()
    def store_and_model_agree(self) -> None:
        model = self.talk.model
        head, entries = self.run(self.read())
        assert (head.owner, head.status, head.epoch) == (model.owner, model.status, model.epoch)
        assert (head.seq, head.engine_cursor) == (len(model.lines), model.cursor)
        assert head.last_customer_seq == model.last_customer
        assert [entry.seq for entry in entries] == list(range(1, len(model.lines) + 1))
        assert [(e.id, e.author.role, e.text, e.epoch) for e in entries] == [
            (line.id, line.role, line.text, line.epoch) for line in model.lines
        ]

    @invariant()
    def whatever_is_unread_has_a_wake_up(self) -> None:
        for reader in self.talk.readers:
            if self.talk.model.unread(reader):
                wake = self.run(self.rig.wake(self.talk.id, reader))
                assert wake is not None, f"nothing wakes {reader}"
                line = self.run(self.bus.calls.command("XRANGE", self.stream(reader), wake, wake))
                assert line, f"the wake-up of {reader} is not on its stream"

    async def read(self) -> tuple[Head, list[Entry]]:
        return await asyncio.gather(self.log.head(self.talk.id), self.log.entries(self.talk.id))

    def teardown(self) -> None:
        if hasattr(self, "talk"):
            self.talk.claims.clear()
            self.work_off()
            self.check_the_end()

    # The end.

    def work_off(self) -> None:
        """Readers that live come for everything that waits."""
        for _ in range(300):
            talk = self.talk
            waiting = [r for r in talk.readers if self.run(self.rig.wake(talk.id, r))]
            if not waiting:
                return
            for reader in waiting:
                self.expire(reader)
                self.make_due()
                claim = self.claim(reader)
                if claim is not None:
                    self.finish_work(claim)
        raise AssertionError("it never ends")

    def finish_work(self, claim: Claim) -> None:
        if claim.reader == "engine":
            self.commit(claim)
            return
        for entry in claim.entries:
            self.begin_send(claim)
            if (claim.token, entry.seq) in self.talk.sending:
                self.report(claim, "sent")
        self.give_back(claim)

    def check_the_end(self) -> None:
        model = self.talk.model
        for reader in self.talk.readers:
            assert not model.unread(reader)
            self.check_nothing_waits(reader)
        journal = self.run(self.rig.journal(self.talk.id))
        entries = [line.seq for line in journal if line.kind == "entry"]
        assert entries == list(range(1, len(model.lines) + 1))
        answered = [
            int(seq) for line in model.lines if line.role == "ai" for seq in line.text.split()[2:]
        ]
        assert sorted(set(answered)) == sorted(answered), "answered twice"
        if self.talk.push:
            self.check_deliveries()

    def check_nothing_waits(self, reader: str) -> None:
        """What still lies on the stream was replaced; whoever comes with it is told so."""
        stream = self.stream(reader)
        lines: Any = self.run(self.bus.calls.command("XRANGE", stream, "-", "+"))
        name = stream.rpartition("ready:")[2]
        for identifier, _ in lines:
            got = self.run(
                self.log.claim(
                    reader, self.talk.id, identifier.decode(), lease_ms=LEASE_MS, stream=name
                )
            )
            assert got == NotClaimed(reason="done")
        assert self.run(self.rig.wakes(self.talk.id, reader)) == 0

    def check_deliveries(self) -> None:
        words = {event.id for event in self.talk.events if event.kind == "message"}
        for seq, line in enumerate(self.talk.model.lines, 1):
            times = self.talk.arrived.count(seq)
            assert times <= 1 or seq in self.talk.unsure, "arrived twice, and nobody was warned"
            if line.role == "human_agent" and line.id in words:
                assert times >= 1, "a human's word never arrived"


def _nothing() -> None:
    return


def run_machine(url: str, *, cluster: bool = False, **options: Any) -> None:
    """Run the machine on one loop and one open bus."""
    bus_settings = BusSettings(url=SecretStr(url), cluster=cluster, shards=1)
    with asyncio.Runner() as runner:
        opened = open_bus(bus_settings)
        bus = runner.run(opened.__aenter__())
        try:
            machine = type("Machine", (LogMachine,), {"bus": bus, "runner": runner})
            checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
            run_state_machine_as_test(
                machine, settings=settings(deadline=None, suppress_health_check=checks, **options)
            )
        finally:
            runner.run(opened.__aexit__(None, None, None))


@pytest.mark.timeout(120)
def test_random_interleavings_lose_nothing_and_double_nothing(shared_valkey: ValkeyServer) -> None:
    run_machine(shared_valkey.url, max_examples=80, stateful_step_count=8, derandomize=True)


@pytest.mark.cluster
@pytest.mark.timeout(120)
def test_random_interleavings_on_a_cluster(shared_cluster: ClusterOfThree) -> None:
    run_machine(
        shared_cluster.url, cluster=True, max_examples=30, stateful_step_count=8, derandomize=True
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_more_interleavings_by_chance(shared_valkey: ValkeyServer) -> None:
    run_machine(
        shared_valkey.url, max_examples=150, stateful_step_count=12, derandomize=False,
        print_blob=True,
    )  # fmt: skip
