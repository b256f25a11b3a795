"""What the store loses, refuses or forgets, the bus survives: streams, groups, room, answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest
from pydantic import SecretStr

from channels.base import Report
from channels.delivery import Delivery
from core.bus import wake
from core.bus.answers import Earlier
from core.bus.connect import Bus, open_bus
from core.bus.journal import JournalRecord
from core.bus.keys import ENGINE_GROUP, ConversationKeys, journal_key, ready_key
from core.bus.live import LiveEntry
from core.bus.settings import BusSettings
from core.conversation import Claim, TurnCommit
from core.engine.echo import EchoTurn
from core.engine.worker import Worker
from core.errors import BusUnavailable
from core.ids import ConversationId, new_event_id, reply_entry_id
from core.messages import Address, Author, EntryBody, InboundEvent, Outbound, Receipt
from tests.fakes.proxy import CuttingProxy
from tests.fakes.servers import ValkeyServer, own_valkey, shared_valkey
from tests.fakes.services import serving
from tests.fakes.waiting import until

__all__ = ["own_valkey", "shared_valkey"]


def settings_for(server: ValkeyServer, **more: float) -> BusSettings:
    wanted = {"url": server.url, "shards": 2, "lease_seconds": 1.0, **more}
    return BusSettings.model_validate(wanted)


@pytest.fixture
async def bus(own_valkey: ValkeyServer, request: pytest.FixtureRequest) -> AsyncGenerator[Bus]:
    async with open_bus(settings_for(own_valkey, **getattr(request, "param", {}))) as opened:
        yield opened


@pytest.fixture
def quick_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds in a house takes moments here."""
    monkeypatch.setattr(wake, "_SWEEP_SECONDS", 0.1)
    monkeypatch.setattr(wake, "_LOST_AFTER_MS", 50)


async def begin(bus: Bus, channel: str = "web") -> ConversationId:
    return await bus.log.create(Address(channel=channel, chat=new_event_id("chat")))


async def say(bus: Bus, conversation: ConversationId, text: str, channel: str = "web") -> int:
    event = InboundEvent(
        id=new_event_id("test"), conversation=conversation, text=text,
        address=Address(channel=channel, chat="c"), author=Author(role="customer"),
    )  # fmt: skip
    return (await bus.log.accept(event)).seq


async def answers(bus: Bus, conversation: ConversationId, count: int) -> list[str]:
    """The AI's words, once there are so many."""
    async with asyncio.timeout(20):
        while True:
            entries = await bus.log.entries(conversation)
            texts = [entry.text for entry in entries if entry.author.role == "ai"]
            if len(texts) >= count:
                return texts
            await asyncio.sleep(0.01)


async def test_a_deleted_ready_stream_loses_no_question(bus: Bus, quick_sweeps: None) -> None:
    conversations = [await begin(bus) for _ in range(6)]
    for conversation in conversations:
        await say(bus, conversation, "before?")
    for shard in bus.shards:
        await bus.calls.command("DEL", ready_key(shard, "engine"))
    async with serving(Worker(bus, EchoTurn(), grace_seconds=1)):
        for conversation in conversations:
            assert await answers(bus, conversation, 1) == ["before?"]
        for shard in bus.shards:  # and now under the reader's hands
            await bus.calls.command("DEL", ready_key(shard, "engine"))
        for conversation in conversations:
            await say(bus, conversation, "after?")
        for conversation in conversations:
            assert await answers(bus, conversation, 2) == ["before?", "after?"]


async def test_a_destroyed_group_loses_no_question(bus: Bus, quick_sweeps: None) -> None:
    conversation = await begin(bus)
    stream = ready_key(ConversationKeys.of(conversation).shard, "engine")
    async with serving(Worker(bus, EchoTurn(), grace_seconds=1)):
        await say(bus, conversation, "one?")
        await answers(bus, conversation, 1)
        await bus.calls.command("XGROUP", "DESTROY", stream, ENGINE_GROUP)
        await say(bus, conversation, "two?")
        assert await answers(bus, conversation, 2) == ["one?", "two?"]


class Platform:
    """A push channel that notes what arrives."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.gate = asyncio.Event()
        self.arrived: list[str] = []

    async def send(self, message: Outbound, report: Report) -> Receipt:
        await self.gate.wait()
        self.arrived.append(message.entry.text)
        return Receipt()


async def test_a_sweep_of_one_channel_leaves_the_wake_ups_of_others_alone(
    bus: Bus, quick_sweeps: None
) -> None:
    here, there = Platform("pager"), Platform("telegram")
    there.gate.set()
    async with serving(
        Worker(bus, EchoTurn(), grace_seconds=1), Delivery(bus, here), Delivery(bus, there)
    ):
        conversation = await begin(bus, "pager")
        await say(bus, conversation, "for the pager.", "pager")
        await answers(bus, conversation, 1)
        await asyncio.sleep(0.5)  # several sweeps of both pass over what still waits
        here.gate.set()
        await until(lambda: here.arrived == ["for the pager."])
    assert there.arrived == []


async def read_all(bus: Bus, group: str, consumer: str, count: int) -> list[JournalRecord]:
    """So many records, unacknowledged."""
    found: list[JournalRecord] = []
    stop = asyncio.Event()
    async with asyncio.timeout(20):
        async for batch in bus.journal.follow(group, consumer, stop):
            found += batch
            if len(found) >= count:
                stop.set()
    return found


async def journal_ids(bus: Bus) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for shard in bus.shards:
        lines = await bus.calls.command("XRANGE", journal_key(shard), "-", "+")
        found |= {(shard, identifier.decode()) for identifier, _ in lines}
    return found


async def test_trimming_drops_nothing_that_any_follower_still_needs(bus: Bus) -> None:
    conversation = await begin(bus)
    for number in range(10):
        await say(bus, conversation, f"m{number}")
    first = await read_all(bus, "fast", "f", 10)
    slow = await read_all(bus, "slow", "s", 10)
    for number in range(10, 13):
        await say(bus, conversation, f"m{number}")
    await bus.journal.ack("fast", first)
    await bus.journal.trim()
    assert {(record.shard, record.id) for record in slow} <= await journal_ids(bus)
    await bus.journal.ack("slow", [*slow[:4], *slow[5:]])
    await bus.journal.trim()
    left = await journal_ids(bus)
    assert (slow[4].shard, slow[4].id) in left
    assert (slow[0].shard, slow[0].id) not in left
    late = await read_all(bus, "slow", "s", 3)
    assert [record.entry.text for record in late if record.entry] == ["m10", "m11", "m12"]


async def test_a_store_without_room_is_unavailable_and_still_read(
    bus: Bus, own_valkey: ValkeyServer
) -> None:
    conversation = await begin(bus)
    await say(bus, conversation, "before")
    await bus.client.config_set("maxmemory", "1mb")
    with pytest.raises(BusUnavailable):
        await say(bus, conversation, "no room")
    assert len(await bus.log.entries(conversation)) == 1
    await bus.client.config_set("maxmemory", "0")
    assert await say(bus, conversation, "after") == 2


async def test_a_store_that_wants_replicas_it_has_not_is_unavailable(bus: Bus) -> None:
    conversation = await begin(bus)
    await bus.client.config_set("min-replicas-to-write", "1")
    with pytest.raises(BusUnavailable):
        await say(bus, conversation, "not safe")
    await bus.client.config_set("min-replicas-to-write", "0")
    assert await say(bus, conversation, "safe") == 1


@pytest.mark.parametrize("bus", [{"timeout_seconds": 1.5}], indirect=True)
async def test_a_store_that_says_nothing_is_unavailable_within_the_deadline(
    bus: Bus, own_valkey: ValkeyServer
) -> None:
    conversation = await begin(bus)
    own_valkey.pause()
    try:
        started = time.monotonic()
        tries = (say(bus, conversation, f"hello {number}?") for number in range(20))
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert {type(result) for result in results} == {BusUnavailable}
        assert time.monotonic() - started < 3 * bus.settings.timeout_seconds
    finally:
        own_valkey.resume()
    async with asyncio.timeout(20):
        while not await bus.log.entries(conversation):
            await say(bus, conversation, "again")


async def test_a_worker_and_a_watcher_go_on_when_the_store_comes_back(
    bus: Bus, own_valkey: ValkeyServer
) -> None:
    conversation = await begin(bus)
    seen: list[int] = []
    bus.live.watch(
        conversation,
        lambda event: seen.append(event.entry.seq) if isinstance(event, LiveEntry) else None,
    )
    async with serving(bus.live, Worker(bus, EchoTurn(), grace_seconds=1)):
        await say(bus, conversation, "one?")
        await answers(bus, conversation, 1)
        own_valkey.kill_when_written()
        own_valkey.start()
        async with asyncio.timeout(20):
            while True:
                try:
                    await say(bus, conversation, "two?")
                    break
                except BusUnavailable:
                    await asyncio.sleep(0.02)
        assert await answers(bus, conversation, 2) == ["one?", "two?"]
        await until(lambda: len(seen) >= 4)
    assert seen == [1, 2, 3, 4]


class OneAtATime:
    """Answers, and notes how many of its turns ran at once for one conversation."""

    window = 0

    def __init__(self) -> None:
        self.now: dict[str, int] = {}
        self.most = 0

    async def run(self, claim: Claim, deltas: object, steps: object) -> TurnCommit:
        name = claim.conversation
        self.now[name] = self.now.get(name, 0) + 1
        self.most = max(self.most, self.now[name])
        await asyncio.sleep(0.01)
        self.now[name] -= 1
        words = " ".join(e.text for e in claim.entries if e.author.role == "customer")
        entry_id = reply_entry_id(claim.conversation, claim.seen)
        body = EntryBody(id=entry_id, author=Author(role="ai"), text=words)
        return TurnCommit(entries=(body,))

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        raise error


async def test_two_workers_share_the_work_and_never_one_conversation(
    own_valkey: ValkeyServer,
) -> None:
    turn = OneAtATime()
    settings = settings_for(own_valkey, lease_seconds=30.0)  # nobody dies, nobody is taken for dead
    async with open_bus(settings) as one, open_bus(settings) as other:
        conversations = [await begin(one) for _ in range(10)]
        async with serving(
            Worker(one, turn, grace_seconds=1), Worker(other, turn, grace_seconds=1)
        ):
            for number in range(12):
                await asyncio.gather(*(say(one, c, f"m{number}.") for c in conversations))
            for conversation in conversations:
                async with asyncio.timeout(20):
                    while (await one.log.head(conversation)).engine_cursor < 12:
                        await asyncio.sleep(0.01)
        for conversation in conversations:
            entries = await one.log.entries(conversation)
            said = [e.text for e in entries if e.author.role == "customer"]
            heard = " ".join(e.text for e in entries if e.author.role == "ai").split()
            assert heard == said
    assert turn.most == 1


async def test_an_idempotency_key_is_ours_when_the_answer_was_lost(
    own_valkey: ValkeyServer,
) -> None:
    async with (
        CuttingProxy(own_valkey.socket, own_valkey.folder / "p.sock") as proxy,
        open_bus(settings_for(own_valkey).model_copy(update={"url": SecretStr(proxy.url)})) as bus,
    ):
        proxy.lose_answers()
        assert await bus.answers.begin("caller", "key", "digest") is None
        assert proxy.lost == 1
        assert await bus.answers.begin("caller", "key", "digest") == Earlier("open")


async def test_an_idempotency_key_is_open_then_done_and_never_for_other_content(bus: Bus) -> None:
    assert await bus.answers.begin("caller", "key", "digest") is None
    assert await bus.answers.begin("caller", "key", "digest") == Earlier("open")
    assert await bus.answers.begin("caller", "key", "other") == Earlier("other")
    assert await bus.answers.begin("somebody else", "key", "other") is None
    await bus.answers.finish("caller", "key", "digest", 201, b'{"id":1}')
    assert await bus.answers.begin("caller", "key", "digest") == Earlier("done", 201, b'{"id":1}')
    await bus.answers.forget("somebody else", "key")
    assert await bus.answers.begin("somebody else", "key", "digest") is None
