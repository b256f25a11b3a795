"""Buttons answered by their number, as where a channel has none to press."""

from __future__ import annotations

import pytest

from core.engine.asked import HUMAN, NO_HUMAN, read_asked
from core.ids import EntryId
from core.messages import Author, Button, Buttons, EntryBody
from tests.fakes.claims import Talk

OFFER = (Button(label="Talk to a person", value=HUMAN), Button(label="No, thanks", value=NO_HUMAN))


def offered(*buttons: Button) -> Talk:
    talk = Talk().customer("Hm.").add(
        EntryBody(
            id=EntryId("a"), author=Author(role="ai"), text="Shall I bring in a colleague?",
            parts=(Buttons(buttons=buttons),),
        )
    )  # fmt: skip
    talk.cursor = len(talk.entries)
    return talk


@pytest.mark.parametrize(("said", "value"), [("1", HUMAN), (" 2. ", NO_HUMAN), ("1)", HUMAN)])
def test_a_number_is_the_button_it_stands_for(said: str, value: str) -> None:
    asked = read_asked(offered(*OFFER).customer(said).claim())
    assert asked.button == value and asked.messages == ()


@pytest.mark.parametrize("said", ["3", "0", "12 cups", "1 or 2", "²", "", "-1"])
def test_anything_else_is_a_message(said: str) -> None:
    asked = read_asked(offered(*OFFER).customer(said).claim())
    assert asked.button is None and len(asked.messages) == 1


def test_a_number_that_is_not_an_answer_to_buttons_is_a_message() -> None:
    later = offered(*OFFER).customer("Wait.").human("Yes?")
    later.cursor = len(later.entries)
    assert read_asked(later.customer("1").claim()).button is None
    two = offered(*OFFER).customer("1").customer("2")
    assert len(read_asked(two.claim()).messages) == 2


def test_topics_are_left_to_whoever_reads_what_was_meant() -> None:
    topics = (Button(label="Invoices", value="topic:x"), Button(label="None", value="none"))
    for said in ("1", "2"):
        assert read_asked(offered(*topics).customer(said).claim()).button is None
