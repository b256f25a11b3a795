"""What is due about a case, and when next: laws for whatever happens, and what it must not do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.escalation.acts import Act, Around, Plan
from core.escalation.answers import mask_address, read_address
from core.escalation.clocks import clocks_of, rank
from core.escalation.duties import plan
from core.escalation.hours import Hours
from core.escalation.rules import EscalationRules
from core.escalation.standing import Standing, fold_more, standing_of
from core.ids import EntryId, case_note_id
from core.messages import Author, Button, Buttons, Entry

CONVERSATION = "cv_07_" + "a" * 22
START = datetime(2026, 7, 3, 9, 0, tzinfo=UTC)  # a Friday
MINUTE = timedelta(minutes=1)
ANNA = Author(role="human_agent", name="Anna", id="slack:T1:U1")
CUSTOMER, AI = Author(role="customer"), Author(role="ai")
ENGINE, HOUSE = Author(role="system", name="engine"), Author(role="system")
WEEK = Hours(
    monday="09:00-17:00", tuesday="09:00-17:00", wednesday="09:00-17:00",
    thursday="09:00-17:00", friday="09:00-17:00",
)  # fmt: skip


def rules_of(hours: Hours | None = None, **desk: Any) -> EscalationRules:
    data = {"desk": desk, "reasons": {"request": {"first_reply_minutes": 10}}}
    return EscalationRules.model_validate(data).model_copy(update={"hours": hours or Hours()})


def entry(seq: int, minute: float, author: Author, text: str = "", **fields: Any) -> Entry:
    fields.setdefault("id", EntryId(f"test:{seq}"))
    fields.setdefault("kind", "control" if "action" in fields else "message")
    return Entry(seq=seq, at=START + minute * MINUTE, author=author, text=text, **fields)


def opened(*more: Entry) -> Standing:
    """Handed over at minute 0 behind the customer's words."""
    first = [
        entry(1, -1, CUSTOMER, "I want a person."),
        entry(2, 0, AI, "A colleague …"),
        entry(3, 0, ENGINE, action="escalate", reason="request"),
    ]
    return standing_of([*first, *more], start=2)


def around(minute: float, **known: Any) -> Around:
    return Around(now=START + minute * MINUTE, **known)


def entry_of(act: Act, seq: int, at: datetime) -> Entry:
    """What the keeper writes."""
    row = tuple(Button(label=choice.value, value=choice.value) for choice in act.choices)
    return Entry(
        seq=seq, at=at, author=HOUSE, kind=act.kind, text=act.text, action=act.action,
        id=EntryId(case_note_id(CONVERSATION, 2, act.what, act.number)), reason=act.reason,
        value=act.value, parts=(Buttons(buttons=row),) if row else (),
    )  # fmt: skip


def reasons(found: Plan) -> list[str]:
    return [act.action or act.reason or act.kind for act in found.acts]


def test_the_clock_stands_still_while_the_desk_is_closed() -> None:
    late = entry(1, 475, CUSTOMER, "Help"), entry(2, 475, AI, "…")  # 16:55 on Friday
    standing = standing_of([*late, entry(3, 475, ENGINE, action="escalate", reason="request")],
                           start=2)  # fmt: skip
    clock = clocks_of(standing, rules_of(WEEK)).first_reply
    assert clock.due == datetime(2026, 7, 6, 9, 5, tzinfo=UTC)  # Monday
    assert [clock.state(at) for at in (START + 480 * MINUTE, datetime(2026, 7, 6, 9, 4, tzinfo=UTC),
                                       datetime(2026, 7, 6, 9, 5, tzinfo=UTC))] == [
        "runs", "soon", "broken"]  # fmt: skip


def test_a_clock_that_was_kept_says_whether_in_time() -> None:
    kept = clocks_of(opened(entry(4, 9, ANNA, "Hello")), rules_of()).first_reply
    late = clocks_of(opened(entry(4, 11, ANNA, "Hello")), rules_of()).first_reply
    later = START + timedelta(days=1)
    assert (kept.state(later), late.state(later)) == ("met", "missed")


def test_the_lead_is_named_at_the_second_step() -> None:
    found = plan(opened(), rules_of(lead="the shift lead", untaken_minutes=900), around(20))
    assert "Asking the shift lead" in found.acts[-1].text


def test_who_has_the_case_is_named_in_the_reminder() -> None:
    standing = opened(entry(4, 1, ANNA, action="take"))
    found = plan(standing, rules_of(), around(8))
    assert found.acts[0].text == "The first reply is due at 09:10. It is held by Anna."


def test_an_urgent_case_is_raised_no_higher() -> None:
    standing = opened(entry(4, 1, ANNA, action="prioritise", value="urgent"))
    rules = rules_of(untaken_minutes=900)
    assert reasons(plan(standing, rules, around(40))) == ["sla_broken"]
    assert reasons(plan(opened(), rules, around(40))) == ["prioritise", "sla_broken"]
    off = rules_of(untaken_minutes=900, raise_priority=False)
    assert reasons(plan(opened(), off, around(60))) == ["sla_broken"]


def test_an_old_handoff_starts_no_new_one_and_no_clock_of_its_own() -> None:
    """Complaint 3 of the peers: what led to people once is over with the return."""
    standing = opened(
        entry(4, 1, ANNA, "Done."), entry(5, 2, ANNA, action="release"),
        entry(6, 3, CUSTOMER, "And my invoice?"),
    )  # fmt: skip
    found = plan(standing, rules_of(), around(60 * 24 * 30))
    assert (found.acts, found.next) == ((), None)


def test_the_state_of_a_case_is_in_one_value_for_every_desk() -> None:
    """Complaint 14: who has it, since when, how urgent, until when it rests."""
    until = (START + 90 * MINUTE).isoformat()
    shape = opened(
        entry(4, 1, ANNA, action="assign", value="Ben"),
        entry(5, 2, ANNA, action="prioritise", value="high"),
        entry(6, 3, ANNA, action="snooze", value=until),
    ).public()
    assert (shape["holder"], shape["assignee"], shape["priority"]) == ("Ben", "Ben", "high")
    assert shape["snoozed_until"] == "2026-07-03T10:30:00.000Z"
    assert [deed["what"] for deed in shape["history"]][1:] == ["assign", "prioritise", "snooze"]


def test_a_hand_over_that_nobody_takes_up_is_never_silent() -> None:
    """Complaint 18: the customer hears the truth once, and people are reminded."""
    found = plan(opened(), rules_of(), around(8))
    assert reasons(found) == ["sla_soon", "nobody_there"]


def test_whoever_asked_for_a_person_is_not_given_back_unanswered() -> None:
    """Complaint 19."""
    standing = opened(entry(4, 1, ANNA, action="take"))
    for hours in range(100):
        found = plan(standing, rules_of(idle_minutes=5, return_minutes=10), around(60 * hours))
        assert "release" not in reasons(found)


def test_the_queue_is_ranked_by_rest_waiting_priority_and_what_is_due() -> None:
    rules, now = rules_of(), START + 5 * MINUTE
    until = (START + 60 * MINUTE).isoformat()
    resting = opened(entry(4, 1, ANNA, action="snooze", value=until))
    answered = opened(entry(4, 1, ANNA, "Hello"))
    urgent = opened(entry(4, 1, ANNA, action="prioritise", value="urgent"))
    older = standing_of(
        [entry(2, -30, AI, "…"), entry(3, -30, ENGINE, action="escalate", reason="request")]
    )
    plain = opened()
    line = sorted([resting, answered, plain, older, urgent], key=lambda one: rank(one, rules, now))
    assert line == [urgent, older, plain, answered, resting]


def test_a_case_closes_only_behind_the_last_promise() -> None:
    standing = opened(entry(4, 1, ANNA, "We will call you in 20 days."))
    rules = rules_of(quiet_days=7, resolution_minutes={"medium": 0})
    found = plan(standing, rules, around(60 * 24 * 8))
    assert reasons(found) == []
    assert found.next == START + MINUTE + timedelta(days=20) - 30 * MINUTE


def test_a_word_about_an_earlier_case_closes_no_later_one() -> None:
    before = [entry(1, 0, ANNA, "Done."), entry(2, 1, ANNA, action="close")]
    taken = standing_of([*before, entry(3, 2, ANNA, action="take")], start=3)
    rules = rules_of(quiet_days=1, resolution_minutes={"medium": 0})
    assert plan(taken, rules, around(60 * 24 * 30)).acts == ()


def test_a_priority_that_nobody_knows_is_a_medium_one() -> None:
    standing = opened().model_copy(update={"priority": "extreme"})
    assert rank(standing, rules_of(), START) == rank(opened(), rules_of(), START)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("jo@example.com", "jo@example.com"),
        ("Sure: jo.doe+shop@mail.example.co.uk, thanks!", "jo.doe+shop@mail.example.co.uk"),
        ("Мой адрес: jo@example.ru", "jo@example.ru"),
        ("jo@example.com or ann@example.com", None),
        ("Did you write to jo@example.com?", None),
        ("I wrote to jo@example.com three weeks ago and nobody ever answered me", None),
        ("jo@localhost", None),
        ("jo@exаmple.com", None),  # a Cyrillic а
        ("@jo", None),
        ("jo..doe@example.com", None),
        ("a" * 300 + "@example.com", None),
    ],
)
def test_an_address_is_one_only_when_little_else_is_said(text: str, address: str | None) -> None:
    assert read_address(text) == address


def test_a_masked_address_shows_where_but_not_whose() -> None:
    assert mask_address("joanna@example.com") == "j…@example.com"


_SAYS = st.sampled_from(
    [
        (CUSTOMER, {"text": "Hello?"}),
        (CUSTOMER, {"text": "jo@example.com"}),
        (CUSTOMER, {"kind": "control", "action": "button", "value": "desk:email"}),
        (ANNA, {"text": "We will call you tomorrow."}),
        (ANNA, {"kind": "control", "action": "take"}),
        (ANNA, {"kind": "control", "action": "release"}),
        (ANNA, {"kind": "control", "action": "escalate"}),
        (ANNA, {"kind": "control", "action": "close"}),
        (ANNA, {"kind": "control", "action": "snooze", "value": "2026-07-04T09:00:00+00:00"}),
        (AI, {"text": "Here is an answer."}),
    ]
)


@given(
    st.lists(st.tuples(_SAYS, st.integers(0, 3000)), max_size=12),
    st.sampled_from([Hours(), WEEK]),
    st.sampled_from([None, 0, 2]),
)
def test_whatever_happens_each_act_is_done_once_and_time_always_goes_on(
    happened: list[tuple[tuple[Author, dict[str, Any]], int]], hours: Hours, people: int | None
) -> None:
    """Run a case: the world says things, the keeper does what is due until nothing is."""
    rules, standing, seq, minute = rules_of(hours), opened(), 3, 1.0
    written: list[str] = []
    for (author, fields), pause in happened:
        seq, minute = seq + 1, minute + pause
        standing = fold_more(standing, [entry(seq, minute, author, **fields)])
        for _ in range(8):
            known = around(minute, people=people, offers_email=True, channel="web")
            found = plan(standing, rules, known)
            assert found.next is None or found.next > known.now
            if not found.acts:
                break
            for act in found.acts:
                seq += 1
                standing = fold_more(standing, [entry_of(act, seq, known.now)])
                written.append(act.mark)
        else:
            raise AssertionError(f"no end of acts: {written[-6:]}")
    assert len(written) == len(set(written))
