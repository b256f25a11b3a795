"""The tools that bring in a human. Above: `toolbox`. Below: `base`."""

from __future__ import annotations

import json

from pydantic import Field

from core.specialists.tools.base import Arguments, Bench, Risk, Wish


class ReasonArguments(Arguments):
    """Arguments of the tools that bring in a human."""

    reason: str = Field(default="", description="Why, in one short sentence.")


class OfferHuman:
    """Offer the customer a human, and leave the choice to them."""

    name = "offer_human"
    description = "Offer the customer to talk to a human colleague. They see a button to accept."
    arguments = ReasonArguments
    level = 0
    risk: Risk = "note"

    async def run(self, arguments: ReasonArguments, bench: Bench, *, key: str) -> str:
        """Note the wish; the turn adds the offer to the answer."""
        bench.wish = bench.wish or Wish(kind="offer", reason=arguments.reason[:200])
        return json.dumps({"ok": True, "note": "The offer is shown under your answer."})


class EscalateNow:
    """Hand the conversation to a human."""

    name = "escalate"
    description = (
        "Hand the conversation over to a human colleague now: the customer asks for one, or the "
        "matter is beyond you."
    )
    arguments = ReasonArguments
    level = 0
    risk: Risk = "note"

    async def run(self, arguments: ReasonArguments, bench: Bench, *, key: str) -> str:
        """Note the wish; the turn hands over when it is committed."""
        bench.wish = Wish(kind="escalate", reason=arguments.reason[:200])
        return json.dumps({"ok": True, "note": "A human takes over after your answer."})
