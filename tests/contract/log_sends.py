"""Contract of the log, fourth part: what may leave, once, and never after a take-over."""

from __future__ import annotations

import asyncio

from core.conversation import Claim, SendTicket
from tests.contract.log_rig import LogRig
from tests.contract.log_talk import Talk, turn
from tests.contract.requirements import clause

SENT = SendTicket(outcome="sent")
STALE = SendTicket(outcome="stale")
WITHHELD = SendTicket(outcome="withheld")


async def answered(rig: LogRig, *texts: str) -> tuple[Talk, tuple[int, ...]]:
    """A conversation whose customer must be told these answers."""
    talk = await Talk.begin(rig, push=True)
    await talk.say("Hello?")
    claim = await talk.claim()
    done = await rig.log.commit(claim, turn(claim, *texts))
    return talk, done.seqs


async def take_over(talk: Talk, claim: Claim) -> Claim:
    """The reader died; another one has its work now."""
    await talk.rig.expire(claim)
    return await talk.deliverer()


class SendContract:
    """See `log_contract.LogContract`."""

    @clause("send:leave", "send:once", "send:cursor")
    async def test_an_answer_leaves_once_and_delivery_is_done(self, rig: LogRig) -> None:
        talk, (seq,) = await answered(rig, "answer")
        claim = await talk.deliverer()
        assert [entry.seq for entry in claim.entries] == [1, seq]
        assert await rig.log.record_send(claim, 1, outcome="withheld")
        assert await rig.log.begin_send(claim, seq) == SendTicket(outcome="send", attempt=1)
        assert await rig.log.record_send(claim, seq, outcome="sent", platform_ids=["77"])
        assert await rig.log.begin_send(claim, seq) == SENT
        await rig.log.finish(claim)
        assert await rig.wake(talk.conversation, "customer") is None
        assert await rig.wakes(talk.conversation, "customer") == 0
        assert (await rig.log.head(talk.conversation)).customer_cursor == seq

    @clause("send:withheld")
    async def test_after_a_take_over_an_ai_entry_may_not_leave_but_the_humans_may(
        self, rig: LogRig
    ) -> None:
        talk, (seq,) = await answered(rig, "the AI's word")
        human = (await talk.human_says("the human's word")).seq
        claim = await talk.deliverer()
        assert await rig.log.begin_send(claim, seq) == WITHHELD
        assert await rig.log.begin_send(claim, seq) == WITHHELD
        assert (await rig.log.begin_send(claim, human)).outcome == "send"

    @clause("send:withheld")
    async def test_a_withheld_entry_stays_so_after_a_release(self, rig: LogRig) -> None:
        talk, (seq,) = await answered(rig, "old")
        await talk.act("take")
        claim = await talk.deliverer()
        assert await rig.log.begin_send(claim, seq) == WITHHELD
        await talk.act("release")
        assert await rig.log.begin_send(claim, seq) == WITHHELD

    @clause("send:withheld")
    async def test_a_take_over_between_two_entries_stops_the_second(self, rig: LogRig) -> None:
        talk, (one, two) = await answered(rig, "one", "two")
        claim = await talk.deliverer()
        assert (await rig.log.begin_send(claim, one)).outcome == "send"
        await talk.act("take")
        assert await rig.log.record_send(claim, one, outcome="sent")
        assert await rig.log.begin_send(claim, two) == WITHHELD

    @clause("send:withheld")
    async def test_what_the_ai_says_after_a_release_may_leave(self, rig: LogRig) -> None:
        talk, _ = await answered(rig, "before")
        await talk.act("take")
        await talk.act("release")
        await talk.say("And now?")
        seq = await talk.answer("after")
        claim = await talk.deliverer()
        assert (await rig.log.begin_send(claim, seq)).outcome == "send"

    @clause("send:unsure")
    async def test_an_attempt_that_never_reported_is_flagged(self, rig: LogRig) -> None:
        talk, (seq,) = await answered(rig, "answer")
        first = await talk.deliverer()
        assert await rig.log.begin_send(first, seq) == SendTicket(outcome="send", attempt=1)
        second = await take_over(talk, first)
        again = SendTicket(outcome="send", attempt=2, unsure=True)
        assert await rig.log.begin_send(second, seq) == again

    @clause("send:retry")
    async def test_an_attempt_that_certainly_failed_is_repeated_without_doubt(
        self, rig: LogRig
    ) -> None:
        talk, (seq,) = await answered(rig, "answer")
        claim = await talk.deliverer()
        await rig.log.begin_send(claim, seq)
        assert await rig.log.record_send(claim, seq, outcome="retry", reason="429")
        await rig.log.finish(claim)
        claim = await talk.deliverer()
        assert seq in [entry.seq for entry in claim.entries]
        assert await rig.log.begin_send(claim, seq) == SendTicket(outcome="send", attempt=2)

    @clause("send:once")
    async def test_a_receipt_is_kept_over_a_crash_before_the_end(self, rig: LogRig) -> None:
        talk, (one, two) = await answered(rig, "one", "two")
        first = await talk.deliverer()
        await rig.log.begin_send(first, one)
        await rig.log.record_send(first, one, outcome="sent")
        second = await take_over(talk, first)
        assert [entry.seq for entry in second.entries] == [two]
        assert await rig.log.begin_send(second, one) == SENT

    @clause("send:once")
    async def test_what_was_given_up_is_not_tried_again(self, rig: LogRig) -> None:
        talk, (seq,) = await answered(rig, "answer")
        claim = await talk.deliverer()
        await rig.log.begin_send(claim, seq)
        assert await rig.log.record_send(claim, seq, outcome="failed", reason="blocked")
        assert await rig.log.begin_send(claim, seq) == SENT
        await rig.log.finish(claim)
        assert await rig.wake(talk.conversation, "customer") is None

    @clause("send:stale")
    async def test_a_reader_that_lost_its_lease_sends_and_records_nothing(
        self, rig: LogRig
    ) -> None:
        talk, (seq,) = await answered(rig, "answer")
        zombie = await talk.deliverer()
        heir = await take_over(talk, zombie)
        assert await rig.log.begin_send(zombie, seq) == STALE
        assert not await rig.log.record_send(zombie, seq, outcome="sent")
        assert (await rig.log.head(talk.conversation)).customer_cursor == 0
        assert await rig.log.begin_send(heir, seq) == SendTicket(outcome="send", attempt=1)

    @clause("send:once", "claim:busy")
    async def test_two_who_ask_at_once_get_one_leave_between_them(self, rig: LogRig) -> None:
        talk, (seq,) = await answered(rig, "answer")
        claim = await talk.deliverer()
        await rig.log.begin_send(claim, seq)
        await asyncio.gather(*(rig.log.record_send(claim, seq, outcome="sent") for _ in range(5)))
        tickets = await asyncio.gather(*(rig.log.begin_send(claim, seq) for _ in range(5)))
        assert tickets == [SENT] * 5

    @clause("send:cursor")
    async def test_what_was_not_delivered_wakes_delivery_again(self, rig: LogRig) -> None:
        talk, (one, two) = await answered(rig, "one", "two")
        claim = await talk.deliverer()
        await rig.log.begin_send(claim, one)
        await rig.log.record_send(claim, one, outcome="sent")
        await rig.log.finish(claim)
        claim = await talk.deliverer()
        assert [entry.seq for entry in claim.entries] == [two]

    @clause("send:cursor")
    async def test_an_answer_during_a_delivery_is_delivered_after_it(self, rig: LogRig) -> None:
        talk, (seq,) = await answered(rig, "one")
        claim = await talk.deliverer()
        await talk.say("And?")
        late = await talk.answer("two")
        await rig.log.record_send(claim, seq, outcome="sent")
        await rig.log.finish(claim)
        claim = await talk.deliverer()
        assert late in [entry.seq for entry in claim.entries]

    @clause("send:leave")
    async def test_customers_of_a_pull_channel_need_no_delivery(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        await talk.answer()
        await talk.human_says("Me too.")
        assert await rig.wake(talk.conversation, "customer") is None
