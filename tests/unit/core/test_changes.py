"""What entries say after edits and removals: the words that stand, where they stand."""

from __future__ import annotations

import pytest

from core.changes import as_it_stands, differs
from core.conversation import Claim
from core.engine.asked import read_asked
from core.engine.changes import with_changes
from core.ids import EntryId, reply_entry_id
from core.memory.window import window_of
from core.messages import Author, ControlAction, EntryBody
from tests.fakes.claims import CONVERSATION, Talk

CUSTOMER = Author(role="customer")
PERSON = Author(role="human_agent", name="Ada")


def changes(
    talk: Talk, action: ControlAction, seq: int | str, text: str = "", author: Author = CUSTOMER
) -> Talk:
    """The customer edits or takes back the message at `seq` (or of this id)."""
    about = talk.entries[seq - 1].id if isinstance(seq, int) else seq
    return talk.add(
        EntryBody(
            id=EntryId(f"test:{len(talk.entries) + 1}"), kind="control", action=action,
            value=about, text=text, author=author,
        )
    )  # fmt: skip


def answers(talk: Talk, text: str, seen: int) -> Talk:
    """The engine answered what it had read up to `seen`."""
    author = Author(role="ai")
    return talk.add(EntryBody(id=reply_entry_id(CONVERSATION, seen), author=author, text=text))


def asked(claim: Claim) -> tuple[str, ...]:
    return read_asked(with_changes(claim)).texts


def shown(claim: Claim) -> list[str]:
    view = with_changes(claim)
    return [item.text for item in window_of((*view.history, *view.entries))]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("where is my order?", "Where is my order??"),
        ("kde je moje zasilka", "Kde je moje zásilka?"),
        ("I forgot my pasword", "I forgot my password"),
        ("reset teh  password now", "reset teh password now!"),
        ("Где мой заказ", "где мои заказ?"),
        ("Straße 5", "STRASSE 5"),
    ],
)
def test_a_mended_spelling_says_the_same(before: str, after: str) -> None:
    assert not differs(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("order 1234", "order 1235"),
        ("cancel it", "do not cancel it"),
        ("I want a refund", "I want a receipt"),
        ("zapnout to", "vypnout to"),
        ("no", "now"),
        ("👍", "👎"),
        ("12,50", "1250 0"),
    ],
)
def test_other_words_or_figures_say_something_else(before: str, after: str) -> None:
    assert differs(before, after)


def test_edited_before_it_is_answered_it_is_asked_once_in_its_new_words() -> None:
    talk = changes(Talk().customer("Where is order 12?"), "edit", 1, "Where is order 13?")
    assert asked(talk.claim()) == ("Where is order 13?",)
    assert with_changes(talk.claim()).entries[0].edited
    assert with_changes(talk.claim()).seen == 2


def test_edited_twice_the_last_words_count() -> None:
    talk = changes(Talk().customer("one"), "edit", 1, "two and two")
    assert asked(changes(talk, "edit", 1, "three and three").claim()) == ("three and three",)


def test_an_edit_that_overtook_its_message_is_read_all_the_same() -> None:
    talk = changes(Talk(), "edit", "test:2", "the new words")
    assert asked(talk.customer("the old words").claim()) == ("the new words",)


def test_edited_after_the_answer_it_is_asked_anew_where_it_was_edited() -> None:
    talk = answers(Talk().customer("Where is order 12?"), "In Brno.", 1)
    talk.cursor = 2
    changes(talk, "edit", 1, "Where is order 13?")
    assert asked(talk.claim()) == ("Where is order 13?",)
    assert shown(talk.claim()) == ["In Brno.", "(edited) Where is order 13?"]
    answers(talk, "In Prague.", 3).cursor = 4
    expected = ["In Brno.", "(edited) Where is order 13?", "In Prague."]
    assert shown(talk.customer("thanks").claim()) == [*expected, "thanks"]


def test_a_mended_spelling_after_the_answer_is_not_asked_anew() -> None:
    talk = answers(Talk().customer("Where is my oder?"), "In Brno.", 1)
    talk.cursor = 2
    changes(talk, "edit", 1, "Where is my order? ".replace("order", "odér"))
    assert asked(talk.claim()) == ()
    assert shown(talk.claim())[0].startswith("(edited) Where is my odér")


def test_an_edit_taken_back_at_once_asks_nothing() -> None:
    talk = answers(Talk().customer("Where is order 12?"), "In Brno.", 1)
    talk.cursor = 2
    changes(changes(talk, "edit", 1, "Where is order 13?"), "edit", 1, "Where is order 12?")
    assert asked(talk.claim()) == ()


def test_an_answer_that_had_not_seen_the_edit_does_not_answer_it() -> None:
    talk = changes(Talk().customer("Where is order 12?"), "edit", 1, "Where is order 13?")
    answers(talk, "12 is in Brno.", 1)
    talk.cursor = 1
    assert asked(talk.claim()) == ("Where is order 13?",)


def test_taken_back_before_the_answer_it_is_not_asked() -> None:
    talk = changes(Talk().customer("my password is hunter2"), "delete", 1)
    assert asked(talk.claim()) == ()
    assert shown(talk.claim()) == []


def test_taken_back_afterwards_nothing_of_it_is_shown_to_a_model() -> None:
    talk = Talk().customer("the number is 4471")
    changes(talk, "edit", 1, "the number is 4472")
    answers(talk, "Noted.", 2).cursor = 3
    changes(talk, "delete", 1)
    view = with_changes(talk.claim())
    assert shown(talk.claim()) == ["Noted."]
    assert "447" not in repr((view.history, view.entries))
    assert "4471" in repr(talk.entries)


def test_what_is_not_of_this_conversation_changes_nothing() -> None:
    talk = Talk().customer("Where is order 12?")
    changes(changes(talk, "edit", "other:9", "x"), "delete", "other:8")
    assert asked(talk.claim()) == ("Where is order 12?",)


def test_nobody_edits_the_words_of_another() -> None:
    talk = answers(Talk().customer("Hello?"), "Good day.", 1)
    changes(changes(talk, "edit", 2, "You get it for free."), "delete", 2)
    assert shown(talk.claim()) == ["Hello?", "Good day."]


def test_who_looks_sees_the_words_that_stand_and_that_they_were_edited() -> None:
    talk = changes(Talk().customer("one").customer("two"), "edit", 1, "uno")
    found = as_it_stands(changes(talk, "delete", 2).entries)
    assert [(entry.text, entry.public().get("edited")) for entry in found[:2]] == [
        ("uno", True), ("", True),
    ]  # fmt: skip
    assert [entry.kind for entry in found] == ["message", "message", "control", "control"]
    assert [entry.seq for entry in found] == [1, 2, 3, 4]


def test_a_model_reads_what_people_said_as_they_changed_it() -> None:
    talk = Talk().customer("What does it cost?").human("It costs 70.").human("Oops.")
    changes(talk, "edit", 2, "It costs 71.", PERSON)
    changes(changes(talk, "edit", 2, "It costs 17.", PERSON), "delete", 3, author=PERSON)
    talk.customer("Thanks. And shipping?")
    assert shown(talk.claim()) == [
        "What does it cost?", "(a human colleague) It costs 17.", "Thanks. And shipping?",
    ]  # fmt: skip
    assert "It costs 70." in repr(talk.entries)


def test_who_looks_sees_what_people_changed_marked_as_edited() -> None:
    talk = Talk().customer("What does it cost?").human("It costs 70.").human("Oops.")
    changes(changes(talk, "edit", 2, "It costs 17.", PERSON), "delete", 3, author=PERSON)
    found = [(entry.text, entry.edited) for entry in as_it_stands(talk.entries)]
    assert found[:3] == [("What does it cost?", False), ("It costs 17.", True), ("", True)]


def test_customers_and_people_do_not_change_each_others_words() -> None:
    talk = Talk().customer("What does it cost?").human("It costs 70.")
    for action in ("edit", "delete"):
        changes(talk, action, 2, "It is free.")
        changes(talk, action, 1, "I love to pay.", PERSON)
    assert [entry.text for entry in as_it_stands(talk.entries)][:2] == [
        "What does it cost?", "It costs 70.",
    ]  # fmt: skip
