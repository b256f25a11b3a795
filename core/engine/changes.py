"""A claim as it reads after the customer's edits and removals: the turn sees the words that stand.

Above: the turn, `echo`. Below: `core.changes`. Pure.

- Edited before it was answered: the message stands in its new words, and is answered once.
- Edited afterwards: if the words really differ, the message moves to where it was edited, and is
  answered there anew; else it stays, in its new spelling.
- Removed: nothing of it stays in the claim. The log keeps both.

What people of the company changed of their own messages stands in the new words, where it was.
"""

from __future__ import annotations

from core.changes import MarkDealt, is_act, read_places
from core.conversation import Claim
from core.ids import seen_of_reply
from core.messages import CHANGES, Entry


def with_changes(claim: Claim) -> Claim:
    """The claim in the words that stand now; its sequences stay, whatever becomes of an entry."""
    if not any(is_act(entry) for entry in (*claim.history, *claim.entries)):
        return claim
    shown = (*claim.history, *claim.entries)
    changed = read_places(shown, _dealt_with(claim, shown))
    entries = tuple(changed[entry.seq] for entry in claim.entries)
    history = tuple(changed[entry.seq] for entry in claim.history)
    return claim.model_copy(update={"entries": entries, "history": history})


def has_new_changes(claim: Claim) -> bool:
    """True if the claim brings an edit or a removal."""
    return any(is_change(entry) for entry in claim.entries)


def is_change(entry: Entry) -> bool:
    """True if it is the customer's act on a message of theirs."""
    return entry.author.role == "customer" and entry.action in CHANGES


def _dealt_with(claim: Claim, shown: tuple[Entry, ...]) -> MarkDealt:
    """Tells whether somebody had dealt with what stood at `place` before `at` was said."""
    replies = [(entry.seq, seen) for entry in shown if (seen := _answers_up_to(entry)) is not None]
    first = claim.entries[0].seq if claim.entries else 0

    def dealt(place: int, at: int) -> bool:
        if place < first <= at:
            return True  # the turn that read it is over, whatever came of it
        return any(place <= seen < at for _, seen in replies)

    return dealt


def _answers_up_to(entry: Entry) -> int | None:
    """The last sequence that the author of an answer had read."""
    if entry.kind != "message" or entry.author.role == "customer":
        return None
    if entry.author.role == "human_agent":
        return entry.seq - 1
    return seen_of_reply(entry.id)
