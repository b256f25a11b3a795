"""The last entries of a conversation as the words a model is shown.

Above: the turn. Below: `core.messages`, `core.specialists.history`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from core.choices import full_value
from core.localise import write_size
from core.messages import Attachment, Entry
from core.specialists.history import Said, merge_said

WINDOW = 50
_LONGEST = 4000
_MOST_FILES = 10
_GIVEN_BACK = "(a human colleague has dealt with it and given the conversation back)"
_BRACKETS = re.compile(r"[\[\]<>\x00-\x1f]")


def window_of(entries: Sequence[Entry], *, limit: int = WINDOW, after: int = 0) -> tuple[Said, ...]:
    """The last `limit` entries, oldest first; what the customer never saw is left out. What the
    summary has taken in (up to `after`) is left to it."""
    shown = [entry for entry in entries[-limit:] if entry.seq > after]
    said = (_said(entry, entries) for entry in shown)
    return merge_said([item for item in said if item is not None])


def button_label(value: str, entries: Iterable[Entry]) -> str | None:
    """The words on the button with this value, if one of `entries` showed it."""
    shown = list(entries)
    value = full_value(value, shown)
    for entry in reversed(shown):
        for part in entry.parts:
            for button in part.buttons:
                if button.value == value:
                    return button.label
    return None


def list_files(files: Iterable[Attachment]) -> list[str]:
    """A line for each file, as data: `[file: scan.pdf, application/pdf, 120 kB]`."""
    lines: list[str] = []
    for file in list(files)[:_MOST_FILES]:
        name = _BRACKETS.sub("_", " ".join(file.name.split()))[:80]
        kind = _BRACKETS.sub("_", file.media_type)[:60]
        size = f", {write_size(file.size, 'en')}" if file.size >= 0 else ""
        lines.append(f"[file: {name}, {kind}{size}]")
    return lines


def _said(entry: Entry, entries: Sequence[Entry]) -> Said | None:
    if entry.kind == "control":
        if entry.action == "release":
            return Said(role="assistant", text=_GIVEN_BACK)
        if entry.action != "button" or entry.author.role != "customer":
            return None
        label = button_label(entry.value or "", entries) or entry.text
        return Said(role="customer", text=label) if label else None
    if entry.kind != "message" or not (entry.text.strip() or entry.attachments):
        return None
    text = "\n".join(
        (*((entry.text[:_LONGEST],) if entry.text.strip() else ()), *list_files(entry.attachments))
    )
    if entry.author.role == "customer":
        return Said(role="customer", text=f"(edited) {text}" if entry.edited else text)
    if entry.author.role == "human_agent":
        return Said(role="assistant", text=f"(a human colleague) {text}")
    return Said(role="assistant", text=text)
