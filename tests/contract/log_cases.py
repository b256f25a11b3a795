"""Contract of the log: cases, those who follow them, and alarms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.conversation import HeadChange
from tests.contract.log_rig import LogRig
from tests.contract.log_talk import HUMAN, Talk, turn
from tests.contract.requirements import clause

FOLLOWERS = ("case", "desk")


async def escalated(rig: LogRig, *, push: bool = False) -> Talk:
    """A conversation that the engine handed over: question, hand-over."""
    rig.follow()
    talk = await Talk.begin(rig, push=push)
    await talk.say("Let me talk to a person.")
    claim = await talk.claim()
    done = await talk.log.commit(claim, turn(claim, "One moment.", head=HeadChange(owner="human")))
    assert done.seqs == (2,)
    return talk


class CaseContract:
    """See `log_contract.LogContract`."""

    @clause("follow:from")
    async def test_followers_begin_with_the_words_that_handed_over(self, rig: LogRig) -> None:
        talk = await escalated(rig)
        for reader in FOLLOWERS:
            claim = await talk.claim(reader=reader)
            assert [entry.text for entry in claim.entries] == ["One moment."]
            assert claim.head.case == 2

    @clause("follow:from")
    async def test_followers_begin_with_the_first_word_of_a_person(self, rig: LogRig) -> None:
        rig.follow()
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        await talk.human_says("Let me help.")
        claim = await talk.claim(reader="desk")
        assert [entry.text for entry in claim.entries] == ["Let me help."]
        assert claim.head.case == 2

    @clause("follow:all")
    async def test_every_later_entry_wakes_followers_and_cursors_move(self, rig: LogRig) -> None:
        talk = await escalated(rig, push=True)
        claim = await talk.claim(reader="desk")
        assert await talk.log.finish(claim, seen=2)
        assert await rig.wake(talk.conversation, "desk") is None
        await talk.say("Are you there?")
        await talk.human_says("I am.")
        claim = await talk.claim(reader="desk")
        assert [entry.text for entry in claim.entries] == ["Are you there?", "I am."]
        assert await talk.log.finish(claim, seen=3)
        claim = await talk.claim(reader="desk")
        assert [entry.text for entry in claim.entries] == ["I am."]

    @clause("follow:all")
    async def test_what_the_ai_says_after_a_return_wakes_followers_too(self, rig: LogRig) -> None:
        talk = await escalated(rig)
        await talk.act("release")
        claim = await talk.claim(reader="case")
        await talk.log.finish(claim, seen=claim.seen)
        await talk.say("And now?")
        await talk.answer("Now it is me.")
        claim = await talk.claim(reader="case")
        assert [entry.text for entry in claim.entries] == ["And now?", "Now it is me."]

    @clause("follow:never")
    async def test_a_conversation_of_the_ai_wakes_no_follower(self, rig: LogRig) -> None:
        rig.follow()
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        await talk.answer()
        assert [await rig.wake(talk.conversation, reader) for reader in FOLLOWERS] == [None, None]
        assert (await talk.log.head(talk.conversation)).case == 0

    @clause("follow:case")
    async def test_a_case_outlives_a_return_and_ends_by_closing(self, rig: LogRig) -> None:
        talk = await escalated(rig)
        await talk.act("release")
        await talk.act("take")
        assert (await talk.log.head(talk.conversation)).case == 2
        closed = await talk.act("close")
        head = await talk.log.head(talk.conversation)
        assert (head.case, head.case_closed) == (2, closed.seq)
        await talk.say("One more thing.")
        again = await talk.act("escalate")
        head = await talk.log.head(talk.conversation)
        assert (head.case, head.case_closed, head.owner) == (again.seq, 0, "human")

    @clause("alarm:rings")
    async def test_an_alarm_wakes_the_case_at_its_time_and_once(self, rig: LogRig) -> None:
        talk = await escalated(rig)
        claim = await talk.claim(reader="case")
        hour = timedelta(hours=1)
        await talk.log.finish(claim, seen=2, alarm=datetime.now(UTC) + hour)
        assert (await rig.ring(), await rig.wake(talk.conversation, "case")) == (0, None)
        await talk.say("Hm.")
        claim = await talk.claim(reader="case")
        await talk.log.finish(claim, seen=3, alarm=datetime.now(UTC) - hour)
        assert await rig.ring() == 1
        claim = await talk.claim(reader="case")
        assert claim.entries == ()
        await talk.log.finish(claim, alarm=None)
        assert (await rig.ring(), await rig.wake(talk.conversation, "case")) == (0, None)

    @clause("alarm:rings")
    async def test_an_alarm_that_was_heard_by_a_dead_reader_is_heard_again(
        self, rig: LogRig
    ) -> None:
        talk = await escalated(rig)
        claim = await talk.claim(reader="case")
        await talk.log.finish(claim, seen=2, alarm=datetime.now(UTC) - timedelta(hours=1))
        await rig.ring()
        dead = await talk.claim(reader="case")
        await rig.expire(dead)
        assert (await talk.claim(reader="case")).token > dead.token

    @clause("alarm:fenced")
    async def test_a_stale_reader_sets_no_alarm_and_moves_no_cursor(self, rig: LogRig) -> None:
        talk = await escalated(rig)
        stale = await talk.claim(reader="case")
        await rig.expire(stale)
        claim = await talk.claim(reader="case")
        past = datetime.now(UTC) - timedelta(hours=1)
        assert not await talk.log.finish(stale, seen=2, alarm=past)
        assert await rig.ring() == 0
        await talk.log.finish(claim)
        assert (await talk.claim(reader="case")).seen == 2

    @clause("alarm:kept")
    async def test_a_conversation_with_an_alarm_stays_in_the_store(self, rig: LogRig) -> None:
        talk = await escalated(rig)
        desk = await talk.claim(reader="desk")
        await talk.log.finish(desk, seen=2)
        claim = await talk.claim(reader="case")
        await talk.log.finish(claim, seen=2, alarm=datetime.now(UTC) + timedelta(days=30))
        assert not await rig.put_away(talk.conversation)

    @clause("return:wakes")
    async def test_a_return_wakes_the_engine_with_the_words_before_it(self, rig: LogRig) -> None:
        talk = await escalated(rig)
        await talk.say("Are you there?")
        claim = await talk.claim()
        assert (await talk.log.commit(claim, turn(claim))).outcome == "ok"
        await talk.act("release")
        claim = await talk.claim()
        assert [entry.action for entry in claim.entries] == ["release"]
        assert [entry.text for entry in claim.history][-1] == "Are you there?"

    @clause("return:wakes")
    async def test_a_closing_by_a_person_wakes_the_engine_and_stays_closed(
        self, rig: LogRig
    ) -> None:
        talk = await escalated(rig)
        await talk.act("close")
        claim = await talk.claim()
        assert claim.entries[-1].action == "close"
        assert (await talk.log.commit(claim, turn(claim, "How was it?"))).outcome == "ok"
        head = await talk.log.head(talk.conversation)
        assert (head.status, head.owner) == ("closed", "nobody")

    @clause("accept:only-at")
    async def test_who_acts_on_what_they_read_is_refused_when_more_was_said(
        self, rig: LogRig
    ) -> None:
        talk = await escalated(rig)
        act = talk.event(author=HUMAN, kind="control", action="release")
        await talk.human_says("I am here.")
        refused = await talk.log.accept(act, only_at=2)
        assert (refused.moved, refused.seq) == (True, 3)
        assert (await talk.log.head(talk.conversation)).owner == "human"
        done = await talk.log.accept(act, only_at=3)
        again = await talk.log.accept(act, only_at=3)
        assert (done.seq, again.seq, again.duplicate) == (4, 4, True)
        assert (await talk.log.head(talk.conversation)).owner == "ai"
