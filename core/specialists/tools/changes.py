"""The tools that change the customer's orders and money, each after the customer's yes.

Above: `toolbox`. Below: `core.customers.ports`. `request_refund` is offered to models; the changes
of an order are the house's own flows, which confirm them the same way.
"""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from core.customers.ports import CustomerSystem
from core.customers.records import Order
from core.specialists.tools.base import Arguments, Bench, Prepared, Risk, error_result
from core.specialists.tools.results import NO_SUCH_ORDER, give_action

_CENT = Decimal("0.01")


class RefundArguments(Arguments):
    """Arguments of `request_refund`."""

    number: str = Field(min_length=1, max_length=60, description="Number of the order.")
    amount: Decimal | None = Field(
        default=None,
        gt=0,
        max_digits=12,
        description="In the order's currency; leave out for all that is left of it.",
    )
    reason: str = Field(default="", max_length=500, description="Why, in one short sentence.")


class AddressArguments(Arguments):
    """Arguments of `change_address`."""

    number: str = Field(min_length=1, max_length=60, description="Number of the order.")
    address: str = Field(min_length=5, max_length=300, description="The whole new address.")


class CancelArguments(Arguments):
    """Arguments of `cancel_order`."""

    number: str = Field(min_length=1, max_length=60, description="Number of the order.")
    reason: str = Field(default="", max_length=500, description="Why, in one short sentence.")


class _Changing:
    """What these tools share: the system, the level, and the look at the order before asking."""

    def __init__(self, customers: CustomerSystem, *, level: int = 2) -> None:
        self._customers = customers
        self.level = level

    async def _own(self, bench: Bench, number: str) -> Order | None:
        """Their own order; one that is only seen in part is not theirs to change."""
        order = await self._customers.find_order(bench.subject, number)
        return None if order is None or order.partial else order


class RequestRefund(_Changing):
    """Ask for money back."""

    name = "request_refund"
    description = (
        "Ask for a refund of one order of this customer. They confirm the sum under your answer "
        "before anything happens; above the limit a person decides."
    )
    arguments = RefundArguments
    risk: Risk = "money"

    async def prepare(self, arguments: RefundArguments, bench: Bench) -> Prepared | str:
        """The exact sum the customer will be asked about."""
        order = await self._own(bench, arguments.number)
        if order is None:
            return NO_SUCH_ORDER
        billing = await self._customers.billing(bench.subject)
        given = [
            item.amount
            for item in (billing.refunds if billing else ())
            if item.order == order.number and item.status != "refused"
        ]
        if not order.total:
            return error_result("what this order cost is not known here: a person has to look")
        left = order.total - sum(given, Decimal(0))
        amount = left if arguments.amount is None else arguments.amount.quantize(_CENT)
        if left <= 0:
            return error_result("this order has been refunded, or its refund is being decided")
        if not 0 < amount <= left:
            return error_result(f"at most {left:.2f} {order.currency} can be refunded")
        exact = {"number": order.number, "amount": f"{amount:.2f}", "reason": arguments.reason}
        facts = {"order": order.number, "amount": f"{amount:.2f}", "currency": order.currency}
        return Prepared(arguments=exact, facts=facts)

    async def run(self, arguments: RefundArguments, bench: Bench, *, key: str) -> str:
        """Done, waiting for a person, or refused."""
        done = await self._customers.request_refund(
            bench.subject, arguments.number, arguments.amount, arguments.reason, key=key
        )
        return give_action(done)


class ChangeAddress(_Changing):
    """Send an order elsewhere."""

    name = "change_address"
    description = "Change the delivery address of one order of this customer, until it is packed."
    arguments = AddressArguments
    risk: Risk = "write"

    async def prepare(self, arguments: AddressArguments, bench: Bench) -> Prepared | str:
        """The order and the address as they will be written."""
        order = await self._own(bench, arguments.number)
        if order is None:
            return NO_SUCH_ORDER
        address = " ".join(arguments.address.split())
        return Prepared(
            arguments={"number": order.number, "address": address},
            facts={"order": order.number, "address": address},
        )

    async def run(self, arguments: AddressArguments, bench: Bench, *, key: str) -> str:
        """Done or refused."""
        done = await self._customers.change_address(
            bench.subject, arguments.number, arguments.address, key=key
        )
        return give_action(done)


class CancelOrder(_Changing):
    """Cancel an order."""

    name = "cancel_order"
    description = "Cancel one order of this customer, until it is packed."
    arguments = CancelArguments
    risk: Risk = "write"

    async def prepare(self, arguments: CancelArguments, bench: Bench) -> Prepared | str:
        """The order that will be cancelled."""
        order = await self._own(bench, arguments.number)
        if order is None:
            return NO_SUCH_ORDER
        exact = {"number": order.number, "reason": arguments.reason}
        return Prepared(arguments=exact, facts={"order": order.number})

    async def run(self, arguments: CancelArguments, bench: Bench, *, key: str) -> str:
        """Done or refused."""
        done = await self._customers.cancel_order(
            bench.subject, arguments.number, arguments.reason, key=key
        )
        return give_action(done)
