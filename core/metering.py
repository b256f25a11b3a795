"""What the use of language models is counted in, and the counters that all workers share.

Above: `core.specialists.budget`. Below: the vocabulary. Implementation: `core.bus.budgets`.
"""

from __future__ import annotations

from typing import Literal, Protocol

from core.messages import Frozen

# `visitor`: the hour of somebody who is not proved to be anybody.
Purse = Literal["turn", "conversation", "visitor", "contact_hour", "day"]


class Amount(Frozen):
    """Tokens, and money in whatever currency the prices are."""

    tokens: int = 0
    money: float = 0.0


class Used(Frozen):
    """What a contact has cost in this hour, and everybody on this day."""

    hour: Amount = Amount()
    day: Amount = Amount()


class Meters(Protocol):
    """Counters that all workers share; each has a limit and ends by itself."""

    async def reserve(
        self, contact: str, amount: Amount, *, hour: Amount, day: Amount
    ) -> Purse | None:
        """Add `amount` to the contact's hour and to the day, if both stay within their limits (a
        limit of 0 is none); else nothing is added, and the full purse is named."""
        ...

    async def settle(self, contact: str, difference: Amount) -> None:
        """Correct what was reserved by what was used."""
        ...

    async def used(self, contact: str) -> Used:
        """What is counted now."""
        ...


class NoMeters:
    """For a process on its own, and for tests: nothing is counted beyond the conversation."""

    async def reserve(
        self, contact: str, amount: Amount, *, hour: Amount, day: Amount
    ) -> Purse | None:
        """See `Meters`."""
        return None

    async def settle(self, contact: str, difference: Amount) -> None:
        """See `Meters`."""

    async def used(self, contact: str) -> Used:
        """See `Meters`."""
        return Used()
