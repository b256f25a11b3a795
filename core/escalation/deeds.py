"""Pieces of a case's standing: one line of its history, one promise.

Above: `standing`, `folding`. Below: `core.messages`.
"""

from __future__ import annotations

from datetime import datetime

from core.messages import Frozen


class Deed(Frozen):
    """One line of the case's history: what was done, by whom (`by` as people read it, `who` as the
    log knows them) and when."""

    seq: int
    at: datetime
    what: str
    by: str = ""
    who: str | None = None
    value: str | None = None
    reason: str | None = None


class Promise(Frozen):
    """What the customer was told to expect, in the words of `by`. `number` names it for good."""

    number: int
    seq: int
    at: datetime
    text: str
    by: str = ""
    language: str | None = None
