"""Drafts beside people: which one counts now, and which message of a person sent which draft.

Above: the desks, `core.engine.drafting`, `core.learning.measure`. Below: `core.messages`. Pure.

A draft (entry kind `draft`) is a suggestion of the AI to the person who has the conversation. It
answers the customer's words up to `in_reply_to`. Newer words of the customer, a reply of a person,
another draft, or the end of the person's turn make it obsolete; the order of the log says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.messages import Entry

_SENT = ":draft:"
_ENDS = frozenset({"release", "close"})


def sent_draft_id(event: str) -> str | None:
    """The entry id of the draft that this message sent (`DeskActs.send_draft` names it so)."""
    _, found, draft = event.partition(_SENT)
    return draft if found and draft else None


def current_draft(entries: Iterable[Entry]) -> Entry | None:
    """The draft that a person could send now; None if there is none any more."""
    draft: Entry | None = None
    for entry in entries:
        if entry.kind == "draft":
            draft = entry
        elif draft is not None and makes_obsolete(entry, draft):
            draft = None
    return draft


def makes_obsolete(entry: Entry, draft: Entry) -> bool:
    """True if a draft before this entry is a thing of the past behind it."""
    if entry.kind == "message":
        return entry.author.role in {"customer", "human_agent", "ai"}
    if entry.action == "discard":
        return entry.value == draft.id
    if entry.action in {"edit", "delete"} and entry.author.role == "customer":
        return True  # the words it answers read otherwise by now
    return entry.action in _ENDS


def unanswered_words(entries: Sequence[Entry]) -> list[Entry]:
    """The customer's messages since the last answer that anybody gave them, in order. Words that
    only announce a person, or a notice of the house, are no answer."""
    waiting: list[Entry] = []
    for place, entry in enumerate(entries):
        if entry.kind != "message":
            continue
        if entry.author.role == "customer":
            waiting.append(entry)
        elif entry.author.role == "human_agent" or (
            entry.author.role == "ai" and not _announces(entries, place)
        ):
            waiting.clear()
    return waiting


def _announces(entries: Sequence[Entry], place: int) -> bool:
    """An AI word with a hand-over to people right behind it."""
    behind = entries[place + 1 : place + 2]
    return any(entry.action == "escalate" for entry in behind)
