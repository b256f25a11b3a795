"""What a turn did that can no longer be said, because a person took the conversation over.

Above: the turn. Below: `core.specialists.journal`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.conversation import Claim
from core.ids import reply_entry_id
from core.messages import Author, EntryBody
from core.specialists.journal import Intent, Record, Round, acted_up_to
from core.specialists.tools.base import ToolRecord

_LONGEST = 1500


def notes_of_acts(claim: Claim, past: Sequence[Record]) -> tuple[EntryBody, ...]:
    """A note for the people at the desk about calls that had acted before they took over, or may
    have: the customer was told nothing of it."""
    if acted_up_to(past) is None:
        return ()
    lines = [*_done(past), *_begun(past)]
    if not lines:
        return ()
    return (
        EntryBody(
            id=reply_entry_id(claim.conversation, claim.seen),
            kind="note",
            author=Author(role="system", name="engine"),
            text="\n".join(lines)[:_LONGEST],
            reason="acted_before_take_over",
        ),
    )


def _done(past: Sequence[Record]) -> Iterator[str]:
    for record in past:
        if isinstance(record, Round) and record.left.acted:
            yield from (
                f"Done: {_call(item)} → {item.result}" for item in record.records if item.ok
            )


def _begun(past: Sequence[Record]) -> Iterator[str]:
    """Intents whose round was never recorded: nobody knows whether they took effect."""
    settled = {(record.seen, record.step) for record in past if isinstance(record, Round)}
    for record in past:
        if isinstance(record, Intent) and (record.seen, record.step) not in settled:
            yield from (
                f"Begun, may have taken effect: {call.name} {call.arguments}"
                for call in record.calls
            )


def _call(item: ToolRecord) -> str:
    given = ", ".join(f"{name}={value}" for name, value in item.arguments.items())
    return f"{item.name}({given})"
