"""What the house does about a case by itself, as values: acts, when they are due, what it knows.

Above: `duties`, `presence`, the keeper. Below: `core.messages`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.escalation.standing import Standing
from core.messages import ControlAction, Frozen


class Line(Frozen):
    """A sentence of the house (`config/phrases`), with what is filled into it."""

    key: str
    fields: dict[str, str] = Field(default_factory=dict[str, str])


class Choice(Frozen):
    """A button under a message; its label is a sentence of the house."""

    value: str
    label: Line


class Act(Frozen):
    """One entry that the house writes. `what` and `number` name it within its case, so that it is
    written once however often it is tried. A note has `text` (for people, in English), a message
    has `lines` and `choices` (for the customer, in their language)."""

    what: str
    number: int
    kind: Literal["note", "message", "control"]
    text: str = ""
    lines: tuple[Line, ...] = ()
    choices: tuple[Choice, ...] = ()
    action: ControlAction | None = None
    reason: str | None = None
    value: str | None = None

    @property
    def mark(self) -> str:
        """How `Standing.done` names it."""
        return f"{self.what}:{self.number}"


class Due(Frozen):
    """Acts that belong together, and when they are due. The last one shows that all were done:
    whoever finds it missing does all of them again, which changes nothing."""

    at: datetime
    acts: tuple[Act, ...]


class Around(Frozen):
    """What the house knows beside the case. `people`: how many are on duty (None: nobody keeps
    that list); `reply_seconds`: how long first replies took lately (None: unknown); `language`:
    what the customer reads; `email`: their address, if the house has it; `offers_email`: whether
    it can write there at all."""

    now: datetime
    people: int | None = None
    reply_seconds: float | None = None
    channel: str = ""
    language: str = "en"
    email: str | None = None
    offers_email: bool = False


class Plan(Frozen):
    """What is due now, and when to look again (None: when something is said)."""

    acts: tuple[Act, ...] = ()
    next: datetime | None = None


def is_done(standing: Standing, due: Due) -> bool:
    """True if its last act stands in the log."""
    return due.acts[-1].mark in standing.done
