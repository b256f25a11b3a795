"""Contract of a channel, third part: what leaves."""

from __future__ import annotations

import time
from typing import Any

from core.messages import Author, Entry, Outbound
from core.runtime import sleep_until
from tests.contract.channel_scene import Scene
from tests.contract.requirements import clause
from tests.fakes.waiting import until

# Light Markdown is read by `channels.rendering`; everything else is words.
ODD_ANSWERS = (
    "Dobrý den, objednávka číslo 7 je na cestě.",
    "Здравствуйте! Ваш заказ в пути.",
    "👩🏽‍🚀 שלום مرحبا 你好",
    "two\nlines",
    "<b>&amp;</b> 'quoted' \"text\" {} %s $1 a_b_c 2 * 3 <script>alert(1)</script> &lt;",
    "<!channel> <@U012AB3CD> @everyone @channel a|b|c /human",
)
WORDS = "The quick brown fox jumps over the lazy dog, sentence number {}."


def said(scene: Scene, who: str) -> list[str]:
    """The words the customer sees."""
    return [shown.text for shown in scene.rig.got(who)]


async def answers_the_other_first(scene: Scene, *, seconds: int) -> bool:
    """One chat is asked to wait for so long, and does; True if the other was answered meanwhile."""
    tried, shown = scene.rig.send_attempts("anna"), len(said(scene, "anna")) + 1
    others = len(said(scene, "bert")) + 1
    began = time.monotonic()
    scene.rig.fails("rate_limit", who="anna", seconds=seconds)
    await scene.asks("anna", answer="Later.")
    await until(lambda: scene.rig.send_attempts("anna") > tried)
    await scene.asks("bert", answer="At once.")
    await scene.shows("bert", others)
    is_first = scene.rig.send_attempts("anna") == tried + 1
    await scene.shows("anna", shown)
    assert time.monotonic() - began >= seconds - 0.05
    assert scene.rig.send_attempts("anna") == tried + 2
    return is_first


class OutContract:
    """See `channel_contract.ChannelContract`."""

    @clause("out:text")
    async def test_an_answer_arrives_in_the_chat_that_asked_once(self, scene: Scene) -> None:
        async with scene.running():
            event = await scene.asks("anna", answer="It is on its way.")
            await scene.shows("anna", 1)
            await scene.settled(event.conversation)
            assert said(scene, "anna") == ["It is on its way."]
            assert said(scene, "bert") == []

    @clause("out:literal")
    async def test_words_leave_as_they_are(self, scene: Scene) -> None:
        async with scene.running():
            for count, text in enumerate(ODD_ANSWERS, 1):
                await scene.asks("anna", answer=text)
                await scene.shows("anna", count)
            assert said(scene, "anna") == list(ODD_ANSWERS), said(scene, "anna")

    @clause("out:order")
    async def test_answers_arrive_in_the_order_of_the_log(self, scene: Scene) -> None:
        words = [f"Number {number}." for number in range(6)]
        async with scene.running():
            event = await scene.hears("anna", "Hello.")
            await scene.writes(event, *words)
            await scene.settled(event.conversation)
            await until(lambda: len(said(scene, "anna")) >= 6)
            assert said(scene, "anna") == words

    @clause("out:split")
    async def test_a_long_text_arrives_whole_in_pieces_in_order(self, scene: Scene) -> None:
        most = scene.rig.capabilities.max_text
        count = 2 * most // len(WORDS) + 2
        text = " ".join(WORDS.format(number) for number in range(min(count, 2_000)))
        async with scene.running():
            event = await scene.asks("anna", answer=text)
            await scene.settled(event.conversation)
            await until(lambda: len(" ".join(said(scene, "anna"))) >= len(text))
            pieces = said(scene, "anna")
        assert " ".join(" ".join(pieces).split()) == text
        assert all(len(piece) <= most for piece in pieces)

    @clause("out:buttons")
    async def test_choices_arrive_as_buttons_or_as_lines(self, scene: Scene) -> None:
        async with scene.running():
            await scene.asks("anna", answer="Which one?", choices=("Red", "Blue"))
            (shown,) = await scene.shows("anna", 1)
        assert "Which one?" in shown.text
        if scene.rig.capabilities.buttons:
            assert shown.buttons == ("Red", "Blue")
        else:
            assert "1. Red" in shown.text and "2. Blue" in shown.text

    @clause("out:degrade")
    async def test_more_choices_than_it_can_show_become_lines(self, scene: Scene) -> None:
        choices = tuple(f"Choice {n}" for n in range(scene.rig.capabilities.buttons + 1))
        async with scene.running():
            event = await scene.asks("anna", answer="Which one?", choices=choices)
            await scene.settled(event.conversation)
            await until(lambda: bool(scene.rig.got("anna")))
            (shown,) = await scene.shows("anna", 1)
        assert all(choice in shown.text for choice in choices)
        assert shown.buttons == ()

    @clause("out:file")
    async def test_a_file_of_an_answer_arrives_as_a_file_or_a_link(self, scene: Scene) -> None:
        file = await scene.cupboard.put_file(
            b"%PDF-1.4 an invoice", name="invoice.pdf", media_type="application/pdf"
        )
        link = scene.cupboard.link(file)
        async with scene.running():
            event = await scene.asks("anna", answer="Your invoice.", files=(file,))
            await scene.settled(event.conversation)
            await until(lambda: "Your invoice." in " ".join(said(scene, "anna")))
            got = scene.rig.got("anna")
        files = [(file.name, file.content) for shown in got for file in shown.files]
        if scene.rig.capabilities.files:
            assert files == [("invoice.pdf", b"%PDF-1.4 an invoice")]
        else:
            assert any(link is not None and link in shown.text for shown in got), got

    @clause("out:rate-limit")
    async def test_asked_to_wait_it_waits_for_this_chat_only(self, scene: Scene) -> None:
        async with scene.running():
            # Longer where the machine was too slow to tell.
            told = [await answers_the_other_first(scene, seconds=2)]
            while not told[-1] and len(told) < 3:
                told.append(await answers_the_other_first(scene, seconds=2 ** (len(told) + 1)))
            assert told[-1], "the other chat waited too"
            assert said(scene, "anna") == ["Later."] * len(told)

    @clause("out:temporary")
    async def test_a_send_that_failed_is_made_again(self, scene: Scene) -> None:
        async with scene.running():
            scene.rig.fails("temporary", who="anna")
            event = await scene.asks("anna", answer="In the end.")
            await scene.shows("anna", 1)
            await scene.writes(event, "And on.")
            await scene.shows("anna", 2)
            assert said(scene, "anna") == ["In the end.", "And on."]

    @clause("out:permanent")
    async def test_a_send_that_cannot_succeed_is_made_once(self, scene: Scene) -> None:
        async with scene.running():
            scene.rig.fails("permanent", who="anna")
            event = await scene.asks("anna", answer="Never.")
            await scene.settled(event.conversation)
            await scene.writes(event, "After it.")
            await scene.shows("anna", 1)
            assert said(scene, "anna") == ["After it."]
            assert scene.rig.send_attempts("anna") == 2

    @clause("out:unsure")
    async def test_a_send_whose_outcome_is_unknown_is_made_sure_of(self, scene: Scene) -> None:
        async with scene.running():
            scene.rig.fails("unsure", who="anna")
            event = await scene.asks("anna", answer="Perhaps.")
            await scene.settled(event.conversation)
            await scene.writes(event, "Surely.")
            await until(lambda: "Surely." in said(scene, "anna"))
            assert said(scene, "anna")[-1] == "Surely."
            assert set(said(scene, "anna")) == {"Perhaps.", "Surely."}

    @clause("out:unsure-once")
    async def test_and_the_words_are_there_once(self, scene: Scene) -> None:
        async with scene.running():
            scene.rig.fails("unsure", who="anna")
            event = await scene.asks("anna", answer="Perhaps.")
            await scene.settled(event.conversation)
            await scene.writes(event, "Surely.")
            await until(lambda: "Surely." in said(scene, "anna"))
            assert said(scene, "anna") == ["Perhaps.", "Surely."]

    @clause("out:pieces")
    async def test_after_a_fault_between_pieces_it_goes_on_with_the_next(
        self, scene: Scene
    ) -> None:
        most = scene.rig.capabilities.max_text
        text = " ".join(WORDS.format(n) for n in range(2 * most // len(WORDS) + 2))
        async with scene.running():
            scene.rig.fails("temporary", who="anna", after=1)
            event = await scene.asks("anna", answer=text)
            await scene.settled(event.conversation)
            pieces = said(scene, "anna")
        assert " ".join(" ".join(pieces).split()) == text

    @clause("out:edit")
    async def test_an_edit_by_a_person_changes_what_the_customer_sees(self, scene: Scene) -> None:
        async with scene.running():
            event = await scene.hears("anna", "What does it cost?")
            first, _ = await scene.writes(event, "It costs 70.", "Anything else?")
            await scene.shows("anna", 2)
            await scene.amends(event, "edit", first, "It costs <b>17</b>.")
            await until(lambda: said(scene, "anna") == ["It costs <b>17</b>.", "Anything else?"])
            await scene.amends(event, "edit", first, "It costs 17.")
            await until(lambda: said(scene, "anna") == ["It costs 17.", "Anything else?"])
            assert await scene.notes(event) == []

    @clause("out:delete")
    async def test_a_message_that_a_person_withdraws_is_gone(self, scene: Scene) -> None:
        async with scene.running():
            event = await scene.hears("anna", "What does it cost?")
            first, _ = await scene.writes(event, "It costs 70.", "Anything else?")
            await scene.shows("anna", 2)
            await scene.amends(event, "delete", first)
            await until(lambda: said(scene, "anna") == ["Anything else?"])
            await scene.amends(event, "delete", first)  # gone already: no fault
            await scene.settled(event.conversation)
            assert said(scene, "anna") == ["Anything else?"]
            assert await scene.notes(event) == []

    @clause("out:typing")
    async def test_it_shows_that_an_answer_is_on_its_way(self, scene: Scene) -> None:
        async with scene.running():
            event = await scene.hears("anna", "Hello?")
            adapter: Any = scene.adapter
            await adapter.show_typing(event.address)
            await until(lambda: scene.rig.saw_typing("anna") == 1)
            assert scene.rig.got("anna") == []

    @clause("out:preview")
    async def test_a_preview_turns_into_the_answer(self, scene: Scene) -> None:
        async with scene.running():
            event = await scene.hears("anna", "Hello?")
            adapter: Any = scene.adapter
            shown: str | None = None
            for text in ("It is on",):
                shown = await adapter.show_preview(event.address, text, shown)
                await sleep_until(scene.never, scene.rig.capabilities.preview_seconds)
            entry = Entry.model_validate(
                {"id": "x:1:0", "seq": 2, "at": "2026-01-01T00:00:00Z",
                 "author": Author(role="ai"), "text": "It is on its way."}
            )  # fmt: skip
            reports: list[Any] = []

            async def report(ids: Any) -> None:
                reports.append(tuple(ids))

            message = Outbound(
                conversation=event.conversation, to=event.address, entry=entry, preview=shown
            )
            receipt = await adapter.send(message, report)
            await until(lambda: said(scene, "anna") == ["It is on its way."])
        assert receipt.platform_ids
