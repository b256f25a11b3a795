"""The tools that read the customer's own data. Above: `toolbox`. Below: `core.customers.ports`.

Whose data: the subject of the conversation. No argument names a customer, so none can be named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from core.customers.ports import CustomerSystem
from core.customers.records import Order
from core.specialists.tools.base import Arguments, Bench, Risk, error_result
from core.specialists.tools.results import (
    NO_CUSTOMER,
    NO_SUCH_ORDER,
    fields_of,
    give,
    needs_identification,
)

_MOST_ORDERS = 10
_MOST_MISSES = 5
_SHORT = ("number", "status", "placed_at", "total", "currency", "expected_on")
_STATUS = ("number", "status", "placed_at", "carrier", "expected_on")
_LONG = (*_SHORT, "items", "address", "carrier", "tracking", "tracking_url")


class NoArguments(Arguments):
    """Arguments of tools that take none."""


class OrdersArguments(Arguments):
    """Arguments of `get_orders`."""

    number: str | None = Field(
        default=None, max_length=60, description="One order's number; leave out for the list."
    )
    email: str | None = Field(
        default=None,
        max_length=200,
        description="The e-mail address the order was placed with, as the customer gave it. Only "
        "for a customer who is not identified, together with the number.",
    )


class GetCustomer:
    """Who the customer is."""

    name = "get_customer"
    description = "Who this customer is: name, e-mail, phone, tier, language, address."
    arguments = NoArguments
    risk: Risk = "read"

    def __init__(self, customers: CustomerSystem, *, level: int = 1) -> None:
        self._customers = customers
        self.level = level

    async def run(self, arguments: NoArguments, bench: Bench, *, key: str) -> str:
        """Their master data; the id stays inside."""
        found = await self._customers.customer(bench.subject)
        if found is None:
            return NO_CUSTOMER
        names = ("name", "email", "phone", "tier", "language", "address")
        return give({"customer": fields_of(found, *names)})


class GetOrders:
    """The customer's orders."""

    name = "get_orders"
    description = (
        "This customer's orders, newest first; with a number, one order with items, address and "
        "tracking. A customer who is not identified gives order number and e-mail address, and "
        "gets the status only."
    )
    arguments = OrdersArguments
    level = 0  # it asks for `full_level` itself unless number and e-mail are given
    risk: Risk = "read"

    def __init__(self, customers: CustomerSystem, *, full_level: int = 1) -> None:
        self._customers = customers
        self._full_level = full_level

    async def run(self, arguments: OrdersArguments, bench: Bench, *, key: str) -> str:
        """The list, or one order."""
        identified = bench.subject.level >= self._full_level
        if arguments.number is None:
            return await self._list(bench) if identified else self._refuse(bench)
        if identified:
            email = arguments.email
            order = await self._customers.find_order(bench.subject, arguments.number, email=email)
            return NO_SUCH_ORDER if order is None else give({"order": show_order(order)}, None)
        return await self._identify(arguments, bench)

    async def _identify(self, arguments: OrdersArguments, bench: Bench) -> str:
        """By number and e-mail; tries that fail are counted, and there are not many of them."""
        if not arguments.email or arguments.number is None:
            return self._refuse(bench)
        if bench.misses >= _MOST_MISSES:
            return error_result("too many wrong combinations: offer a human")
        order = await self._customers.find_order(
            bench.subject, arguments.number, email=arguments.email
        )
        if order is None:
            bench.misses += 1
            return error_result("no order with this number and this e-mail address")
        return give({"order": fields_of(order, *_STATUS), "partial": True})

    async def _list(self, bench: Bench) -> str:
        found = await self._customers.orders(bench.subject, limit=_MOST_ORDERS)
        return give({"orders": [show_order(order, _SHORT) for order in found]}, "orders")

    def _refuse(self, bench: Bench) -> str:
        return needs_identification(self._full_level, bench.subject)


class GetBilling:
    """What the customer pays."""

    name = "get_billing"
    description = (
        "What this customer pays: plan, next charge, invoices and refunds with their status."
    )
    arguments = NoArguments
    risk: Risk = "read"

    def __init__(self, customers: CustomerSystem, *, level: int = 1) -> None:
        self._customers = customers
        self.level = level

    async def run(self, arguments: NoArguments, bench: Bench, *, key: str) -> str:
        """Plan and money, newest first."""
        found = await self._customers.billing(bench.subject)
        if found is None:
            return NO_CUSTOMER
        invoice = ("number", "issued_on", "amount", "currency", "status", "order")
        refund = ("reference", "order", "amount", "currency", "status", "asked_at")
        shape: dict[str, Any] = {
            **fields_of(found, "plan", "next_charge_on", "next_charge", "currency"),
            "refunds": [fields_of(item, *refund) for item in found.refunds[:_MOST_ORDERS]],
            "invoices": [fields_of(item, *invoice) for item in found.invoices],
        }
        return give(shape, "invoices")


def show_order(order: Order, names: Sequence[str] = _LONG) -> dict[str, Any]:
    """One order with what its customer may know. A sum that is not known is left out, not zero."""
    shape = fields_of(order, *(_STATUS if order.partial else names))
    if not order.total:
        shape.pop("total", None)
    for item, line in zip(order.items, shape.get("items", ()), strict=False):
        if not item.price:
            line.pop("price")
    return shape
