"""What a person of the desk means with a line: words for the customer, or a note that stays inside.

Above: the desks where people type both in one place (Slack, the console's command line). Below:
`core.tickets.opening`. Pure. A line says so itself by what stands before it, in any of the desk's
languages; one that says nothing is meant as the case's mode has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from core.tickets.opening import MARKS

Kind = Literal["message", "note"]
_NOTE = (
    "note", "internal", "private", "nota", "interno", "notiz", "intern", "poznámka", "poznamka",
    "interně", "interne", "пометка", "заметка", "внутри", "внутреннее",
)  # fmt: skip
# Verbs only: "Answer: yes" is a way to write to a customer.
_REPLY = (
    "reply", "send", "responder", "enviar", "antworten", "senden", "odpovědět", "odpovedet",
    "odeslat", "ответить", "отправить",
)  # fmt: skip
# A mark may stand between stars or underscores: people write it bold.
# A note that opens a ticket keeps its mark, in one form: the log is read for it.
_TICKET = re.compile(
    rf"[\s*_~`>]{{0,9}}(?:{'|'.join(MARKS)})[*_~`]{{0,3}}\s{{0,3}}[:：](?:[*_~`]{{1,3}}(?=\s|$))?\s*",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    rf"[\s*_~`>]{{0,9}}(?:(?P<note>{'|'.join(_NOTE)})|(?P<reply>{'|'.join(_REPLY)}))"
    r"[*_~`]{0,3}\s{0,3}[:：](?:[*_~`]{1,3}(?=\s|$))?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Words:
    """`said` is what the line itself says it is; None where it says nothing."""

    text: str
    said: Kind | None = None

    def kind(self, *, all_notes: bool) -> Kind:
        """What it is in a case of which all plain words stay inside, or go out."""
        return self.said or ("note" if all_notes else "message")


def read_words(line: str) -> Words:
    """A line without its prefix, and what the prefix says."""
    if (ticket := _TICKET.match(line)) is not None:
        return Words(f"ticket: {line[ticket.end() :].strip()}", "note")
    match = _PREFIX.match(line)
    if match is None:
        return Words(line.strip())
    return Words(line[match.end() :].strip(), "note" if match["note"] else "message")
