"""How a case stands, from its entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.escalation.case import Case
from core.escalation.standing import begin, fold_more, standing_of
from core.ids import EntryId, case_note_id
from core.messages import Author, Entry

START = datetime(2026, 7, 3, 9, 0, tzinfo=UTC)
CONVERSATION = "cv_07_" + "a" * 22
ANNA = Author(role="human_agent", name="Anna", id="slack:T1:U1")
BEN = Author(role="human_agent", name="Ben", id="slack:T1:U2")
CUSTOMER = Author(role="customer")
AI = Author(role="ai", specialist="billing")
HOUSE = Author(role="system", name="case")
ENGINE = Author(role="system", name="engine")


def entry(seq: int, author: Author, text: str = "", **fields: Any) -> Entry:
    fields.setdefault("id", EntryId(f"test:{seq}"))
    fields.setdefault("kind", "control" if "action" in fields else "message")
    return Entry(seq=seq, at=START + timedelta(minutes=seq), author=author, text=text, **fields)


def handed_over(*more: Entry) -> list[Entry]:
    """The AI hands over at 2, behind the customer's first message."""
    return [
        entry(1, CUSTOMER, "I want my money back."),
        entry(2, AI, "A colleague will write to you."),
        entry(3, ENGINE, action="escalate", reason="request", value="explicit_wish"),
        *more,
    ]


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def test_a_hand_over_is_free_and_its_customer_waits_since_they_asked() -> None:
    standing = standing_of(handed_over(), start=2)
    assert standing.is_free
    assert (standing.opened_at, standing.reason) == (at(2), "request")
    assert (standing.waiting_since, standing.waiting_seq) == (at(1), 1)


def test_without_the_words_before_it_the_customer_waits_since_the_hand_over() -> None:
    assert standing_of(handed_over()[1:]).waiting_since == at(2)


def test_the_first_reply_takes_the_case_and_stops_the_waiting() -> None:
    standing = standing_of(handed_over(entry(4, ANNA, "Let me look.")), start=2)
    assert (standing.holder, standing.holder_id, standing.taken_at) == ("Anna", ANNA.id, at(4))
    assert (standing.first_reply_at, standing.first_reply_by) == (at(4), "Anna")
    assert standing.waiting_since is None
    later = fold_more(standing, [entry(5, CUSTOMER, "And?"), entry(6, CUSTOMER, "Hello?")])
    assert (later.waiting_since, later.waiting_seq) == (at(5), 5)
    assert later.first_reply_at == at(4)


@pytest.mark.parametrize(
    "text",
    [
        "Thank you!",
        "ok, thanks a lot :)",
        "Děkuji moc, hezký den",
        "Спасибо большое!",
        "Vielen Dank",
        "¡Muchas gracias por su ayuda!",
    ],
)
def test_who_says_thank_you_waits_for_nothing(text: str) -> None:
    acts = [entry(4, ANNA, "It is done."), entry(5, CUSTOMER, text)]
    standing = standing_of(handed_over(*acts), start=2)
    assert (standing.waiting_since, standing.customer_at) == (None, at(5))


@pytest.mark.parametrize("text", ["Thanks, and my invoice?", "Thanks?", "Yes", "No thanks to you!"])
def test_who_says_more_than_thank_you_waits(text: str) -> None:
    acts = [entry(4, ANNA, "Shall I?"), entry(5, CUSTOMER, text)]
    assert standing_of(handed_over(*acts), start=2).waiting_since == at(5)


def test_who_took_it_or_was_named_or_spoke_last_has_it() -> None:
    acts = [entry(4, ANNA, action="take"), entry(5, ANNA, action="assign", value="Ben")]
    standing = standing_of(handed_over(*acts), start=2)
    assert (standing.holder, standing.assignee, standing.taken_at) == ("Ben", "Ben", at(5))
    standing = fold_more(standing, [entry(6, BEN, "It is me now.")])
    assert (standing.holder, standing.assignee, standing.holder_id) == ("Ben", "Ben", BEN.id)
    standing = fold_more(standing, [entry(7, ANNA, action="take")])
    assert (standing.holder, standing.assignee, standing.taken_at) == ("Anna", None, at(7))


def test_the_newest_priority_counts_and_nonsense_does_not() -> None:
    case = Case(
        conversation=CONVERSATION, seq=1, opened_at=at(1), reason="request", rule="", span="",
        summary="", language="cs", specialist="billing", priority="medium", promises=("We call.",),
    )  # fmt: skip
    acts = [entry(4, ANNA, action="prioritise", value="urgent"),
            entry(5, ANNA, action="prioritise", value="whatever")]  # fmt: skip
    standing = standing_of(handed_over(*acts), case, start=2)
    assert (standing.priority, standing.language) == ("urgent", "cs")
    assert [promise.text for promise in standing.promises] == ["We call."]


def test_a_snooze_ends_by_a_word_of_the_customer_a_note_of_the_house_or_a_take() -> None:
    until = at(500)
    snooze = entry(4, ANNA, action="snooze", value=until.isoformat())
    standing = standing_of(handed_over(snooze), start=2)
    assert standing.is_snoozed(at(499))
    assert not standing.is_snoozed(at(500))
    over = entry(5, HOUSE, kind="note", reason="snooze_over")
    for end in (entry(5, CUSTOMER, "?"), over, entry(5, BEN, action="take"),
                entry(5, ANNA, action="snooze", value="")):  # fmt: skip
        assert fold_more(standing, [end]).snoozed_until is None


def test_a_return_leaves_its_record_and_the_promises_in_it() -> None:
    record = '{"decided": "Refund", "promised": ["We will call"], "open": ["Invoice"]}'
    acts = [entry(4, ANNA, "I will check it."), entry(5, ANNA, action="release", value=record)]
    standing = standing_of(handed_over(*acts), start=2)
    assert (standing.owner, standing.holder, standing.returned_at) == ("ai", None, at(5))
    assert standing.record is not None
    assert "Invoice" in standing.record
    texts = [promise.text for promise in standing.promises]
    assert texts == ["We will call"]
    again = fold_more(standing, [entry(6, CUSTOMER, "Hm."), entry(7, AI, "Hello again.")])
    assert again.waiting_since is None


def test_a_second_hand_over_is_free_again_and_keeps_the_first_reply() -> None:
    acts = [entry(4, ANNA, "Hello."), entry(5, ANNA, action="release"), entry(6, CUSTOMER, "No!"),
            entry(7, AI, "A colleague …"), entry(8, ENGINE, action="escalate")]  # fmt: skip
    standing = standing_of(handed_over(*acts), start=2)
    assert standing.is_free
    assert (standing.handed_seq, standing.first_reply_at) == (8, at(4))
    assert standing.waiting_since is not None


def test_a_closed_case_stays_closed_when_the_customer_writes_to_the_ai() -> None:
    acts = [entry(4, ANNA, "Done."), entry(5, ANNA, action="close", reason="solved")]
    standing = standing_of(handed_over(*acts), start=2)
    assert (standing.is_closed, standing.close_reason, standing.owner) == (True, "solved", "nobody")
    standing = fold_more(standing, [entry(6, CUSTOMER, "One more thing.")])
    assert (standing.is_closed, standing.owner, standing.reopened) == (True, "ai", 1)


def test_every_act_stands_in_the_history_with_who_and_when() -> None:
    acts = [entry(4, ANNA, action="take"), entry(5, ANNA, action="prioritise", value="high"),
            entry(6, ANNA, "Hello."), entry(7, BEN, action="close", reason="solved")]  # fmt: skip
    history = standing_of(handed_over(*acts), start=2).history
    assert [(deed.what, deed.by, deed.who, deed.at) for deed in history] == [
        ("escalate", "engine", None, at(3)),
        ("take", "Anna", ANNA.id, at(4)),
        ("prioritise", "Anna", ANNA.id, at(5)),
        ("first_reply", "Anna", ANNA.id, at(6)),
        ("close", "Ben", BEN.id, at(7)),
    ]


def test_what_the_house_did_about_this_case_is_known_by_its_id() -> None:
    own = entry(4, HOUSE, kind="note", id=EntryId(case_note_id(CONVERSATION, 2, "sla_soon", 0)))
    other = entry(5, HOUSE, kind="note", id=EntryId(case_note_id(CONVERSATION, 1, "sla_soon", 1)))
    forged = entry(6, CUSTOMER, id=EntryId(case_note_id(CONVERSATION, 2, "told", 0)))
    assert standing_of(handed_over(own, other, forged), start=2).done == ("sla_soon:0",)


def test_the_address_for_a_follow_up_and_the_mode_of_the_thread_are_notes() -> None:
    notes = [entry(4, HOUSE, kind="note", reason="follow_up_email", value="jo@example.com"),
             entry(5, ANNA, kind="note", reason="all_notes", value="on")]  # fmt: skip
    standing = standing_of(handed_over(*notes), start=2)
    assert (standing.follow_up, standing.all_notes) == ("jo@example.com", True)


def test_the_public_shape_is_json_and_names_no_empty_field() -> None:
    shape = standing_of(handed_over(entry(4, ANNA, "I will call you.")), start=2).public()
    assert shape["opened_at"] == "2026-07-03T09:02:00.000Z"
    assert shape["promises"][0]["text"] == "I will call you."
    assert "closed_at" not in shape


_ACTIONS = st.sampled_from(
    ["take", "assign", "release", "escalate", "close", "reopen", "snooze", "prioritise", "button"]
)
_REASONS = ("snooze_over", "follow_up_email", "all_notes", "idle")
_TEXTS = st.sampled_from(["Hm.", "We will call you tomorrow."])
FAR = at(90).isoformat()
_AUTHORS = st.sampled_from([ANNA, BEN, CUSTOMER, AI, HOUSE, ENGINE])


@st.composite
def _entries(draw: st.DrawFn) -> list[Entry]:
    found: list[Entry] = []
    for seq in range(1, draw(st.integers(2, 30))):
        author = draw(_AUTHORS)
        kind = draw(st.sampled_from(["message", "message", "control", "note", "draft"]))
        value = draw(st.sampled_from([None, "Ben", "high", FAR, "on", "a@b.cz", ""]))
        reason = draw(st.sampled_from([None, *_REASONS]))
        what = draw(st.sampled_from(["sla_soon", "idle", "told"]))
        found.append(
            entry(
                seq, author, draw(_TEXTS), kind=kind,
                action=draw(_ACTIONS) if kind == "control" else None, value=value, reason=reason,
                id=EntryId(case_note_id(CONVERSATION, draw(st.integers(1, 3)), what, seq)),
            )
        )  # fmt: skip
    return found


@settings(max_examples=60)
@given(_entries(), st.data())
def test_the_fold_is_incremental_wherever_the_entries_are_cut(
    entries: list[Entry], data: st.DataObject
) -> None:
    start = data.draw(st.integers(1, 3))
    whole = standing_of(entries, start=start)
    parts, at_once = begin(start), list(entries)
    while at_once:
        cut = data.draw(st.integers(1, len(at_once)))
        parts, at_once = fold_more(parts, at_once[:cut]), at_once[cut:]
    assert parts == whole
    assert fold_more(whole, entries) == whole  # what comes twice changes nothing


@settings(max_examples=60)
@given(_entries())
def test_a_case_that_is_closed_or_with_the_ai_is_held_by_nobody(entries: list[Entry]) -> None:
    standing = standing_of(entries, start=1)
    if standing.owner != "human":
        assert (standing.holder, standing.assignee, standing.taken_at) == (None, None, None)
    if standing.waiting_since is not None:
        assert standing.waiting_seq <= standing.read_to


@pytest.mark.parametrize("value", ["", "soon", "2026-13-01T00:00:00Z", "2026-07-03T10:00:00"])
def test_a_snooze_without_a_readable_time_is_none(value: str) -> None:
    snooze = entry(4, ANNA, action="snooze", value=value)
    assert standing_of(handed_over(snooze), start=2).snoozed_until is None
