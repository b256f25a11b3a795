"""Contract of the log: what a turn notes before it is committed, and who may note it."""

from __future__ import annotations

from core.ids import EventId
from core.messages import Author, InboundEvent
from tests.contract.log_rig import LogRig
from tests.contract.log_talk import Talk, turn
from tests.contract.requirements import clause


class StepsContract:
    """See `log_contract.LogContract`."""

    @clause("steps:kept", "steps:fenced", "steps:cleared")
    async def test_an_heir_finds_the_steps_of_the_dead(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Refund it, please.")
        zombie = await talk.claim()
        assert zombie.head.steps == 0
        assert await rig.log.note_step(zombie, {"n": 1})
        assert await rig.log.note_step(zombie, {"n": 2})
        await rig.expire(zombie)
        heir = await talk.claim()
        assert heir.head.steps == 2
        assert await rig.log.steps(talk.conversation) == [{"n": 1}, {"n": 2}]
        assert not await rig.log.note_step(zombie, {"n": 3})
        assert len(await rig.log.steps(talk.conversation)) == 2
        assert (await rig.log.commit(heir, turn(heir, "done"))).outcome == "ok"
        assert await rig.log.steps(talk.conversation) == []
        assert (await rig.log.head(talk.conversation)).steps == 0

    @clause("commit:seen")
    async def test_a_turn_may_leave_what_it_had_not_seen(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("first")
        await talk.say("second")
        claim = await talk.claim()
        part = turn(claim, "to the first", acted=True, seen=1)
        assert (await rig.log.commit(claim, part)).outcome == "ok"
        rest = await talk.claim()
        assert [entry.text for entry in rest.entries if entry.author.role == "customer"] == [
            "second"
        ]

    @clause("decision:wakes")
    async def test_a_decision_wakes_the_engine_and_moves_nothing(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Refund it, please.")
        claim = await talk.claim()
        await rig.log.commit(claim, turn(claim, "A colleague looks at it."))
        before = await rig.log.head(talk.conversation)
        assert before.address is not None
        decision = InboundEvent(
            id=EventId("approval:1"), conversation=talk.conversation, kind="control",
            action="approve", value="1", address=before.address, author=Author(role="system"),
        )  # fmt: skip
        await rig.log.accept(decision)
        after = await rig.log.head(talk.conversation)
        assert (after.owner, after.epoch) == (before.owner, before.epoch)
        heir = await talk.claim()
        assert [entry.action for entry in heir.entries] == ["approve"]
