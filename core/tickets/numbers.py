"""The number of a ticket, as people read it out: `T-7Q2MX9KD`.

Above: `writing`, the desk in Slack. Below: `core.ids`. Pure. It is derived from the key, so a
repeat names the ticket of the first time. It gives no access: who may see a ticket is never asked
of it.
"""

from __future__ import annotations

import re

from core.ids import derived_number

# Two keys share a number once in a million million; the second then takes its next one.
MOST_NUMBERS = 4
_LIKE_ONE = re.compile(r"[A-Z0-9-]{1,40}\Z", re.ASCII)
_NUMBER = re.compile(r"T-[2-9A-HJ-NP-Z]{8}\Z")


def number_of(key: str, again: int = 0) -> str:
    """The number of the ticket of this key; `again`: that one was another's."""
    return derived_number("T", f"{key}#{again}" if again else key)


def read_number(text: str) -> str:
    """A number as it was typed, in the form in which it is kept; empty for what is none."""
    found = text.strip().lstrip("#").upper()
    return found if _LIKE_ONE.match(found) else ""


def is_number(text: str) -> bool:
    """True if it looks like one."""
    return _NUMBER.match(read_number(text)) is not None
