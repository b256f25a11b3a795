"""A company in memory: customers, orders and refunds, every write once for its key."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from core.customers.records import (
    ActionResult,
    Billing,
    Customer,
    Order,
    OrderItem,
    OrderStatus,
    Refund,
    Subject,
)
from core.errors import CustomerSystemError

_NOT_SIGNS = re.compile(r"[\W_]+")
_OPEN = frozenset({"placed", "paid"})


def order(
    number: str,
    status: OrderStatus = "paid",
    total: str = "50.00",
    *,
    carrier: str | None = None,
    tracking: str | None = None,
    expected_on: date | None = None,
) -> Order:
    """One order with the fields that matter."""
    return Order(
        number=number,
        status=status,
        placed_at=datetime(2026, 1, 2, tzinfo=UTC),
        items=(OrderItem(name="Cup", price=Decimal(total)),),
        total=Decimal(total),
        address="Old Street 1, 10000 Oldtown",
        carrier=carrier,
        tracking=tracking,
        tracking_url=f"https://track.example.com/{tracking}" if tracking else None,
        expected_on=expected_on,
    )


class FakeCustomers:
    """Implements `CustomerSystem`. Refunds above `limit` wait for a person."""

    def __init__(self, *, limit: str = "100.00") -> None:
        self.limit = Decimal(limit)
        self.broken = False
        self.acts: dict[str, ActionResult] = {}
        self.written: list[tuple[str, str]] = []
        self._orders: dict[str, list[Order]] = {}
        self._emails: dict[str, str] = {}
        self._refunds: list[Refund] = []

    def has(self, contact: str, email: str, *orders: Order) -> FakeCustomers:
        """A customer with these orders."""
        self._orders[contact] = list(orders)
        self._emails[contact] = email
        return self

    def find(self, number: str) -> Order:
        """The order as it is now, whoever has it."""
        return next(
            item for orders in self._orders.values() for item in orders if item.number == number
        )

    async def customer(self, subject: Subject) -> Customer | None:
        """See `CustomerSystem`."""
        contact = self._owner(subject)
        return None if contact is None else Customer(id=contact, name=contact)

    async def orders(self, subject: Subject, *, limit: int = 10) -> Sequence[Order]:
        """See `CustomerSystem`."""
        contact = self._owner(subject)
        return tuple(self._orders[contact][:limit]) if contact else ()

    async def billing(self, subject: Subject) -> Billing | None:
        """See `CustomerSystem`."""
        contact = self._owner(subject)
        return Billing(refunds=tuple(self._refunds)) if contact else None

    async def find_order(
        self, subject: Subject, number: str, *, email: str | None = None
    ) -> Order | None:
        """See `CustomerSystem`."""
        contact = self._owner(subject)
        if contact is not None and (found := self._find(contact, number)):
            return found
        for other, known in self._emails.items():
            if email and known == email.strip().casefold() and (found := self._find(other, number)):
                return found.model_copy(update={"items": (), "address": None, "partial": True})
        return None

    async def change_address(
        self, subject: Subject, number: str, address: str, *, key: str
    ) -> ActionResult:
        """See `CustomerSystem`."""
        return self._change(subject, number, key, "change_address", address=address)

    async def cancel_order(
        self, subject: Subject, number: str, reason: str, *, key: str
    ) -> ActionResult:
        """See `CustomerSystem`."""
        return self._change(subject, number, key, "cancel_order", status="cancelled")

    async def request_refund(
        self, subject: Subject, number: str, amount: Decimal | None, reason: str, *, key: str
    ) -> ActionResult:
        """See `CustomerSystem`."""

        def act(found: Order) -> ActionResult:
            sum_ = amount if amount is not None else found.total
            outcome = "waiting" if sum_ > self.limit else "done"
            self._refunds.append(
                Refund(
                    reference="RF-1", order=found.number, amount=sum_, status=outcome,
                    asked_at=found.placed_at,
                )
            )  # fmt: skip
            facts = {"order": found.number, "amount": f"{sum_:.2f}", "currency": found.currency}
            code = "above_limit" if outcome == "waiting" else "ok"
            reference = "AP-1" if outcome == "waiting" else "RF-1"
            return ActionResult(outcome=outcome, code=code, reference=reference, facts=facts)

        return self._once(subject, number, key, "request_refund", act)

    def _change(
        self, subject: Subject, number: str, key: str, name: str, **values: str
    ) -> ActionResult:
        def act(found: Order) -> ActionResult:
            if found.status not in _OPEN:
                facts = {"order": found.number, "status": found.status}
                return ActionResult(outcome="refused", code="already_sent", facts=facts)
            orders = self._orders[subject.contact or ""]
            orders[orders.index(found)] = found.model_copy(update=values)
            return ActionResult(outcome="done", facts={"order": found.number, **values})

        return self._once(subject, number, key, name, act)

    def _once(
        self,
        subject: Subject,
        number: str,
        key: str,
        name: str,
        act: Callable[[Order], ActionResult],
    ) -> ActionResult:
        contact = self._owner(subject)
        if key in self.acts:
            return self.acts[key]
        found = self._find(contact, number) if contact else None
        if found is None:
            return ActionResult(outcome="refused", code="no_such_order")
        self.acts[key] = act(found)
        self.written.append((name, found.number))
        return self.acts[key]

    def _find(self, contact: str, number: str) -> Order | None:
        wanted = _NOT_SIGNS.sub("", number).upper()
        for item in self._orders[contact]:
            known = _NOT_SIGNS.sub("", item.number).upper()
            if wanted in (known, known.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")):
                return item
        return None

    def _owner(self, subject: Subject) -> str | None:
        if self.broken:
            raise CustomerSystemError("the company is closed")
        return subject.contact if subject.level > 0 and subject.contact in self._orders else None
