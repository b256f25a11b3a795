"""Contract of the log, third part: a turn comes whole, or not at all."""

from __future__ import annotations

import asyncio

from core.conversation import HeadChange, TurnCommit
from tests.contract.log_rig import LogRig
from tests.contract.log_talk import EACH, Talk, turn
from tests.contract.requirements import clause


class CommitContract:
    """See `log_contract.LogContract`."""

    @clause("commit:whole", "read:receipt")
    async def test_a_turn_comes_whole(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        claim = await talk.claim()
        change = HeadChange(
            specialist="billing", language="cs", sentiment="negative", priority="high",
            summary="s", ticket="t-1", contact="ct_1", owner="human",
        )  # fmt: skip
        commit = turn(
            claim, "one", "two", head=change, state={"n": 1}, receipt={"triage": {"score": 0.5}},
            tokens_used=70, cost=0.25,
        )  # fmt: skip
        done = await rig.log.commit(claim, commit)
        assert (done.outcome, done.seqs) == ("ok", (2, 3))
        assert await talk.texts() == ["Hello?", "one", "two"]
        head = await rig.log.head(talk.conversation)
        assert change.model_dump(exclude_none=True).items() <= head.model_dump().items()
        assert (head.seq, head.engine_cursor, head.tokens_used, head.cost) == (3, 3, 70, 0.25)
        assert await rig.log.receipt(talk.conversation, 2) == {"triage": {"score": 0.5}}
        assert await rig.log.receipt(talk.conversation, 3) is None

    @clause("commit:whole")
    async def test_a_field_that_a_turn_leaves_alone_stays(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        for number, change in enumerate((HeadChange(specialist="sales"), HeadChange())):
            await talk.say(f"m{number}")
            claim = await talk.claim()
            await rig.log.commit(claim, turn(claim, "a", head=change, tokens_used=10, cost=0.1))
        head = await rig.log.head(talk.conversation)
        assert (head.specialist, head.tokens_used, round(head.cost, 6)) == ("sales", 20, 0.2)

    @clause("commit:stale")
    async def test_a_reader_whose_lease_was_taken_over_writes_nothing(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        zombie = await talk.claim()
        await rig.expire(zombie)
        heir = await talk.claim()
        commit = turn(zombie, "zombie", head=HeadChange(specialist="x"), receipt={"z": 1})
        assert (await rig.log.commit(zombie, commit)).outcome == "stale"
        assert (await rig.log.commit(heir, turn(heir, "heir"))).outcome == "ok"
        assert (await rig.log.commit(zombie, commit)).outcome == "stale"
        assert await talk.texts("ai") == ["heir"]
        assert (await rig.log.head(talk.conversation)).specialist is None
        assert await rig.log.receipt(talk.conversation, 2) is None

    @clause("commit:epoch")
    async def test_a_turn_from_before_a_take_over_writes_nothing(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        claim = await talk.claim()
        await talk.human_says("I have it.")
        refused = await rig.log.commit(claim, turn(claim, "too late", acted=True))
        assert (refused.outcome, refused.seqs) == ("epoch", ())
        assert await talk.texts("ai") == []
        again = await talk.claim(wake=claim.wake)
        assert (again.head.owner, again.epoch) == ("human", 1)
        assert (await rig.log.commit(again, TurnCommit())).outcome == "ok"
        assert await rig.wake(talk.conversation) is None

    @clause("commit:epoch")
    async def test_a_take_over_and_release_during_a_turn_refuses_it_too(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        claim = await talk.claim()
        await talk.act("take")
        await talk.act("release")
        assert (await rig.log.commit(claim, turn(claim, "old"))).outcome == "epoch"
        again = await talk.claim(wake=claim.wake)
        assert (await rig.log.commit(again, turn(again, "new"))).outcome == "ok"
        assert await talk.texts("ai") == ["new"]

    @clause("commit:epoch")
    async def test_a_take_over_racing_a_commit_leaves_no_word_of_the_ai_after_it(
        self, rig: LogRig
    ) -> None:
        for _ in range(10):
            talk = await Talk.begin(rig)
            await talk.say("Hello?")
            claim = await talk.claim()
            await asyncio.gather(
                rig.log.commit(claim, turn(claim, "answer")), talk.human_says("mine")
            )
            entries = await rig.log.entries(talk.conversation)
            roles = [entry.author.role for entry in entries[1:]]
            assert roles in (["ai", "human_agent"], ["human_agent"])

    @clause("commit:superseded")
    async def test_a_turn_that_missed_a_message_is_done_again_with_it(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("one")
        claim = await talk.claim()
        await talk.say("two")
        refused = await rig.log.commit(claim, turn(claim, "only one", receipt={"r": 1}))
        assert (refused.outcome, refused.seqs) == ("superseded", ())
        again = await talk.claim(wake=claim.wake)
        assert [entry.text for entry in again.entries] == ["one", "two"]
        assert again.attempts == 1
        assert (await rig.log.commit(again, turn(again, "both"))).outcome == "ok"
        assert await talk.texts() == ["one", "two", "both"]

    @clause("commit:superseded")
    async def test_notes_and_ratings_during_a_turn_do_not_supersede_it(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("one")
        claim = await talk.claim()
        await rig.log.accept(talk.event(kind="control", action="rate"))
        assert (await rig.log.commit(claim, turn(claim, "answer"))).outcome == "ok"
        assert await rig.wake(talk.conversation) is None

    @clause("commit:acted", "commit:settles")
    async def test_a_turn_that_acted_commits_and_the_newer_message_is_the_next(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig)
        await talk.say("refund please")
        claim = await talk.claim()
        await talk.say("and hello")
        assert (await rig.log.commit(claim, turn(claim, "done", acted=True))).outcome == "ok"
        claim = await talk.claim()
        assert [e.text for e in claim.entries if e.author.role == "customer"] == ["and hello"]
        assert (await rig.log.commit(claim, turn(claim, "hi"))).outcome == "ok"
        assert await talk.texts("ai") == ["done", "hi"]

    @clause("commit:settles")
    async def test_a_turn_may_ask_not_to_be_merged(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("one")
        claim = await talk.claim()
        await talk.say("two")
        assert (await rig.log.commit(claim, turn(claim, "a1", merge=False))).outcome == "ok"
        claim = await talk.claim()
        assert claim.entries[0].text == "two"

    @clause("commit:each")
    async def test_each_message_has_a_turn_of_its_own(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        for number in range(3):
            await talk.say(f"m{number}", pike=EACH)
        for number in range(3):
            claim = await talk.claim()
            shown = [entry.text for entry in claim.entries if entry.author.role == "customer"]
            assert shown == [f"m{number}"]
            if number == 1:
                await talk.say("m3", pike=EACH)
            assert (await rig.log.commit(claim, turn(claim, f"a{number}"))).outcome == "ok"
        await talk.answer("a3")
        assert await talk.texts("ai") == ["a0", "a1", "a2", "a3"]
        assert await rig.wake(talk.conversation) is None

    @clause("commit:settles", "accept:wake")
    async def test_after_a_commit_nothing_waits_until_more_is_said(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("one")
        await talk.answer()
        assert await rig.wakes(talk.conversation) == 0
        assert not (await rig.log.head(talk.conversation)).scheduled
        await talk.say("two")
        assert await rig.wakes(talk.conversation) == 1
        assert (await rig.log.head(talk.conversation)).scheduled

    @clause("commit:repeat")
    async def test_the_same_commit_again_gives_the_same_answer(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("one")
        claim = await talk.claim()
        commit = turn(claim, "a", "b", tokens_used=5)
        first = await rig.log.commit(claim, commit)
        await talk.say("two")
        assert await rig.log.commit(claim, commit) == first
        assert await talk.texts("ai") == ["a", "b"]
        head = await rig.log.head(talk.conversation)
        assert (head.tokens_used, head.engine_cursor) == (5, 3)
        assert (await talk.claim()).entries[0].text == "two"

    @clause("commit:nothing")
    async def test_a_turn_that_says_nothing_deals_with_what_it_saw(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig, push=True)
        await talk.say("one")
        claim = await talk.claim()
        done = await rig.log.commit(claim, TurnCommit(receipt={"why": "human"}))
        assert (done.outcome, done.seqs) == ("ok", ())
        assert (await rig.log.head(talk.conversation)).engine_cursor == 1
        assert await rig.wake(talk.conversation) is None
        assert await rig.wake(talk.conversation, "customer") is None

    @clause("commit:many")
    async def test_a_flood_is_dealt_with_to_its_end_in_order(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await asyncio.gather(*(talk.say(f"m{number}") for number in range(450)))
        seen: list[int] = []
        for _ in range(10):
            claim = await talk.claim()
            seen += [entry.seq for entry in claim.entries if entry.author.role == "customer"]
            done = await rig.log.commit(claim, turn(claim, "a"))
            assert done.outcome == "ok"
            if await rig.wake(talk.conversation) is None:
                break
        assert seen == list(range(1, 451))
