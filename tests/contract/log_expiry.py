"""Contract of the log: idle conversations leave the store, and come back as they were."""

from __future__ import annotations

import asyncio

import pytest

from core.conversation import HeadChange
from core.errors import NotFound
from core.ids import new_conversation_id
from tests.contract.log_rig import LogRig
from tests.contract.log_talk import HUMAN, Talk, turn
from tests.contract.requirements import clause


async def a_talk(rig: LogRig, exchanges: int = 1, *, push: bool = False) -> Talk:
    """A conversation in which everything was answered."""
    talk = await Talk.begin(rig, push=push)
    for number in range(exchanges):
        await talk.say(f"question {number}")
        claim = await talk.claim()
        done = turn(
            claim, f"answer {number}", state={"n": number},
            head=HeadChange(specialist="billing", language="de", summary="about a bill"),
            receipt={"why": number},
        )  # fmt: skip
        assert (await rig.log.commit(claim, done)).outcome == "ok"
    return talk


class ExpiryContract:
    """See `log_contract.LogContract`."""

    @clause("expire:whole")
    async def test_what_left_the_store_comes_back_as_it_was(self, rig: LogRig) -> None:
        talk = await a_talk(rig)
        before = await rig.log.head(talk.conversation)
        assert await rig.put_away(talk.conversation)
        assert not await rig.is_here(talk.conversation)
        assert await rig.log.head(talk.conversation) == before
        assert await talk.texts() == ["question 0", "answer 0"]
        assert await rig.log.receipt(talk.conversation, 2) == {"why": 0}

    @clause("expire:whole")
    async def test_the_next_word_goes_on_where_it_stopped(self, rig: LogRig) -> None:
        talk = await a_talk(rig)
        assert await rig.put_away(talk.conversation)
        assert (await talk.say("one more")).seq == 3
        claim = await talk.claim()
        assert [entry.text for entry in claim.entries] == ["one more"]
        assert [entry.text for entry in claim.history] == ["question 0", "answer 0"]
        assert claim.state == {"n": 0}
        assert claim.head.specialist == "billing"
        assert (await rig.log.commit(claim, turn(claim, "answer"))).seqs == (4,)
        assert [line.seq for line in await rig.journal(talk.conversation)] == [1, 2, 2, 3, 4, 4]

    @clause("expire:repeat")
    async def test_a_late_repeat_after_a_return_is_still_one_entry(self, rig: LogRig) -> None:
        talk = await a_talk(rig)
        event = talk.event("said once")
        await rig.log.accept(event)
        claim = await talk.claim()
        await rig.log.commit(claim, turn(claim, "heard"))
        assert await rig.put_away(talk.conversation)
        repeats = await asyncio.gather(*(rig.log.accept(event) for _ in range(5)))
        assert [(item.seq, item.duplicate, item.conflict) for item in repeats] == [
            (3, True, False)
        ] * 5
        changed = event.model_copy(update={"text": "said otherwise"})
        assert (await rig.log.accept(changed)).conflict
        assert len(await talk.texts()) == 4

    @clause("expire:once")
    async def test_many_who_bring_it_back_at_once_do_no_harm(self, rig: LogRig) -> None:
        talk = await a_talk(rig)
        assert await rig.put_away(talk.conversation)
        said = await asyncio.gather(*(talk.say(f"again {number}") for number in range(8)))
        assert sorted(item.seq for item in said) == list(range(3, 11))
        assert len(await talk.texts()) == 10

    @clause("expire:fenced")
    async def test_a_claim_from_before_is_stale_after_a_return(self, rig: LogRig) -> None:
        talk = await a_talk(rig)
        await talk.say("held")
        old = await talk.claim()
        assert (await rig.log.commit(old, turn(old, "done"))).outcome == "ok"
        assert await rig.put_away(talk.conversation)
        await talk.say("new")
        claim = await talk.claim()
        assert claim.token > old.token
        late = old.model_copy(update={"token": old.token - 1})
        assert (await rig.log.commit(late, turn(late, "late"))).outcome == "stale"

    @clause("expire:fenced")
    async def test_the_owner_and_the_epoch_come_back(self, rig: LogRig) -> None:
        talk = await a_talk(rig)
        await rig.log.accept(talk.event("I take over", author=HUMAN))
        before = await rig.log.head(talk.conversation)
        assert await rig.put_away(talk.conversation)
        after = await rig.log.head(talk.conversation)
        assert (after.owner, after.epoch) == ("human", before.epoch)

    @clause("expire:refused")
    async def test_what_waits_or_is_held_stays(self, rig: LogRig) -> None:
        talk = await a_talk(rig)
        await talk.say("nobody has answered")
        assert not await rig.put_away(talk.conversation)
        claim = await talk.claim()
        assert not await rig.put_away(talk.conversation)
        assert (await rig.log.commit(claim, turn(claim, "now"))).outcome == "ok"
        assert await rig.put_away(talk.conversation)

    @clause("expire:refused")
    async def test_nothing_leaves_that_the_archive_does_not_have(self, rig: LogRig) -> None:
        talk = await a_talk(rig)
        assert not await rig.put_away(talk.conversation, archived=False)
        assert await rig.is_here(talk.conversation)

    @clause("expire:sends")
    async def test_nothing_is_delivered_again_after_a_return(self, rig: LogRig) -> None:
        talk = await a_talk(rig, push=True)
        claim = await talk.deliverer()
        assert (await rig.log.begin_send(claim, 2)).outcome == "send"
        await rig.log.record_send(claim, 2, outcome="sent")
        await rig.log.finish(claim)
        assert await rig.put_away(talk.conversation)
        await talk.say("and now?")
        claim = await talk.claim()
        await rig.log.commit(claim, turn(claim, "this"))
        claim = await talk.deliverer()
        assert [entry.seq for entry in claim.entries if entry.author.role == "ai"] == [4]

    @clause("expire:older")
    async def test_older_entries_than_came_back_are_read_all_the_same(self, rig: LogRig) -> None:
        talk = await a_talk(rig, 150)
        assert await rig.put_away(talk.conversation)
        await talk.say("back")
        assert [entry.seq for entry in await talk.log.entries(talk.conversation)] == list(
            range(1, 302)
        )
        some = await talk.log.entries(talk.conversation, after=90, limit=20)
        assert [entry.seq for entry in some] == list(range(91, 111))

    @clause("expire:unknown")
    async def test_what_never_was_does_not_come_back(self, rig: LogRig) -> None:
        with pytest.raises(NotFound):
            await rig.log.head(new_conversation_id(4))
