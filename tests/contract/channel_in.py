"""Contract of a channel, second part: what enters."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import TooLarge
from tests.contract.channel_rig import File
from tests.contract.channel_scene import Scene
from tests.contract.requirements import clause
from tests.fakes.waiting import stays, until

ODD_TEXTS = (
    "Dobrý den, kde je moje objednávka číslo 7?",
    "Здравствуйте! Где мой заказ?",
    "👩🏽‍🚀 שלום مرحبا 你好",
    "two\nlines",
    "<b>&amp;</b> 'quoted' \"text\" \\ {}[] %s $1 *bold* `code` _under_ ~no~ a_b_c &lt;",
)


class InContract:
    """See `channel_contract.ChannelContract`."""

    @clause("in:one-to-one")
    async def test_one_message_is_one_entry(self, scene: Scene) -> None:
        async with scene.running():
            event = await scene.hears("anna", "Where is my order?")
            await until(lambda: scene.rig.unacknowledged() == 0)  # nothing more comes of it
            (entry,) = await scene.bus.log.entries(event.conversation)
        assert (entry.text, entry.kind, entry.author.role) == (
            "Where is my order?", "message", "customer",
        )  # fmt: skip
        assert event.address.channel == scene.rig.channel

    @clause("in:stable-id")
    async def test_what_is_delivered_again_is_the_same_entry(self, scene: Scene) -> None:
        async with scene.running():
            event = await scene.hears("anna", "Once.")
            for number in (1, 2, 3):
                await scene.rig.repeats()
                await scene.rig.says("bert", f"Meanwhile {number}.")
                await until(lambda n=number: len(scene.events) >= n + 1)
            await scene.hears("anna", "Last.")  # behind all that was delivered again
            await until(lambda: scene.rig.unacknowledged() == 0)
            entries = await scene.bus.log.entries(event.conversation)
        assert [entry.text for entry in entries] == ["Once.", "Last."]
        assert len(scene.events) == 5

    @clause("in:stable-id", "out:text")
    async def test_what_is_delivered_again_is_answered_once(self, scene: Scene) -> None:
        async with scene.running():
            event = await scene.asks("anna", answer="Yes.")
            await scene.shows("anna", 1)  # a turn of its own: the next answer is another's
            await scene.settled(event.conversation)
            scene.script.answers.append({"text": "Yes again?"})
            await scene.rig.repeats()
            await until(lambda: scene.rig.unacknowledged() == 0)
            await scene.settled(event.conversation)
            scene.script.answers.clear()
            await scene.hears("bert", "Anybody?")
            assert [s.text for s in await scene.shows("anna", 1)] == ["Yes."]
            entries = await scene.bus.log.entries(event.conversation)
        assert [entry.text for entry in entries] == ["A question?", "Yes."]

    @clause("in:same-chat")
    async def test_one_chat_is_one_conversation_and_two_are_two(self, scene: Scene) -> None:
        async with scene.running():
            first = await scene.hears("anna", "One.")
            other = await scene.hears("bert", "Two.")
            again = await scene.hears("anna", "Three.")
        assert first.conversation == again.conversation != other.conversation

    @clause("in:order")
    async def test_messages_of_one_customer_keep_their_order(self, scene: Scene) -> None:
        words = [f"Number {number}." for number in range(12)]
        async with scene.running():
            first = await scene.hears("anna", "First.")
            for text in words:
                await scene.rig.says("anna", text)
            await scene.events_are(13)
            entries = await scene.bus.log.entries(first.conversation)
        assert [entry.text for entry in entries] == ["First.", *words]

    @clause("in:literal")
    async def test_words_arrive_as_they_were_typed(self, scene: Scene) -> None:
        async with scene.running():
            for text in ODD_TEXTS:
                await scene.hears("anna", text)
        assert scene.texts == list(ODD_TEXTS)

    @clause("in:accept-first")
    async def test_the_platform_hears_that_it_was_taken_after_the_log_has_it(
        self, scene: Scene
    ) -> None:
        async with scene.running():
            await scene.hears("bert", "To begin with.")
            await until(lambda: scene.rig.unacknowledged() == 0)
            scene.intake.gate.clear()
            await scene.rig.says("anna", "Is anybody there?")
            await until(lambda: scene.intake.waiting == 1)
            await stays(lambda: scene.rig.unacknowledged() == 1)  # not told too early
            scene.intake.gate.set()
            await until(lambda: scene.rig.unacknowledged() == 0)
            await scene.events_are(2)

    @clause("in:redelivery")
    async def test_what_could_not_be_stored_comes_again_and_is_there_once(
        self, scene: Scene
    ) -> None:
        async with scene.running():
            await scene.hears("anna", "One.")
            await until(lambda: scene.rig.unacknowledged() == 0)
            scene.intake.is_down = True
            await scene.rig.says("anna", "Two.")
            await until(lambda: scene.intake.refused > 0)
            await stays(lambda: scene.rig.unacknowledged() == 1)
            scene.intake.is_down = False
            await scene.rig.redelivers()
            await scene.events_are(2)
            await until(lambda: scene.rig.unacknowledged() == 0)
            await scene.hears("anna", "Three.")
        assert scene.texts == ["One.", "Two.", "Three."]

    @clause("in:own-echo")
    async def test_what_the_account_itself_writes_is_nobodys_question(self, scene: Scene) -> None:
        async with scene.running():
            event = await scene.asks("anna", answer="Yes.")
            await scene.shows("anna", 1)
            await scene.settled(event.conversation)  # also what sending it brought along
            await scene.rig.noise("anna", "own")
            await scene.hears("anna", "Thanks.")
        assert [event.text for event in scene.events] == ["A question?", "Thanks."]

    @clause("in:bots")
    async def test_what_another_machine_writes_is_not_answered(self, scene: Scene) -> None:
        async with scene.running():
            await scene.hears("anna", "One.")
            await scene.thought_out()  # the next answer is another's
            scene.script.answers.append({"text": "Hello, machine."})
            await scene.rig.noise("anna", "bot")
            await scene.hears("bert", "Two.")
            await scene.shows("bert", 1)
            await until(lambda: scene.rig.unacknowledged() == 0)
            assert scene.rig.got("anna") == []
        assert scene.texts == ["One.", "Two."]

    @clause("in:unsupported")
    async def test_what_it_cannot_read_is_said_to_have_come(self, scene: Scene) -> None:
        async with scene.running():
            await scene.rig.noise("anna", "unsupported")
            await scene.events_are(1)
            await scene.hears("anna", "Words.")
        assert scene.events[0].text.strip() or scene.events[0].attachments

    @clause("in:garbage")
    async def test_a_broken_payload_is_dropped_and_the_next_message_arrives(
        self, scene: Scene
    ) -> None:
        async with scene.running():
            await scene.hears("anna", "One.")
            await scene.rig.noise("anna", "garbage")
            await scene.hears("anna", "Two.")
        assert scene.texts == ["One.", "Two."]

    @clause("in:edit")
    async def test_an_edit_is_an_act_with_the_new_words(self, scene: Scene) -> None:
        async with scene.running():
            message = await scene.rig.says("anna", "My order is 71.")
            await scene.events_are(1)
            await scene.rig.edits("anna", message, "My order is 17.")
            await scene.events_are(2)
        first, edit = scene.events
        assert (edit.kind, edit.action, edit.text) == ("control", "edit", "My order is 17.")
        assert (edit.value, edit.conversation) == (first.id, first.conversation)

    @clause("in:delete")
    async def test_a_message_taken_back_is_an_act_on_it(self, scene: Scene) -> None:
        async with scene.running():
            message = await scene.rig.says("anna", "Never mind.")
            await scene.events_are(1)
            await scene.rig.deletes("anna", message)
            await scene.events_are(2)
        first, removal = scene.events
        assert (removal.action, removal.value) == ("delete", first.id)

    @clause("in:reply")
    async def test_a_reply_names_the_entry_it_answers(self, scene: Scene) -> None:
        async with scene.running():
            event = await scene.asks("anna", answer="The first answer.")
            (shown,) = await scene.shows("anna", 1)
            await scene.settled(event.conversation)
            await scene.asks("anna", answer="The second answer.")
            await scene.shows("anna", 2)
            reply = await scene.hears("anna", "About this one.", reply_to=shown.id)
            entries = await scene.bus.log.entries(event.conversation)
        answered = {entry.text: entry.seq for entry in entries}
        assert reply.in_reply_to == answered["The first answer."]

    @clause("in:file")
    async def test_a_file_arrives_and_its_bytes_can_be_fetched(self, scene: Scene) -> None:
        content = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
        async with scene.running():
            file = File("screen shot.png", "image/png", content)
            event = await scene.hears("anna", "See here.", files=(file,))
            (attachment,) = event.attachments
            adapter: Any = scene.adapter
            assert attachment.name == "screen shot.png"
            assert attachment.size in {-1, len(content)}
            if attachment.id is not None:
                assert scene.cupboard.files[attachment.id] == content
            elif adapter is not None:
                assert await adapter.fetch(attachment, most_bytes=1_000_000) == content
                with pytest.raises(TooLarge):
                    await adapter.fetch(attachment, most_bytes=100)

    @clause("in:button")
    async def test_a_pressed_button_arrives_as_its_value(self, scene: Scene) -> None:
        async with scene.running():
            await scene.asks("anna", answer="Which one?", choices=("Red", "Blue"))
            (shown,) = await scene.shows("anna", 1)
            await scene.rig.presses("anna", shown, "Blue")
            await scene.events_are(2)
        press = scene.events[1]
        assert (press.kind, press.action, press.value) == ("control", "button", "v:Blue")
