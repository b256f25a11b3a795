"""The company's own system of customers and orders, as the house needs it.

Above: `core.specialists.tools`, `core.engine.flows`. Below: `records`. Implementation: `sql`; other
systems are reached through the same port. Every call is about the subject of a conversation: what
belongs to somebody else looks as if it did not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from core.customers.records import ActionResult, Billing, Customer, Order, Subject


class CustomerSystem(Protocol):
    """Customers, orders and money. All raise `CustomerSystemError` when it cannot be reached.

    Rights are the caller's business (who may ask what at which level); ownership is checked here.
    A write is done once for each `key`: a repeat gives the result of the first time.
    """

    async def customer(self, subject: Subject) -> Customer | None:
        """Who this is; None: no customer of ours."""
        ...

    async def orders(self, subject: Subject, *, limit: int = 10) -> Sequence[Order]:
        """Their orders, newest first."""
        ...

    async def billing(self, subject: Subject) -> Billing | None:
        """What they pay; None: no customer of ours."""
        ...

    async def find_order(
        self, subject: Subject, number: str, *, email: str | None = None
    ) -> Order | None:
        """One order of theirs by its number, however it is written. Of a customer who is not
        identified, number and e-mail of the order must match, and the order is partial."""
        ...

    async def change_address(
        self, subject: Subject, number: str, address: str, *, key: str
    ) -> ActionResult:
        """Send an order elsewhere; refused when it has left."""
        ...

    async def cancel_order(
        self, subject: Subject, number: str, reason: str, *, key: str
    ) -> ActionResult:
        """Cancel an order; refused when it has left."""
        ...

    async def request_refund(
        self, subject: Subject, number: str, amount: Decimal | None, reason: str, *, key: str
    ) -> ActionResult:
        """Give money back for an order (None: all that is left of it). Above the limits it waits
        for a person; what the order did not cost is refused."""
        ...
