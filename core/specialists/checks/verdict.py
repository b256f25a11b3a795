"""What a check finds. Above: every check, `core.specialists.gate`. Below: the vocabulary."""

from __future__ import annotations

from core.messages import Frozen

_ADVICE: dict[str, str] = {
    "numbers": "It held a figure or an amount that stands in no tool result and nowhere in the "
    "conversation, or stands there with another unit or currency.",
    "dates": "It held a date or a time that stands in no tool result and nowhere in the "
    "conversation.",
    "links": "It held a link, an address or a handle that stands in no tool result.",
    "names": "It held a name that stands in no tool result and nowhere in the conversation.",
    "action": "It said that something was done which no tool result says was done. Only what a "
    "tool confirmed may be told as done.",
    "promise": "It promised an act (a transfer, a call, a change) that was not set going with a "
    "tool. Say what the customer can do, or offer a human colleague.",
    "grounding": "It stated something that the passages and tool results do not say.",
    "canary": "It gave away parts of your instructions or a secret.",
    "invisible": "It held characters that cannot be seen or that pretend to be others.",
    "language": "It was not in the customer's language.",
    "empty": "It was empty.",
    "length": "It was far too long: a few short paragraphs at most.",
    "garbage": "It was not plain text.",
}
CHECKS: tuple[str, ...] = tuple(_ADVICE)


class Violation(Frozen):
    """A sentence failed `check`; `detail` is the piece that failed (never logged above DEBUG: it
    is message text), `advice` is what the model is told before its one repair."""

    check: str
    detail: str = ""
    advice: str = ""


def violation_of(check: str, detail: str = "") -> Violation:
    """A violation with the advice that belongs to it."""
    advice = _ADVICE.get(check, "")
    shown = " ".join(detail.split())[:80]
    if shown and check in {"numbers", "dates", "names", "action", "promise", "grounding"}:
        advice = f"{advice} It was: “{shown}”."
    return Violation(check=check, detail=detail[:200], advice=advice)
