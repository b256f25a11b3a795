"""Contract of the log, second part: leases, fencing tokens, and when a turn may begin."""

from __future__ import annotations

import asyncio
import time

from core.conversation import NotClaimed, Turnpike
from tests.contract.log_rig import LogRig
from tests.contract.log_talk import LEASE_MS, Talk, turn
from tests.contract.requirements import clause

PATIENT = Turnpike(window_seconds=20, cap_seconds=60)


class ClaimContract:
    """See `log_contract.LogContract`."""

    @clause("claim:shows")
    async def test_a_claim_shows_the_unread_the_window_before_it_and_the_state(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig)
        await talk.say("first")
        claim = await talk.claim()
        assert (claim.seen, claim.history, claim.state) == (1, (), {})
        await rig.log.commit(claim, turn(claim, "answer", state={"mood": {"level": 2}}))
        await talk.say("second")
        claim = await talk.claim(window=1)
        assert [entry.text for entry in claim.entries] == ["second"]
        assert [entry.text for entry in claim.history] == ["answer"]
        assert claim.state == {"mood": {"level": 2}}
        assert (claim.head.engine_cursor, claim.epoch) == (2, 0)

    @clause("claim:shows")
    async def test_the_window_of_history_is_in_order_and_no_longer_than_asked(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig)
        for number in range(4):
            await talk.say(f"q{number}")
            await talk.answer(f"a{number}")
        await talk.say("now")
        claim = await talk.claim(window=3)
        assert [entry.text for entry in claim.history] == ["a2", "q3", "a3"]

    @clause("claim:token", "claim:busy", "claim:expired")
    async def test_a_running_lease_is_busy_and_an_expired_one_is_taken_over(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        first = await talk.claim()
        busy = await talk.try_claim(wake=first.wake)
        assert isinstance(busy, NotClaimed)
        assert busy.reason == "busy"
        assert 0 < busy.retry_ms <= LEASE_MS
        await rig.expire(first)
        second = await talk.claim(wake=first.wake)
        assert second.token > first.token
        assert second.entries == first.entries

    @clause("claim:expired")
    async def test_a_lease_runs_out_by_itself(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        first = await talk.claim(lease_ms=150)
        busy = await talk.try_claim(wake=first.wake)
        assert isinstance(busy, NotClaimed)
        await asyncio.sleep(busy.retry_ms / 1000 + 0.005)
        assert (await talk.claim(wake=first.wake)).token > first.token

    @clause("claim:token", "claim:busy")
    async def test_of_many_who_claim_at_once_one_gets_it(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        wake = await rig.wake(talk.conversation)
        got = await asyncio.gather(*(talk.try_claim(wake=wake) for _ in range(20)))
        refused = [claim for claim in got if isinstance(claim, NotClaimed)]
        assert len(refused) == 19
        assert {claim.reason for claim in refused} == {"busy"}

    @clause("claim:token")
    async def test_tokens_rise_over_turns_and_readers(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig, push=True)
        tokens: list[int] = []
        for number in range(3):
            await talk.say(f"m{number}")
            claim = await talk.claim()
            await rig.log.commit(claim, turn(claim, "a"))
            tokens.append(claim.token)
            delivery = await talk.deliverer()
            tokens.append(delivery.token)
            for entry in delivery.entries:
                await rig.log.record_send(delivery, entry.seq, outcome="sent")
            await rig.log.finish(delivery)
        assert tokens == sorted(set(tokens))

    @clause("claim:done")
    async def test_a_wake_up_that_was_dealt_with_leads_to_nothing(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        wake = await rig.wake(talk.conversation)
        await talk.answer()
        got = await talk.try_claim(wake=wake)
        assert got == NotClaimed(reason="done")
        assert await rig.wakes(talk.conversation) == 0

    @clause("claim:readers")
    async def test_the_engine_and_delivery_do_not_wait_for_each_other(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig, push=True)
        await talk.say("one")
        await talk.answer("answer one")
        await talk.say("two")
        engine = await talk.claim()
        delivery = await talk.deliverer()
        assert [entry.text for entry in engine.entries] == ["two"]
        assert [entry.text for entry in delivery.entries] == ["one", "answer one", "two"]
        assert await rig.log.extend(engine, lease_ms=LEASE_MS)
        assert await rig.log.extend(delivery, lease_ms=LEASE_MS)

    @clause("claim:attempts")
    async def test_a_claim_counts_the_attempts_before_it(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("poison")
        claim = await talk.claim()
        for attempt in (1, 2, 3):
            assert claim.attempts == attempt
            await rig.log.finish(claim)
            claim = await talk.claim()
        await rig.expire(claim)
        claim = await talk.claim()
        assert claim.attempts == 5
        await rig.log.commit(claim, turn(claim, "done"))
        await talk.say("next")
        assert (await talk.claim()).attempts == 1

    @clause("extend:keep", "claim:expired")
    async def test_a_heartbeat_keeps_a_lease_until_it_is_anothers(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        first = await talk.claim(lease_ms=1_000)
        assert await rig.log.extend(first, lease_ms=LEASE_MS)
        assert isinstance(busy := await talk.try_claim(wake=first.wake), NotClaimed)
        assert 1_000 < busy.retry_ms <= LEASE_MS
        await rig.expire(first)
        second = await talk.claim(wake=first.wake)
        assert not await rig.log.extend(first, lease_ms=LEASE_MS)
        assert await rig.log.extend(second, lease_ms=LEASE_MS)

    @clause("finish:retry")
    async def test_work_that_was_given_back_is_there_again(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        first = await talk.claim()
        await rig.log.finish(first)
        second = await talk.claim()
        assert second.entries == first.entries
        assert second.token > first.token
        assert (await rig.log.commit(first, turn(first, "late"))).outcome == "stale"

    @clause("finish:retry")
    async def test_giving_back_twice_or_late_disturbs_nobody(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        first = await talk.claim()
        await rig.expire(first)
        second = await talk.claim()
        await rig.log.finish(first)
        assert isinstance(await talk.try_claim(), NotClaimed)
        assert (await rig.log.commit(second, turn(second, "answer"))).outcome == "ok"
        await rig.log.finish(second)
        assert await talk.texts("ai") == ["answer"]
        assert await rig.wake(talk.conversation) is None

    @clause("wait:window")
    async def test_an_unfinished_message_gives_no_turn_before_its_window(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        pike = Turnpike(window_seconds=0.25, cap_seconds=2)
        started = time.monotonic()
        await talk.say("so my", pike=pike, finished=False)
        early = await talk.try_claim()
        assert isinstance(early, NotClaimed)
        assert early.reason == "early"
        assert 0 < early.retry_ms <= 250
        await asyncio.sleep(early.retry_ms / 1000 + 0.002)
        claim = await talk.claim()
        assert time.monotonic() - started >= 0.24
        assert claim.seen == 1

    @clause("wait:window")
    async def test_a_fixed_window_holds_for_finished_messages_too(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Where is it?", pike=PATIENT.model_copy(update={"policy": "fixed"}))
        assert isinstance(early := await talk.try_claim(), NotClaimed)
        assert early.reason == "early"

    @clause("wait:typing")
    async def test_typing_prolongs_the_wait_and_never_beyond_the_cap(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("so", pike=Turnpike(window_seconds=1, cap_seconds=60), finished=False)
        assert isinstance(early := await talk.try_claim(), NotClaimed)
        assert early.retry_ms <= 1000
        typing = Turnpike(window_seconds=10, cap_seconds=60)
        await rig.log.note_typing(talk.conversation, turnpike=typing)
        assert isinstance(early := await talk.try_claim(), NotClaimed)
        assert 9_000 < early.retry_ms <= 10_000
        capped = Turnpike(window_seconds=50, cap_seconds=20)
        await rig.log.note_typing(talk.conversation, turnpike=capped)
        assert isinstance(early := await talk.try_claim(), NotClaimed)
        assert early.retry_ms <= 20_000

    @clause("wait:typing")
    async def test_more_fragments_wait_on_and_never_beyond_the_cap(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        pike = Turnpike(window_seconds=30, cap_seconds=35)
        for word in ("so", "my", "grinder"):
            await talk.say(word, pike=pike, finished=False)
        assert isinstance(early := await talk.try_claim(), NotClaimed)
        assert 25_000 < early.retry_ms <= 30_000
        for _ in range(3):
            await talk.say("and", pike=pike.model_copy(update={"window_seconds": 60.0}),
                           finished=False)  # fmt: skip
        assert isinstance(early := await talk.try_claim(), NotClaimed)
        assert 30_000 < early.retry_ms <= 35_000

    @clause("wait:typing")
    async def test_typing_alone_neither_wakes_nor_delays_a_finished_message(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig)
        await rig.log.note_typing(talk.conversation, turnpike=PATIENT)
        assert await rig.wake(talk.conversation) is None
        await talk.say("Where is my order?")
        await rig.log.note_typing(talk.conversation, turnpike=PATIENT)
        assert (await talk.claim()).seen == 1

    @clause("wait:finished")
    async def test_a_finished_message_ends_the_waiting_and_one_reader_gets_all(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig)
        await talk.say("my order", pike=PATIENT, finished=False)
        sleeping = await rig.wake(talk.conversation)
        assert isinstance(await talk.try_claim(wake=sleeping), NotClaimed)
        await talk.say("has not arrived.", pike=PATIENT)
        claim = await talk.claim()
        assert [entry.text for entry in claim.entries] == ["my order", "has not arrived."]
        if claim.wake != sleeping:
            assert await talk.try_claim(wake=sleeping) == NotClaimed(reason="done")
        assert (await rig.log.commit(claim, turn(claim, "answer"))).outcome == "ok"
        assert await rig.wake(talk.conversation) is None

    @clause("wait:holder")
    async def test_fragments_during_a_turn_leave_its_holder_able_to_go_on(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig)
        await talk.say("My order?")
        claim = await talk.claim()
        await talk.say("number", pike=PATIENT, finished=False)
        await talk.say("4711, please.", pike=PATIENT)
        assert (await rig.log.commit(claim, turn(claim, "early"))).outcome == "superseded"
        again = await talk.claim(wake=claim.wake)
        assert [entry.text for entry in again.entries] == ["My order?", "number", "4711, please."]
        assert (await rig.log.commit(again, turn(again, "all"))).outcome == "ok"
        assert await rig.wake(talk.conversation) is None
        assert await rig.wakes(talk.conversation) == 0
