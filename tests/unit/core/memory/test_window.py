"""Which entries a model is shown, and as whose words."""

from __future__ import annotations

from core.ids import EntryId
from core.memory.window import window_of
from core.messages import Author, Button, Buttons, EntryBody
from tests.fakes.claims import Talk


def test_customers_ask_and_everybody_else_assists() -> None:
    talk = Talk().customer("Hi").customer("Help me").human("I am Ada.")
    said = window_of(talk.entries)
    assert [(item.role, item.text) for item in said] == [
        ("customer", "Hi\nHelp me"),
        ("assistant", "(a human colleague) I am Ada."),
    ]


def test_notes_and_drafts_and_acts_are_left_out() -> None:
    talk = Talk().customer("Hi")
    for kind in ("note", "draft", "control"):
        talk.add(
            EntryBody(id=EntryId(kind), kind=kind, author=Author(role="human_agent"), text="x")
        )
    assert [item.text for item in window_of(talk.entries)] == ["Hi"]


def test_a_pressed_button_is_what_stood_on_it() -> None:
    talk = Talk().customer("Hi")
    row = Buttons(buttons=(Button(label="Invoices", value="topic:1"),))
    talk.add(EntryBody(id=EntryId("ai"), author=Author(role="ai"), text="Which?", parts=(row,)))
    talk.presses("topic:1").presses("topic:unknown")
    assert [item.text for item in window_of(talk.entries)] == ["Hi", "Which?", "Invoices"]


def test_only_the_last_entries_count() -> None:
    talk = Talk()
    for number in range(60):
        talk.customer(str(number))
    (said,) = window_of(talk.entries, limit=50)
    assert said.text.split("\n")[0] == "10"
