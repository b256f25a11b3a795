"""A CRM over HTTP as the house's customer system.

Above: the composition root. Below: `client`, `wire`. Reading is the CRM's; a change of an order or
money is not ours to make there, so it becomes a ticket in the CRM, which its people carry out.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import quote

from core.conversation import BARE_CLAIM
from core.customers.crm.client import CrmClient
from core.customers.crm.wire import listed, read_billing, read_customer, read_orders
from core.customers.orders import canonical, digits_of, fold_email, only_status
from core.customers.records import ActionResult, Billing, Customer, Order, Subject
from core.errors import CustomerSystemError

_MOST_ORDERS = 50
_BEFORE_PACKING = frozenset({"placed", "paid"})
_PAID = frozenset({"paid", "packed", "shipped", "delivered", "returned"})


class CrmCustomers:
    """Implements `CustomerSystem`."""

    def __init__(self, client: CrmClient) -> None:
        self._client = client

    async def customer(self, subject: Subject) -> Customer | None:
        """See `CustomerSystem`. Who is not proved is nobody."""
        if subject.contact is None or subject.level <= BARE_CLAIM:
            return None
        if "@" in subject.contact:
            return await self._by_email(subject.contact.removeprefix("email:"))
        identifier = subject.contact
        found = await self._client.get(f"/customers/{quote(identifier, safe='')}")
        return None if found is None else self._checked(read_customer(found, identifier=identifier))

    async def orders(self, subject: Subject, *, limit: int = 10) -> Sequence[Order]:
        """See `CustomerSystem`."""
        owner = await self.customer(subject)
        if owner is None:
            return ()
        return (await self._orders_of(owner))[: max(1, min(limit, _MOST_ORDERS))]

    async def billing(self, subject: Subject) -> Billing | None:
        """See `CustomerSystem`."""
        owner = await self.customer(subject)
        if owner is None:
            return None
        found = await self._client.get(f"/customers/{quote(owner.id, safe='')}/billing")
        return Billing() if found is None else read_billing(found, owner=owner.id) or Billing()

    async def find_order(
        self, subject: Subject, number: str, *, email: str | None = None
    ) -> Order | None:
        """See `CustomerSystem`."""
        owner = await self.customer(subject)
        if owner is not None:
            mine = _choose(await self._orders_of(owner), number)
            if mine is not None:
                return mine
        if not email or not email.strip():
            return None
        named = await self._by_email(email)
        found = _choose(await self._orders_of(named), number) if named else None
        return None if found is None else only_status(found)

    async def change_address(
        self, subject: Subject, number: str, address: str, *, key: str
    ) -> ActionResult:
        """See `CustomerSystem`."""
        address = " ".join(address.split())[:300]
        return await self._change(subject, number, "Change of address", {"address": address}, key)

    async def cancel_order(
        self, subject: Subject, number: str, reason: str, *, key: str
    ) -> ActionResult:
        """See `CustomerSystem`."""
        return await self._change(subject, number, "Cancellation", {"reason": reason[:500]}, key)

    async def request_refund(
        self, subject: Subject, number: str, amount: Decimal | None, reason: str, *, key: str
    ) -> ActionResult:
        """See `CustomerSystem`."""
        order = await self._mine(subject, number)
        if order is None:
            return _refused("no_such_order")
        if order.status not in _PAID:
            return _refused("not_paid", order=order.number)
        wanted = order.total if amount is None else amount
        if not wanted.is_finite() or not 0 < wanted <= order.total:
            return _refused("above_total", order=order.number)
        facts = {"order": order.number, "amount": f"{wanted:.2f}", "currency": order.currency}
        return await self._pass_on(subject, "Refund", facts | {"reason": reason[:500]}, key)

    async def _change(
        self, subject: Subject, number: str, about: str, facts: dict[str, str], key: str
    ) -> ActionResult:
        """Of an order that has not been packed."""
        order = await self._mine(subject, number)
        if order is None:
            return _refused("no_such_order")
        if (late := _late(order)) is not None:
            return late
        return await self._pass_on(subject, about, {"order": order.number, **facts}, key)

    async def _mine(self, subject: Subject, number: str) -> Order | None:
        owner = await self.customer(subject)
        return _choose(await self._orders_of(owner), number) if owner else None

    async def _by_email(self, email: str) -> Customer | None:
        """Whoever has this address; a shared one belongs to nobody for sure."""
        wanted = fold_email(email)
        found = await self._client.get("/customers", email=wanted)
        read = [read_customer(item) for item in listed(found, "customers")]
        theirs = [item for item in read if item and fold_email(item.email or "") == wanted]
        return theirs[0] if len(theirs) == 1 else None

    async def _orders_of(self, owner: Customer) -> tuple[Order, ...]:
        found = await self._client.get(f"/customers/{quote(owner.id, safe='')}/orders")
        return read_orders(found, owner=owner.id)

    async def _pass_on(
        self, subject: Subject, about: str, facts: dict[str, str], key: str
    ) -> ActionResult:
        """A ticket in the CRM: its people do it, and until then nothing is done."""
        owner = await self.customer(subject)
        body = {
            "customer": owner.id if owner else None,
            "subject": f"{about}: {facts['order']}",
            "body": "\n".join(f"{name}: {value}" for name, value in facts.items() if value),
            "conversation": subject.conversation,
            "priority": "medium",
        }
        made = await self._client.post("/tickets", body, key=key)
        number = made.get("number") or made.get("id") if isinstance(made, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if not isinstance(number, str | int):
            raise CustomerSystemError("the CRM did not say which ticket it made")
        facts = {name: value for name, value in facts.items() if name != "reason"}
        return ActionResult(outcome="waiting", code="passed_on", reference=str(number), facts=facts)

    @staticmethod
    def _checked(found: Customer | None) -> Customer:
        """A CRM that gives another customer than was asked for is not to be believed."""
        if found is None:
            raise CustomerSystemError("the CRM sent another customer than was asked for")
        return found


def _choose(orders: Sequence[Order], number: str) -> Order | None:
    """The order that is meant, however its number is written."""
    wanted = canonical(number)
    exact = [order for order in orders if canonical(order.number) == wanted]
    if exact or not wanted.isdigit():
        return exact[0] if exact else None
    loose = [order for order in orders if digits_of(order.number) == wanted]
    return loose[0] if len(loose) == 1 else None


def _late(order: Order) -> ActionResult | None:
    if order.status in _BEFORE_PACKING:
        return None
    code = "already_cancelled" if order.status == "cancelled" else "already_sent"
    return _refused(code, order=order.number, status=order.status)


def _refused(code: str, **facts: str) -> ActionResult:
    return ActionResult(outcome="refused", code=code, facts=facts)
