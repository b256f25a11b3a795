"""What one entry changes in how a case stands. Pure, but for the dictionary it is given.

Above: `standing`, whose fields the facts are. Below: `answers`, `deeds`, `core.returning`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from core.escalation.answers import is_thanks, read_answer
from core.escalation.deeds import Deed, Promise
from core.ids import parse_case_note_id
from core.memory.secrets import mask_secrets
from core.memory.summary import promises_in
from core.messages import DESK_ACTS, Entry
from core.returning import read_return

PRIORITIES = ("urgent", "high", "medium", "low")
# Reasons of notes that are more than words: they say how the case stands from now on.
FOLLOW_UP_EMAIL = "follow_up_email"  # `value`: an address, or nothing when the customer waits on
ALL_NOTES = "all_notes"  # `value`: `on` or `off`
TOLD = "told"  # the keeper's message that nobody is there

_MOST_DEEDS = 100
_MOST_PROMISES = 20
_MOST_DONE = 400
_WORDS = 200
_STEP = 100


def take_in(facts: dict[str, Any], entry: Entry) -> None:
    """Change the facts by one entry."""
    if entry.seq >= facts["seq"] and facts["opened_at"] is None:
        _open(facts, entry)
    if entry.kind == "message":
        _hear(facts, entry)
    elif entry.kind == "note":
        _note(facts, entry)
    elif entry.kind == "control" and entry.action is not None:
        _act(facts, entry)


def _open(facts: dict[str, Any], entry: Entry) -> None:
    """The case's first entry."""
    facts |= {
        "opened_at": entry.at, "opened_by": entry.author.name or entry.author.role,
        "owner": "human", "handed_at": entry.at, "handed_seq": entry.seq,
        "language": facts["language"] or entry.language,
    }  # fmt: skip
    if entry.author.role == "ai":  # whose last words hand over: a person owes the answer
        _await(facts, entry)


def _await(facts: dict[str, Any], entry: Entry) -> None:
    """The customer waits, unless they wait already."""
    if facts["waiting_since"] is None:
        facts |= {"waiting_since": entry.at, "waiting_seq": entry.seq}
    if entry.author.role == "customer" and not facts["waiting_text"]:
        facts["waiting_text"] = mask_secrets(" ".join(entry.text.split()))[:_WORDS]


def _answered(facts: dict[str, Any]) -> None:
    facts |= {"waiting_since": None, "waiting_seq": 0, "waiting_text": ""}


def _hear(facts: dict[str, Any], entry: Entry) -> None:
    role = entry.author.role
    if role == "customer":
        _hear_customer(facts, entry)
    elif role == "human_agent":
        _hear_person(facts, entry)
    elif role == "ai" and facts["owner"] == "ai":
        _answered(facts)
    _mark_done(facts, entry)


def _hear_customer(facts: dict[str, Any], entry: Entry) -> None:
    """Whoever rests over it is woken by the customer; a closed one opens again for the AI."""
    facts |= {"customer_at": entry.at, "customer_seq": entry.seq, "snoozed_until": None}
    if entry.seq >= facts["seq"]:
        facts["language"] = entry.language or facts["language"]
    if entry.attachments or not is_thanks(entry.text):
        _await(facts, entry)
    _hear_answer(facts, entry)
    if facts["closed_at"] is not None and facts["owner"] == "nobody":
        _reopen(facts)


def _hear_answer(facts: dict[str, Any], entry: Entry) -> None:
    """What they choose when they were told that nobody is there, until somebody is."""
    nobody_came = facts["told_seq"] > max(facts["human_seq"], facts["handed_seq"])
    if not nobody_came or facts["owner"] != "human":
        return
    if (answer := read_answer(entry, () if facts["answer"] else facts["offered"])) is not None:
        facts |= {"answer": answer, "answer_seq": entry.seq}


def _hear_person(facts: dict[str, Any], entry: Entry) -> None:
    name = entry.author.name
    _answered(facts)
    facts |= {"human_at": entry.at, "human_seq": entry.seq}
    if entry.seq < facts["seq"]:
        return
    _come_in(facts, entry)
    _hold(facts, entry, name, entry.author.id)
    facts["replied_at"] = facts["replied_at"] or entry.at
    if facts["first_reply_at"] is None:
        facts |= {"first_reply_at": entry.at, "first_reply_by": name}
        _remember(facts, entry, "first_reply")
    for text in promises_in(entry.text):
        _promise(facts, entry, text)


def _come_in(facts: dict[str, Any], entry: Entry) -> None:
    """People have it (again)."""
    if facts["owner"] != "human":
        _hand_over(facts, entry)
        if facts["closed_at"] is not None:
            _reopen(facts)
    facts |= {"owner": "human", "closed_at": None}


def _hand_over(facts: dict[str, Any], entry: Entry) -> None:
    facts |= {"handed_at": entry.at, "handed_seq": entry.seq, "replied_at": None}


def _reopen(facts: dict[str, Any]) -> None:
    if facts["owner"] == "nobody":
        facts |= {"owner": "ai", "reopened": facts["reopened"] + 1}


def _hold(facts: dict[str, Any], entry: Entry, name: str | None, who: str | None) -> None:
    if facts["holder"] != name or facts["holder"] is None:
        facts |= {"taken_at": entry.at, "taken_seq": entry.seq}
    if facts["assignee"] not in (None, name):
        facts["assignee"] = None
    facts |= {"holder": name, "holder_id": who}


def _let_go(facts: dict[str, Any]) -> None:
    facts |= {
        "holder": None, "holder_id": None, "taken_at": None, "taken_seq": 0, "assignee": None,
        "snoozed_until": None,
    }  # fmt: skip


def _note(facts: dict[str, Any], entry: Entry) -> None:
    if entry.reason == FOLLOW_UP_EMAIL:
        facts["follow_up"] = entry.value or None
        _remember(facts, entry, FOLLOW_UP_EMAIL)
    elif entry.reason == ALL_NOTES:
        facts["all_notes"] = entry.value == "on"
        _remember(facts, entry, ALL_NOTES)
    elif entry.reason == "snooze_over" and entry.author.role == "system":
        facts["snoozed_until"] = None
    _mark_done(facts, entry)


def _act(facts: dict[str, Any], entry: Entry) -> None:
    if entry.author.role == "customer":
        if entry.action == "button":
            facts |= {"customer_at": entry.at, "customer_seq": entry.seq}
            _hear_answer(facts, entry)
        return
    if entry.seq >= facts["seq"]:
        if (act := _ACTS.get(entry.action or "")) is not None:
            act(facts, entry)
        if entry.action in DESK_ACTS or entry.action in _ACTS:
            _remember(facts, entry, entry.action or "")
    _mark_done(facts, entry)


def _on_escalate(facts: dict[str, Any], entry: Entry) -> None:
    """Somebody handed it to people: a person owes a word from now on."""
    if facts["replied_at"] is not None or facts["holder"] is not None:
        _hand_over(facts, entry)  # they had it, and it goes to others
    _come_in(facts, entry)
    _let_go(facts)
    _await(facts, entry)
    facts |= {
        "reason": facts["reason"] or entry.reason,
        "language": facts["language"] or entry.language,
    }


def _on_take(facts: dict[str, Any], entry: Entry) -> None:
    _come_in(facts, entry)
    _hold(facts, entry, entry.author.name, entry.author.id)
    facts["snoozed_until"] = None


def _on_assign(facts: dict[str, Any], entry: Entry) -> None:
    _come_in(facts, entry)
    _hold(facts, entry, entry.value, None)
    facts |= {"assignee": entry.value, "snoozed_until": None}


def _on_release(facts: dict[str, Any], entry: Entry) -> None:
    record = read_return(entry)
    _let_go(facts)
    facts |= {
        "owner": "ai", "returned_at": entry.at, "returned_seq": entry.seq,
        "returned_by": entry.author.name, "record": record.dump() if record else None,
    }  # fmt: skip
    if record is not None and not record.is_empty:
        facts["promises"] = ()  # what was not left behind is settled
        for text in record.promised:
            _promise(facts, entry, text)


def _on_close(facts: dict[str, Any], entry: Entry) -> None:
    _let_go(facts)
    _answered(facts)
    facts |= {
        "owner": "nobody", "closed_at": entry.at, "closed_by": entry.author.name,
        "close_reason": entry.reason,
    }  # fmt: skip


def _on_reopen(facts: dict[str, Any], entry: Entry) -> None:
    _reopen(facts)


def _on_snooze(facts: dict[str, Any], entry: Entry) -> None:
    facts |= {"snoozed_until": _moment(entry.value), "snoozed_seq": entry.seq}


def _on_prioritise(facts: dict[str, Any], entry: Entry) -> None:
    if entry.value in PRIORITIES:
        facts["priority"] = entry.value


_ACTS: dict[str, Callable[[dict[str, Any], Entry], None]] = {
    "escalate": _on_escalate,
    "take": _on_take,
    "assign": _on_assign,
    "release": _on_release,
    "close": _on_close,
    "reopen": _on_reopen,
    "snooze": _on_snooze,
    "prioritise": _on_prioritise,
}


def _promise(facts: dict[str, Any], entry: Entry, text: str) -> None:
    """Said twice is promised once."""
    known: tuple[Promise, ...] = facts["promises"]
    if any(text.casefold() == item.text.casefold() for item in known):
        return
    place = sum(item.seq == entry.seq for item in known)
    promise = Promise(
        number=entry.seq * _STEP + place,
        seq=entry.seq,
        at=entry.at,
        text=text,
        by=entry.author.name,
        language=entry.language,
    )
    facts["promises"] = (*known, promise)[-_MOST_PROMISES:]


def _remember(facts: dict[str, Any], entry: Entry, what: str) -> None:
    deed = Deed(
        seq=entry.seq, at=entry.at, what=what, by=entry.author.name or entry.author.role,
        who=entry.author.id, value=entry.value, reason=entry.reason,
    )  # fmt: skip
    facts["history"] = (*facts["history"], deed)[-_MOST_DEEDS:]


def _mark_done(facts: dict[str, Any], entry: Entry) -> None:
    """What the keeper said or did stands in the log under an id that names it."""
    if entry.author.role != "system":
        return
    named = parse_case_note_id(entry.id)
    if named is None or named[0] != facts["seq"]:
        return
    facts["done"] = (*facts["done"], f"{named[1]}:{named[2]}")[-_MOST_DONE:]
    if named[1] == TOLD:
        offered = tuple(button.value for row in entry.parts for button in row.buttons)
        facts |= {
            "told_at": entry.at, "told_seq": entry.seq, "offered": offered, "answer": None,
            "answer_seq": 0,
        }  # fmt: skip


def _moment(text: str | None) -> datetime | None:
    """A time that somebody wrote; None when it says nothing."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
