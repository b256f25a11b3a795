"""Contract of the log: customers change what they said; the log keeps every word."""

from __future__ import annotations

from core.messages import Address
from tests.contract.log_rig import LogRig
from tests.contract.log_talk import HUMAN, Talk, turn
from tests.contract.requirements import clause


class ChangeContract:
    """See `log_contract.LogContract`."""

    @clause("change:wakes")
    async def test_a_change_of_words_wakes_the_engine(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Where is order 12?")
        claim = await talk.claim()
        await rig.log.commit(claim, turn(claim, "In Brno."))
        for action in ("edit", "delete"):
            event = talk.event("order 13", kind="control", action=action)
            event = event.model_copy(update={"value": "first", "in_reply_to": 1})
            accepted = await rig.log.accept(event)
            claim = await talk.claim()
            shown = claim.entries[-1]
            assert (shown.seq, shown.action, shown.value) == (accepted.seq, action, "first")
            assert shown.in_reply_to == 1
            await rig.log.commit(claim, turn(claim))
        assert (await rig.log.entries(talk.conversation))[0].text == "Where is order 12?"

    @clause("change:overtakes")
    async def test_a_turn_that_missed_a_change_is_superseded(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Where is order 12?")
        for action in ("edit", "delete"):
            claim = await talk.claim()
            await rig.log.accept(talk.event("order 13", kind="control", action=action))
            assert (await rig.log.commit(claim, turn(claim, "old"))).outcome == "superseded"
        claim = await talk.claim()
        assert len(claim.entries) == 3
        assert (await rig.log.commit(claim, turn(claim, "new"))).outcome == "ok"

    @clause("change:closed")
    async def test_a_closed_conversation_stays_closed(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Thanks.")
        await talk.act("close")
        for action in ("edit", "delete"):
            await rig.log.accept(talk.event("Thank you.", kind="control", action=action))
            head = await rig.log.head(talk.conversation)
            assert (head.status, head.owner) == ("closed", "nobody")
        await talk.say("One more thing")
        assert (await rig.log.head(talk.conversation)).status == "open"

    @clause("change:people")
    async def test_what_a_person_changes_is_delivered_and_moves_nothing_else(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig, push=True)
        await talk.say("Hello?")
        await talk.answer("Good day.")
        claim = await talk.deliverer()
        for seq in (1, 2):
            await rig.log.record_send(claim, seq, outcome="withheld")
        await rig.log.finish(claim)
        before = await rig.log.head(talk.conversation)
        for action in ("edit", "delete"):
            event = talk.event("Good evening.", author=HUMAN, kind="control", action=action)
            accepted = await rig.log.accept(event.model_copy(update={"value": "second"}))
            assert await rig.wake(talk.conversation, "engine") is None
            claim = await talk.deliverer()
            assert [entry.seq for entry in claim.entries] == [accepted.seq]
            assert (await rig.log.begin_send(claim, accepted.seq)).outcome == "send"
            await rig.log.record_send(claim, accepted.seq, outcome="sent")
            await rig.log.finish(claim)
        after = await rig.log.head(talk.conversation)
        assert (after.owner, after.epoch) == (before.owner, before.epoch)

    @clause("change:place")
    async def test_answers_go_where_the_customer_writes_not_where_they_tidy(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig, push=True)
        await talk.say("Hello?")
        elsewhere = Address(channel="slack", chat="D1")
        event = talk.event(kind="control", action="delete")
        await rig.log.accept(event.model_copy(update={"address": elsewhere}))
        assert (await rig.log.head(talk.conversation)).address == talk.address
        event = talk.event("Hello again", kind="control", action="edit")
        await rig.log.accept(event.model_copy(update={"address": elsewhere}))
        assert (await rig.log.head(talk.conversation)).address == elsewhere
