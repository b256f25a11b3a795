"""The last entries of a conversation as the words a model is shown.

Above: the turn. Below: `core.messages`, `core.specialists.history`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.messages import Entry
from core.specialists.history import Said, merge_said

WINDOW = 50
_LONGEST = 4000


def window_of(entries: Sequence[Entry], *, limit: int = WINDOW) -> tuple[Said, ...]:
    """The last `limit` entries, oldest first; what the customer never saw is left out."""
    said = (_said(entry, entries) for entry in entries[-limit:])
    return merge_said([item for item in said if item is not None])


def button_label(value: str, entries: Iterable[Entry]) -> str | None:
    """The words on the button with this value, if one of `entries` showed it."""
    for entry in reversed(list(entries)):
        for part in entry.parts:
            for button in part.buttons:
                if button.value == value:
                    return button.label
    return None


def _said(entry: Entry, entries: Sequence[Entry]) -> Said | None:
    if entry.kind == "control":
        if entry.action != "button" or entry.author.role != "customer":
            return None
        label = button_label(entry.value or "", entries) or entry.text
        return Said(role="customer", text=label) if label else None
    if entry.kind != "message" or not entry.text.strip():
        return None
    text = entry.text[:_LONGEST]
    if entry.author.role == "customer":
        return Said(role="customer", text=text)
    if entry.author.role == "human_agent":
        return Said(role="assistant", text=f"(a human colleague) {text}")
    return Said(role="assistant", text=text)
