"""How a case stands: a pure fold of its entries, so that every process sees the same.

Above: `clocks`, `duties`, the case keeper, Slack's card, the console. Below: `folding`, `deeds`,
`case`. The fold is incremental: what was read is read once (`fold_more`). Times that the desk has
promised depend on its hours and stand in `clocks`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from core.conversation import Owner
from core.escalation.case import Case
from core.escalation.deeds import Deed, Promise
from core.escalation.folding import ALL_NOTES, FOLLOW_UP_EMAIL, take_in
from core.messages import Entry, Frozen, format_time

__all__ = ["ALL_NOTES", "FOLLOW_UP_EMAIL", "Standing", "begin", "fold_more", "standing_of"]

# Not shown as they are: lists of values, and what is the keeper's own.
_OWN = frozenset({"done", "history", "promises", "offered", "answer", "answer_seq"})
_MOST_PROMISES = 20


class Standing(Frozen):
    """A case at one moment.

    `seq` is where it begins, `read_to` the last entry in here. `holder` has it now (`holder_id`:
    which person), `assignee` was named by somebody. `handed_*`: the newest hand-over to people,
    `replied_at` their first word since. `waiting_*`: the first word of the customer that nobody
    answered. `told_*`: when the house said that nobody is there, with which choices (`offered`);
    `answer` is the customer's. `returned_*` are about the newest return to the AI, `record` what
    was left behind with it.
    `done` names what the house has said or done about it (`<what>:<n>`, see `duties`).
    """

    seq: int
    read_to: int = 0
    owner: Owner = "ai"
    opened_at: datetime | None = None
    opened_by: str = ""
    reason: str | None = None
    language: str | None = None
    priority: str | None = None
    handed_at: datetime | None = None
    handed_seq: int = 0
    replied_at: datetime | None = None
    holder: str | None = None
    holder_id: str | None = None
    taken_at: datetime | None = None
    taken_seq: int = 0
    assignee: str | None = None
    snoozed_until: datetime | None = None
    snoozed_seq: int = 0
    first_reply_at: datetime | None = None
    first_reply_by: str | None = None
    customer_at: datetime | None = None
    customer_seq: int = 0
    human_at: datetime | None = None
    human_seq: int = 0
    waiting_since: datetime | None = None
    waiting_seq: int = 0
    waiting_text: str = ""
    promises: tuple[Promise, ...] = ()
    returned_at: datetime | None = None
    returned_seq: int = 0
    returned_by: str | None = None
    record: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    close_reason: str | None = None
    reopened: int = 0
    all_notes: bool = False
    told_at: datetime | None = None
    told_seq: int = 0
    offered: tuple[str, ...] = ()
    answer: str | None = None
    answer_seq: int = 0
    follow_up: str | None = None
    history: tuple[Deed, ...] = ()
    done: tuple[str, ...] = ()

    @property
    def is_closed(self) -> bool:
        """True once it was resolved; the conversation itself may be open again."""
        return self.closed_at is not None

    @property
    def is_free(self) -> bool:
        """True while it is people's and nobody has it."""
        return self.owner == "human" and self.holder is None

    def is_snoozed(self, now: datetime) -> bool:
        """True while it rests."""
        return self.snoozed_until is not None and now < self.snoozed_until

    def public(self) -> dict[str, Any]:
        """As JSON for the desk, without what is nobody's and what is the keeper's own."""
        shape: dict[str, Any] = {}
        for name, value in self:
            if name not in _OWN and value not in (None, ""):
                shape[name] = format_time(value) if isinstance(value, datetime) else value
        shape["promises"] = [_line(item.at, item) for item in self.promises]
        shape["history"] = [_line(item.at, item) for item in self.history]
        return shape


def standing_of(
    entries: Iterable[Entry], case: Case | None = None, *, start: int | None = None
) -> Standing:
    """The standing after these entries, oldest first. `start` is where the case begins
    (`Head.case`); if it is not given, with the first of them. Entries before it say only who waits
    for whom."""
    known = list(entries)
    first = start if start is not None else known[0].seq if known else case.seq if case else 0
    return fold_more(begin(first, case), known)


def begin(seq: int, case: Case | None = None) -> Standing:
    """A case of which nothing is read yet."""
    if case is None:
        return Standing(seq=seq)
    told = [
        Promise(
            number=number, seq=seq, at=case.opened_at, text=text, by="ai", language=case.language
        )
        for number, text in enumerate(case.promises)
    ]
    return Standing(
        seq=seq, reason=case.reason, priority=case.priority, language=case.language or None,
        promises=tuple(told[-_MOST_PROMISES:]),
    )  # fmt: skip


def fold_more(standing: Standing, entries: Iterable[Entry]) -> Standing:
    """The standing after more entries; what was read before is passed over."""
    facts = dict(standing)
    for entry in entries:
        if entry.seq > facts["read_to"]:
            facts["read_to"] = entry.seq
            take_in(facts, entry)
    return Standing.model_construct(**facts)


def _line(at: datetime, item: Frozen) -> dict[str, Any]:
    return {**item.model_dump(exclude_none=True), "at": format_time(at)}
