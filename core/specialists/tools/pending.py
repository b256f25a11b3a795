"""A write that waits for the customer's yes: the exact call, kept in the state of the engine.

Above: `base`, `toolbox`, `core.engine.acts`, flows. Below: the vocabulary.

The call that the customer was asked about is the one that runs, word for word: no model is asked
again in between.
"""

from __future__ import annotations

from hashlib import blake2s
from typing import Any

from pydantic import Field

from core.messages import Frozen

CONFIRM = "confirm:"
_NO = ":no"


class PendingCall(Frozen):
    """`facts` are what the question tells (order, amount, currency, address); `asked_at` is the
    sequence that the asking turn answered up to; `key` is the idempotency key of the call."""

    id: str
    tool: str
    arguments: dict[str, Any]
    facts: dict[str, str] = Field(default_factory=dict[str, str])
    key: str
    asked_at: int

    @property
    def yes(self) -> str:
        """Value of the button that confirms."""
        return f"{CONFIRM}{self.id}"

    @property
    def no(self) -> str:
        """Value of the button that drops it."""
        return f"{CONFIRM}{self.id}{_NO}"


def new_pending(
    tool: str, arguments: dict[str, Any], facts: dict[str, str], *, key: str, asked_at: int
) -> PendingCall:
    """The call, under an id that a repeat of the turn gives it again."""
    identifier = blake2s(key.encode(), digest_size=6).hexdigest()
    return PendingCall(
        id=identifier, tool=tool, arguments=arguments, facts=facts, key=key, asked_at=asked_at
    )
