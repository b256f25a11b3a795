"""A note of the desk that opens a ticket: `ticket: The grinder smokes`, the rest of it below.

Above: `following`, `channels.desk_words`. Below: `numbers`. Pure. The note stands in the log, so
the ticket is opened from there, once, in whatever desk it was written.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from core.tickets.numbers import number_of

# How people of the five languages call one.
MARKS = ("ticket", "tiket", "tíquet", "тикет", "заявка")
_OPENING = re.compile(
    rf"\s*(?:{'|'.join(MARKS)})\s{{0,3}}[:：]\s*(\S.*)\Z", re.IGNORECASE | re.DOTALL
)
_LONGEST_SUBJECT = 200


class Opening(NamedTuple):
    """What the ticket is opened with."""

    subject: str
    body: str


def read_opening(text: str) -> Opening | None:
    """None: the note opens nothing."""
    match = _OPENING.match(text)
    return split_subject(match[1]) if match else None


def split_subject(text: str) -> Opening:
    """The first line, and the rest; a long first line is the text as well."""
    subject, _, rest = text.strip().partition("\n")
    body = rest.strip() if len(subject) <= _LONGEST_SUBJECT else text.strip()
    return Opening(" ".join(subject.split())[:_LONGEST_SUBJECT], body)


def key_of_note(entry: str) -> str:
    """Of the ticket that a note opens."""
    return f"desk:{entry}"


def number_of_note(entry: str) -> str:
    """The number that it will have."""
    return number_of(key_of_note(entry))
