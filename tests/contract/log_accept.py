"""Contract of the log, first part: what enters, who owns it, what is read back."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import NotFound
from core.ids import ConversationId, new_conversation_id, new_event_id
from core.messages import Address, Attachment
from tests.contract.log_rig import JournalLine, LogRig
from tests.contract.log_talk import HUMAN, Talk
from tests.contract.requirements import clause

ODD_TEXTS = (
    "",
    "Dobrý den, kde je moje objednávka číslo 7?",
    "Здравствуйте! Где мой заказ?",
    "👩🏽‍🚀 שלום مرحبا 你好",
    "two\nlines\tand a tab",
    "<b>&amp;</b> 'quoted' \"text\" \\ {}[] %s $1 *bold* `code`",
    "x" * 30_000,
)


class AcceptContract:
    """See `log_contract.LogContract`."""

    @clause("accept:once")
    async def test_a_repeated_event_is_one_entry(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        event = talk.event("Hello?")
        first = await rig.log.accept(event)
        again = await rig.log.accept(event)
        assert (first.seq, first.duplicate) == (1, False)
        assert (again.seq, again.duplicate, again.conflict) == (1, True, False)
        assert await talk.texts() == ["Hello?"]

    @clause("accept:once")
    async def test_an_event_accepted_fifty_times_at_once_is_one_entry(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        event = talk.event("Hello?")
        answers = await asyncio.gather(*(rig.log.accept(event) for _ in range(50)))
        assert {answer.seq for answer in answers} == {1}
        assert sum(not answer.duplicate for answer in answers) == 1
        assert await talk.texts() == ["Hello?"]
        assert await rig.wakes(talk.conversation) == 1

    @clause("accept:once")
    async def test_a_repeat_long_after_the_answer_is_known_still(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        event = talk.event("Hello?")
        await rig.log.accept(event)
        await talk.answer()
        assert (await rig.log.accept(event)).duplicate
        assert await rig.wake(talk.conversation) is None

    @clause("accept:conflict")
    async def test_the_same_id_with_other_words_is_a_conflict(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        event = talk.event("Pay 10")
        await rig.log.accept(event)
        other = await rig.log.accept(event.model_copy(update={"text": "Pay 1000"}))
        assert (other.seq, other.duplicate, other.conflict) == (1, True, True)
        assert await talk.texts() == ["Pay 10"]

    @clause("accept:sequence", "accept:journal")
    async def test_a_rush_of_messages_is_numbered_without_gaps(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        answers = await asyncio.gather(*(talk.say(f"m{number}") for number in range(40)))
        assert sorted(answer.seq for answer in answers) == list(range(1, 41))
        entries = await rig.log.entries(talk.conversation)
        assert [entry.seq for entry in entries] == list(range(1, 41))
        by_seq = {answer.seq: f"m{number}" for number, answer in enumerate(answers)}
        assert [entry.text for entry in entries] == [by_seq[seq] for seq in range(1, 41)]
        lines = await rig.journal(talk.conversation)
        assert lines == [JournalLine("entry", seq) for seq in range(1, 41)]

    @clause("accept:order")
    async def test_messages_stand_in_the_order_they_were_acknowledged(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        seqs = [(await talk.say(f"m{number}")).seq for number in range(10)]
        assert seqs == list(range(1, 11))
        assert await talk.texts() == [f"m{number}" for number in range(10)]

    @clause("accept:journal", "commit:whole")
    async def test_answers_and_turns_stand_in_the_journal(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        await talk.answer()
        await talk.human_says("I am here too.")
        lines = await rig.journal(talk.conversation)
        assert [line for line in lines if line.kind == "entry"] == [
            JournalLine("entry", seq) for seq in (1, 2, 3)
        ]
        assert JournalLine("turn", 2) in lines

    @clause("accept:unknown", "read:unknown")
    async def test_an_unknown_conversation_is_not_found_and_not_made(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        shard = int(talk.conversation[3:5])
        unknown = new_conversation_id(1).replace("cv_00", f"cv_{shard:02d}")
        strange = ("", "cv_", "cv_00_short", "cv_99_" + "A" * 23, "../../etc/passwd", "cv_00_a b")
        for conversation in (unknown, *strange):
            event = talk.event("Hello?").model_copy(update={"conversation": conversation})
            with pytest.raises(NotFound):
                await rig.log.accept(event)
            with pytest.raises(NotFound):
                await rig.log.head(ConversationId(conversation))
        assert await rig.log.entries(ConversationId(unknown)) == []

    @clause("accept:wake")
    async def test_a_burst_wakes_the_engine_once(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        for number in range(5):
            await talk.say(f"m{number}")
        assert await rig.wakes(talk.conversation) == 1
        assert [entry.text for entry in (await talk.claim()).entries] == [
            f"m{number}" for number in range(5)
        ]

    @clause("accept:wake")
    async def test_a_pressed_button_wakes_the_engine(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        event = talk.event(kind="control", action="button")
        await rig.log.accept(event.model_copy(update={"value": "topic:billing"}))
        (entry,) = (await talk.claim()).entries
        assert (entry.action, entry.value) == ("button", "topic:billing")

    @clause("accept:no-wake")
    async def test_notes_ratings_and_human_words_wake_no_engine(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await rig.log.accept(talk.event("inside", author=HUMAN, kind="note"))
        await rig.log.accept(talk.event(kind="control", action="rate"))
        await talk.human_says("Hello, this is Desk.")
        assert await rig.wake(talk.conversation) is None
        assert not (await rig.log.head(talk.conversation)).scheduled

    @clause("accept:text")
    async def test_any_text_comes_back_as_it_was(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        for text in ODD_TEXTS:
            await talk.say(text)
        assert await talk.texts() == list(ODD_TEXTS)

    @clause("accept:text")
    async def test_an_event_keeps_all_it_carries(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("before")
        file = Attachment(name="bill.pdf", media_type="application/pdf", size=7, url="/f/1")
        more = {
            "attachments": (file,), "in_reply_to": 1, "client_id": "c-1", "language": "cs",
            "trace_id": "t", "reason": "why",
        }  # fmt: skip
        event = talk.event("with all").model_copy(update=more)
        await rig.log.accept(event)
        entry = (await rig.log.entries(talk.conversation))[-1]
        assert entry.id == event.id
        assert entry.author == event.author
        assert entry.address == talk.address
        assert {name: getattr(entry, name) for name in more} == more

    @clause("create:address")
    async def test_an_address_has_one_conversation_however_many_ask(self, rig: LogRig) -> None:
        address = Address(channel="telegram", account="bot", chat=new_event_id("chat"))
        asked = await asyncio.gather(*(rig.log.create(address) for _ in range(20)))
        assert len(set(asked)) == 1
        assert (await rig.log.head(asked[0])).address == address
        assert await rig.log.create(address) == asked[0]

    @clause("create:address")
    async def test_without_a_chat_the_conversation_is_its_own(self, rig: LogRig) -> None:
        first, second = [await rig.log.create(Address(channel="rest", chat="")) for _ in range(2)]
        assert first != second
        head = await rig.log.head(first)
        assert head.address == Address(channel="rest", chat=first)
        assert (head.seq, head.owner, head.status, head.epoch) == (0, "ai", "open", 0)

    @clause("owner:human")
    async def test_a_word_of_a_human_moves_the_owner_and_raises_the_epoch(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        await talk.human_says("I have it.")
        head = await rig.log.head(talk.conversation)
        assert (head.owner, head.epoch) == ("human", 1)
        entries = await rig.log.entries(talk.conversation)
        assert [entry.epoch for entry in entries] == [0, 1]

    @clause("owner:take", "owner:release")
    async def test_a_take_over_and_a_release_move_the_owner_there_and_back(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig)
        await talk.act("take")
        head = await rig.log.head(talk.conversation)
        assert (head.owner, head.epoch) == ("human", 1)
        await talk.act("release")
        head = await rig.log.head(talk.conversation)
        assert (head.owner, head.epoch) == ("ai", 2)

    @clause("owner:close")
    async def test_a_closed_conversation_is_opened_by_the_customers_next_word(
        self, rig: LogRig
    ) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Thanks, bye.")
        await talk.answer()
        await talk.act("close")
        head = await rig.log.head(talk.conversation)
        assert (head.owner, head.status) == ("nobody", "closed")
        await talk.say("One more thing?")
        head = await rig.log.head(talk.conversation)
        assert (head.owner, head.status) == ("ai", "open")
        assert (await talk.claim()).head.owner == "ai"

    @clause("owner:note")
    async def test_a_note_of_a_human_changes_nothing_but_the_log(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        await talk.say("Hello?")
        await rig.log.accept(talk.event("look at this", author=HUMAN, kind="note"))
        head = await rig.log.head(talk.conversation)
        assert (head.owner, head.epoch, head.seq) == ("ai", 0, 2)

    @clause("read:after")
    async def test_entries_are_read_from_any_sequence_on(self, rig: LogRig) -> None:
        talk = await Talk.begin(rig)
        for number in range(1, 8):
            await talk.say(f"m{number}")
        entries = await rig.log.entries(talk.conversation, after=2, limit=3)
        assert [entry.seq for entry in entries] == [3, 4, 5]
        assert await rig.log.entries(talk.conversation, after=7) == []
        assert len(await rig.log.entries(talk.conversation, after=-3)) == 7
        times = [entry.at for entry in await rig.log.entries(talk.conversation)]
        assert times == sorted(times)

    @clause("accept:unknown")
    async def test_events_of_one_conversation_never_reach_another(self, rig: LogRig) -> None:
        talks = [await Talk.begin(rig) for _ in range(12)]
        shared = "same-id-from-two-senders"

        async def speak(talk: Talk, number: int) -> None:
            await rig.log.accept(talk.event(f"only {number}", event_id=shared))

        await asyncio.gather(*(speak(talk, number) for number, talk in enumerate(talks)))
        for number, talk in enumerate(talks):
            assert await talk.texts() == [f"only {number}"]
