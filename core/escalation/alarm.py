"""What a message sounds like to the trained ear: the likeliest reason to call a person.

Above: `policy`, the engine's alarms (which fill it in). Below: nothing. Pure.
"""

from __future__ import annotations

from pydantic import Field

from core.messages import Frozen


class Alarm(Frozen):
    """Probabilities of one text: `now` that a person must take over (`reason` is the likeliest
    why), `offer` that one should be offered (`offer_reason`), `wish` that one is asked for.
    `cut` is where `now` begins, in the language of the text; `text` is what was listened to,
    `shares` are the parts of `now` by reason."""

    reason: str
    now: float
    wish: float = 0.0
    offer_reason: str = ""
    offer: float = 0.0
    cut: float = 0.5
    text: str = ""
    shares: dict[str, float] = Field(default_factory=dict[str, float])

    @property
    def rings(self) -> bool:
        """Sure enough by itself."""
        return self.now >= self.cut
