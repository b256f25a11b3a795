"""Values of buttons on platforms that carry only short ones. Pure.

Above: adapters, which send `short_value`; `core.engine.asked`, which reads `full_value`. Below:
`messages`. The short form is derived from the value, so nothing is kept: the buttons that the
conversation has shown say what it stands for.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2s

from core.messages import Entry

# A button that chooses a language; the tag follows.
LANGUAGE = "language:"
_MARK = "~"
_BYTES = 16


def short_value(value: str, most_bytes: int) -> str:
    """The value itself where it fits, else a mark of it (33 bytes)."""
    fits = len(value.encode()) <= most_bytes and not value.startswith(_MARK)
    return value if fits else _mark_of(value)


def full_value(value: str, entries: Iterable[Entry]) -> str:
    """What was pressed, by the buttons that these entries showed."""
    if not value.startswith(_MARK):
        return value
    for entry in entries:
        for row in entry.parts:
            for button in row.buttons:
                if _mark_of(button.value) == value:
                    return button.value
    return value


def _mark_of(value: str) -> str:
    return _MARK + blake2s(value.encode(), digest_size=_BYTES).hexdigest()
