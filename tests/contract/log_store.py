"""Contract of the log, last part: the store goes away, or an answer is lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.conversation import Claim, Turnpike
from core.errors import BusUnavailable
from core.messages import Address
from core.ports import Log
from tests.contract.log_rig import LogRig
from tests.contract.log_talk import LEASE_MS, Talk, turn
from tests.contract.requirements import clause


class StoreContract:
    """See `log_contract.LogContract`."""

    @clause("store:down")
    async def test_while_the_store_is_away_every_call_says_so(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig, push=True)
        await talk.say("before")
        claim = await talk.claim()
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: talk.say("during"),
            lambda: rig.log.create(Address(channel="rest", chat="")),
            lambda: rig.log.note_typing(talk.conversation, turnpike=Turnpike()),
            lambda: rig.log.claim("engine", talk.conversation, claim.wake, lease_ms=LEASE_MS),
            lambda: rig.log.extend(claim, lease_ms=LEASE_MS),
            lambda: rig.log.commit(claim, turn(claim, "lost")),
            lambda: rig.log.begin_send(claim, 1),
            lambda: rig.log.record_send(claim, 1, outcome="sent"),
            lambda: rig.log.finish(claim),
            lambda: rig.log.head(talk.conversation),
            lambda: rig.log.entries(talk.conversation),
            lambda: rig.log.receipt(talk.conversation, 1),
        ]
        async with rig.outage():
            for call in calls:
                async with asyncio.timeout(5):
                    with pytest.raises(BusUnavailable):
                        await call()
        assert await talk.texts() == ["before"]
        assert (await rig.log.commit(claim, turn(claim, "after"))).outcome == "ok"
        assert (await talk.say("next")).seq == 3

    @clause("store:lost-answer")
    async def test_an_answer_lost_on_the_way_doubles_nothing(self, rig: LogRig) -> None:
        async with rig.losing_answers() as (log, lose):
            await self._every_step(rig, log, lose)

    async def _every_step(self, rig: LogRig, log: Log, lose: Callable[[], None]) -> None:
        talk = await Talk.begin(rig, push=True)
        lose()
        accepted = await log.accept(talk.event("Hello?"))
        assert accepted.seq == 1
        wake = await rig.wake(talk.conversation)
        assert wake is not None
        lose()
        claim = await log.claim("engine", talk.conversation, wake, lease_ms=LEASE_MS)
        assert isinstance(claim, Claim)
        lose()
        done = await log.commit(claim, turn(claim, "answer", tokens_used=3))
        assert (done.outcome, done.seqs) == ("ok", (2,))
        assert await talk.texts() == ["Hello?", "answer"]
        assert [line.seq for line in await rig.journal(talk.conversation)] == [1, 2, 2]
        assert (await rig.log.head(talk.conversation)).tokens_used == 3
        assert await rig.wakes(talk.conversation) == 0
        await self._deliver(talk, log, lose)

    async def _deliver(self, talk: Talk, log: Log, lose: Callable[[], None]) -> None:
        claim = await talk.deliverer()
        lose()
        assert await log.extend(claim, lease_ms=LEASE_MS)
        lose()
        assert (await log.begin_send(claim, 2)).outcome == "send"
        lose()
        assert await log.record_send(claim, 2, outcome="sent")
        lose()
        await log.finish(claim)
        assert await talk.rig.wake(talk.conversation, "customer") is None

    @clause("store:lost-answer", "create:address")
    async def test_a_conversation_whose_making_lost_its_answer_is_there(self, rig: LogRig) -> None:
        async with rig.losing_answers() as (log, lose):
            for step in range(3):
                address = Address(channel="telegram", chat=f"{id(self)}-{step}")
                lose_later(lose, step)
                conversation = await log.create(address)
                assert (await rig.log.head(conversation)).address == address
                assert await rig.log.create(address) == conversation


def lose_later(lose: Callable[..., None], step: int) -> None:
    """Lose the answer to the look-up, to the making, or to the binding of the address."""
    lose(1, to=(b"GET\r\n", b"EVALSHA", b"\r\nNX\r\n")[step])
