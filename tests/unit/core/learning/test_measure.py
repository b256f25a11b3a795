"""What became of drafts, told by the order of the log."""

from __future__ import annotations

import pytest

from core.ids import EntryId
from core.learning.measure import Measured, Tally, measure_drafts, outcome_of, similarity
from core.messages import Author, EntryBody
from tests.fakes.claims import Talk

ANSWER = "Open Settings and choose Reset. It takes 5 minutes."
ADA = Author(role="human_agent", name="Ada")


class Desk(Talk):
    """A conversation that people have."""

    def draft(self, text: str = ANSWER) -> Desk:
        author = Author(role="ai", specialist="technical")
        name = EntryId(f"cv:{len(self.entries)}:draft")
        self.add(EntryBody(id=name, kind="draft", author=author, text=text, language="en"))
        return self

    def sends(self, draft: str, text: str) -> Desk:
        self.add(EntryBody(id=EntryId(f"desk:cv:draft:{draft}"), author=ADA, text=text))
        return self

    def acts(self, action: str, value: str | None = None) -> Desk:
        name = EntryId(f"desk:{len(self.entries)}")
        body = EntryBody(id=name, kind="control", action=action, value=value, author=ADA)  # type: ignore[arg-type]
        self.add(body)
        return self

    @property
    def last(self) -> EntryId:
        return self.entries[-1].id

    def measured(self) -> Measured:
        """The only draft."""
        (found,) = measure_drafts(self.entries)
        return found


def asked() -> Desk:
    desk = Desk()
    desk.customer("How do I reset my password?")
    return desk.draft()


def test_a_draft_that_nobody_has_answered_is_open() -> None:
    found = asked().measured()
    assert (found.outcome, found.specialist, found.language) == ("open", "technical", "en")
    assert found.settled_at is None


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (ANSWER, "used"),
        ("open settings — and choose RESET; it takes 5 minutes", "used"),
        ("Open Settings and choose Reset. It takes 5 minutes. Best, Ada", "used"),
        ("Open Settings and choose Reset. I have also unlocked your account for you.", "edited"),
        ("We are sorry, your parcel was lost in the post, a new one leaves today.", "ignored"),
    ],
)
def test_words_of_a_person_say_how_far_the_draft_was_used(text: str, outcome: str) -> None:
    desk = asked()
    desk.human(text)
    found = desk.measured()
    assert (found.outcome, found.by_button) == (outcome, False)


def test_the_button_counts_for_its_draft_even_when_it_was_rewritten() -> None:
    desk = asked()
    desk.sends(desk.last, "Your parcel leaves today, we are very sorry for the long wait.")
    found = desk.measured()
    assert (found.outcome, found.by_button) == ("edited", True)
    desk = asked()
    assert desk.sends(desk.last, ANSWER).measured().outcome == "used"


def test_only_the_first_words_after_a_draft_count() -> None:
    desk = asked()
    desk.human("One moment, I will look at it.").human(ANSWER)
    assert desk.measured().outcome == "ignored"


def test_a_note_is_no_reply() -> None:
    desk = asked()
    desk.add(EntryBody(id=EntryId("n"), kind="note", author=ADA, text=ANSWER))
    assert desk.measured().outcome == "open"


@pytest.mark.parametrize(
    ("action", "outcome"),
    [("discard", "discarded"), ("release", "ignored"), ("close", "ignored"), ("snooze", "open")],
)
def test_acts_of_people_settle_a_draft(action: str, outcome: str) -> None:
    desk = asked()
    value = desk.last if action == "discard" else None
    assert desk.acts(action, value).measured().outcome == outcome


def test_what_the_next_words_made_obsolete_does_not_count() -> None:
    desk = asked()
    desk.customer("And my address?")
    desk.draft("Under Addresses.").human("Under Addresses.")
    first, second = measure_drafts(desk.entries)
    assert (first.outcome, second.outcome) == ("obsolete", "used")
    assert second.similarity == 1.0


def test_an_old_draft_sent_by_its_button_all_the_same_counts() -> None:
    desk = asked()
    draft = desk.last
    desk.customer("hello?")
    assert desk.sends(draft, ANSWER).measured().outcome == "used"


def test_measuring_again_gives_the_same() -> None:
    desk = asked()
    desk.human(ANSWER)
    assert measure_drafts(desk.entries) == measure_drafts(desk.entries)


def test_the_cuts_belong_to_the_better_side() -> None:
    assert outcome_of(0.85, by_button=False) == "used"
    assert outcome_of(0.8499, by_button=False) == "edited"
    assert outcome_of(0.4, by_button=False) == "edited"
    assert outcome_of(0.3999, by_button=False) == "ignored"
    assert outcome_of(0.0, by_button=True) == "edited"


def test_figures_tell_texts_apart_and_forms_of_letters_do_not() -> None:
    assert similarity("Kč 10", "kč  10.") == 1.0
    assert similarity("e\u0301t\u00e9", "\u00c9T\u00c9") == 1.0
    assert similarity("It costs 10", "It costs 20") < 1.0
    assert similarity("", "") == 1.0


def test_shares_are_of_what_counts() -> None:
    tally = Tally(used=3, edited=1).plus(Tally(ignored=2, discarded=2))
    assert (tally.n, tally.share, Tally().share) == (8, 0.375, 0.0)
    assert tally.show()["share"] == 0.375
