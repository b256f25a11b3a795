"""What a turn decides: values, not exceptions.

Above: engine. Below: `messages`.
"""

from __future__ import annotations

from core.messages import Buttons, Citation, Frozen


class Reply(Frozen):
    """Say this to the customer."""

    text: str
    citations: tuple[Citation, ...] = ()
    parts: tuple[Buttons, ...] = ()
    specialist: str | None = None
    reason: str | None = None


class Offer(Frozen):
    """Say this, and offer a human."""

    text: str
    citations: tuple[Citation, ...] = ()
    parts: tuple[Buttons, ...] = ()
    reason: str = "cannot_know"
    specialist: str | None = None


class Escalate(Frozen):
    """Hand the conversation to a human, telling the customer `text`."""

    text: str
    reason: str
    rule: str = ""
    span: str = ""


class Silence(Frozen):
    """Say nothing: a human owns the conversation, or nothing was asked."""

    reason: str


Outcome = Reply | Offer | Escalate | Silence
