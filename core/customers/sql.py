"""The customer system in our own SQL database. Above: the composition root. Below: `reading`,
`writing`.

Writes of one customer come one after another (their row is locked), and the result of each is
stored under its key in the same transaction: whatever dies, an act is done once and a repeat gets
the first result.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.approvals.records import Approval
from core.archive.database import Database
from core.archive.guarded import GuardedDatabase
from core.customers.limits import RefundLimits
from core.customers.orders import only_status
from core.customers.reading import (
    bare_order,
    by_email,
    find_customer,
    find_order_row,
    orders_of,
    read_billing,
    read_orders,
    show_customer,
)
from core.customers.records import ActionResult, Billing, Customer, Order, Subject
from core.customers.tables import customer_acts, orders
from core.customers.writing import CustomerWriter, refuse, settle_refund
from core.errors import CustomerSystemError

Act = Callable[[CustomerWriter], Awaitable[ActionResult]]
_MOST_ORDERS = 50


def _now() -> datetime:
    return datetime.now(UTC)


class SqlCustomers:
    """Implements `CustomerSystem`."""

    def __init__(
        self,
        database: Database,
        limits: RefundLimits,
        *,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._tables = GuardedDatabase(database, "customers", CustomerSystemError)
        self._limits = limits
        self._now = now

    async def customer(self, subject: Subject) -> Customer | None:
        """See `CustomerSystem`."""
        async with self._tables.read() as connection:
            row = await find_customer(connection, subject)
        return None if row is None else show_customer(row)

    async def orders(self, subject: Subject, *, limit: int = 10) -> Sequence[Order]:
        """See `CustomerSystem`."""
        async with self._tables.read() as connection:
            row = await find_customer(connection, subject)
            if row is None:
                return ()
            return await orders_of(connection, row["id"], max(1, min(limit, _MOST_ORDERS)))

    async def billing(self, subject: Subject) -> Billing | None:
        """See `CustomerSystem`."""
        async with self._tables.read() as connection:
            row = await find_customer(connection, subject)
            return None if row is None else await read_billing(connection, row)

    async def find_order(
        self, subject: Subject, number: str, *, email: str | None = None
    ) -> Order | None:
        """See `CustomerSystem`."""
        async with self._tables.read() as connection:
            owner = await find_customer(connection, subject)
            if owner is not None:
                rule = orders.c.customer == owner["id"]
                row = await find_order_row(connection, number, rule)
                if row is not None:
                    return (await read_orders(connection, [row]))[0]
            if not email or not email.strip():
                return None
            row = await find_order_row(connection, number, by_email(email))
            return None if row is None else only_status(bare_order(row))

    async def change_address(
        self, subject: Subject, number: str, address: str, *, key: str
    ) -> ActionResult:
        """See `CustomerSystem`."""
        return await self._once(
            subject, key, "change_address", lambda writer: writer.change_address(number, address)
        )

    async def cancel_order(
        self, subject: Subject, number: str, reason: str, *, key: str
    ) -> ActionResult:
        """See `CustomerSystem`."""
        return await self._once(
            subject, key, "cancel_order", lambda writer: writer.cancel_order(number)
        )

    async def request_refund(
        self, subject: Subject, number: str, amount: Decimal | None, reason: str, *, key: str
    ) -> ActionResult:
        """See `CustomerSystem`."""
        return await self._once(
            subject,
            key,
            "request_refund",
            lambda writer: writer.request_refund(
                number, amount, reason, key=key, limits=self._limits
            ),
        )

    async def settle_refund(self, approval: Approval) -> ActionResult:
        """Carry out what a person decided; the same however often it is called."""
        async with self._tables.write() as connection:
            return await settle_refund(connection, approval)

    async def _once(self, subject: Subject, key: str, name: str, act: Act) -> ActionResult:
        """Do it unless it was done. Two at once: the second finds the first one's key taken."""
        try:
            return await self._try(subject, key, name, act)
        except CustomerSystemError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            return await self._try(subject, key, name, act)

    async def _try(self, subject: Subject, key: str, name: str, act: Act) -> ActionResult:
        async with self._tables.write() as connection:
            owner = await find_customer(connection, subject, lock=True)
            if (known := await _past(connection, key)) is not None:
                return known
            if owner is None:
                return refuse("no_such_order")
            now = self._now()
            result = await act(CustomerWriter(connection, owner, subject, now))
            await connection.execute(
                customer_acts.insert().values(
                    key=key, conversation=subject.conversation, customer=owner["id"], act=name,
                    at=now, result=result.model_dump(mode="json"),
                )
            )  # fmt: skip
            return result


async def _past(connection: AsyncConnection, key: str) -> ActionResult | None:
    query = select(customer_acts.c.result).where(customer_acts.c.key == key)
    stored = (await connection.execute(query)).scalar_one_or_none()
    return None if stored is None else ActionResult.model_validate(stored)
