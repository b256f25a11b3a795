"""Changes of one customer's orders and money, each inside the transaction of its caller.

Above: `sql`, which runs each once for its key. Below: `tables`, `reading`, `refunding`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.approvals.records import Approval
from core.approvals.store import insert_approval
from core.customers.limits import RefundLimits
from core.customers.reading import find_order_row, show_refund
from core.customers.records import ActionResult, Subject
from core.customers.refunding import RefundPlan, plan_refund
from core.customers.tables import orders, refunds
from core.ids import derived_number

REFUND = "request_refund"
_BEFORE_PACKING = ("placed", "paid")
_ADDRESS = 300
_REASON = 500


def refuse(code: str, **facts: str) -> ActionResult:
    """Nothing was changed."""
    return ActionResult(outcome="refused", code=code, facts=facts)


class CustomerWriter:
    """One customer's row (`owner`, locked by the caller) in one transaction."""

    def __init__(
        self, connection: AsyncConnection, owner: RowMapping, subject: Subject, now: datetime
    ) -> None:
        self._connection = connection
        self._owner = owner
        self._subject = subject
        self._now = now

    async def change_address(self, number: str, address: str) -> ActionResult:
        """Until it is packed."""
        order = await self._find(number)
        if order is None:
            return refuse("no_such_order")
        address = " ".join(address.split())[:_ADDRESS]
        if (refused := _refuse_late(order)) is not None:
            return refused
        await self._set(order, address=address)
        return ActionResult(outcome="done", facts={"order": order["number"], "address": address})

    async def cancel_order(self, number: str) -> ActionResult:
        """Until it is packed."""
        order = await self._find(number)
        if order is None:
            return refuse("no_such_order")
        if (refused := _refuse_late(order)) is not None:
            return refused
        await self._set(order, status="cancelled")
        return ActionResult(outcome="done", facts={"order": order["number"], "status": "cancelled"})

    async def request_refund(
        self, number: str, wanted: Decimal | None, reason: str, *, key: str, limits: RefundLimits
    ) -> ActionResult:
        """Give it, let it wait for a person, or refuse it."""
        order = await self._find(number)
        if order is None:
            return refuse("no_such_order")
        plan = await self.plan_refund(order, wanted, limits)
        facts = _facts(order, plan)
        if plan.outcome == "refused":
            return refuse(plan.code, **facts)
        reference = derived_number("RF", key)
        approval = derived_number("AP", key) if plan.outcome == "waiting" else None
        await self._connection.execute(
            refunds.insert().values(
                reference=reference, key=key, customer=self._owner["id"], order=order["number"],
                amount=plan.amount, currency=order["currency"], status=plan.outcome,
                reason=reason[:_REASON], asked_at=self._now, approval=approval,
            )
        )  # fmt: skip
        if approval is not None:
            shown = {**facts, "why": plan.code, "customer": self._owner["name"]}
            await self._ask_a_person(approval, key, shown, reason)
        return ActionResult(
            outcome=plan.outcome, code=plan.code, reference=approval or reference, facts=facts
        )

    async def plan_refund(
        self, order: RowMapping, wanted: Decimal | None, limits: RefundLimits
    ) -> RefundPlan:
        """What would become of it now."""
        query = select(refunds).where(refunds.c.customer == self._owner["id"])
        rows = (await self._connection.execute(query)).mappings()
        return plan_refund(
            status=order["status"], order=order["number"], total=order["total"],
            currency=order["currency"], wanted=wanted, past=[show_refund(row) for row in rows],
            limits=limits, now=self._now,
        )  # fmt: skip

    async def _ask_a_person(
        self, identifier: str, key: str, facts: dict[str, str], reason: str
    ) -> None:
        arguments = {"number": facts["order"], "amount": facts["amount"], "reason": reason}
        approval = Approval(
            id=identifier, subject=self._subject, tool=REFUND, arguments=arguments, facts=facts,
            key=key, asked_at=self._now,
        )  # fmt: skip
        await insert_approval(self._connection, approval)

    async def _find(self, number: str) -> RowMapping | None:
        mine = orders.c.customer == self._owner["id"]
        return await find_order_row(self._connection, number, mine)

    async def _set(self, order: RowMapping, **values: str) -> None:
        rule = orders.c.number == order["number"]
        await self._connection.execute(update(orders).where(rule).values(**values))


async def settle_refund(connection: AsyncConnection, approval: Approval) -> ActionResult:
    """What a person decided about a refund that waited; a repeat changes nothing more."""
    given = approval.decision == "approve"
    rule = refunds.c.approval == approval.id
    await connection.execute(
        update(refunds)
        .where(rule, refunds.c.status == "waiting")
        .values(status="done" if given else "refused")
    )
    row = (await connection.execute(select(refunds).where(rule))).mappings().one_or_none()
    if row is None:
        return refuse("no_such_order", **approval.facts)
    facts = {
        "order": row["order"], "amount": f"{row['amount']:f}", "currency": row["currency"],
    }  # fmt: skip
    if row["status"] != "done":
        return refuse("rejected", **facts)
    return ActionResult(outcome="done", reference=row["reference"], facts=facts)


def _refuse_late(order: RowMapping) -> ActionResult | None:
    """Why an order can no longer be changed, if so."""
    status = order["status"]
    if status in _BEFORE_PACKING:
        return None
    code = "already_cancelled" if status == "cancelled" else "already_sent"
    return refuse(code, order=order["number"], status=status)


def _facts(order: RowMapping, plan: RefundPlan) -> dict[str, str]:
    return {
        "order": order["number"],
        "amount": f"{plan.amount:.2f}",
        "currency": order["currency"],
    }
