"""How it was: the marks that customers give, by a button of any channel.

Above: ingress, `core.engine.returned`. Below: `core.messages`. Pure.
"""

from __future__ import annotations

import re

from core.messages import InboundEvent

# Values of the survey's buttons, and the reason of the message that asks.
RATE = "rate:"
SURVEY = "survey"
_MARK = re.compile(rf"{RATE}([1-5])\Z")


def as_rating(event: InboundEvent) -> InboundEvent:
    """A pressed mark as the act `rate`: it is kept, and opens nothing that was closed. Any other
    event as it is."""
    if event.action != "button" or event.author.role != "customer":
        return event
    found = _MARK.match(event.value or "")
    return event.model_copy(update={"action": "rate", "value": found[1]}) if found else event
