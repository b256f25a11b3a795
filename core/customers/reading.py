"""Reads customers, orders and money from SQL, as records. Above: `sql`. Below: `tables`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, RowMapping, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.conversation import BARE_CLAIM
from core.customers.orders import canonical, fold_email
from core.customers.records import Billing, Customer, Invoice, Order, OrderItem, Refund, Subject
from core.customers.tables import (
    customer_contacts,
    customers,
    invoices,
    order_items,
    orders,
    refunds,
)
from core.identity.rows import other_names

_MOST_INVOICES = 24


async def find_customer(
    connection: AsyncConnection, subject: Subject, *, lock: bool = False
) -> RowMapping | None:
    """Whose the conversation is; who is not proved is nobody. `lock` holds the customer's row
    until the end of the transaction, so that their writes come one after another."""
    if subject.contact is None or subject.level <= BARE_CLAIM:
        return None
    others = other_names(subject.contact)  # proved to be the same person's
    named = customer_contacts.c.contact
    linked = select(customer_contacts.c.customer).where(
        or_(named == subject.contact, named.in_(others))
    )
    rule: ColumnElement[bool] = or_(
        customers.c.id == subject.contact, customers.c.id.in_(linked),
        customers.c.email_folded.in_(others),
    )  # fmt: skip
    if "@" in subject.contact:
        email = subject.contact.removeprefix("email:")
        rule = or_(rule, customers.c.email_folded == fold_email(email))
    query = select(customers).where(rule).limit(2)
    rows = (await connection.execute(query.with_for_update() if lock else query)).mappings().all()
    return rows[0] if len(rows) == 1 else None  # a shared address belongs to nobody for sure


async def find_order_row(
    connection: AsyncConnection, number: str, rule: ColumnElement[bool]
) -> RowMapping | None:
    """The order that is meant by `number`, among those that `rule` allows."""
    wanted = canonical(number)
    if not wanted:
        return None
    query = select(orders).where(rule)
    exact = query.where(orders.c.canonical == wanted)
    if (row := (await connection.execute(exact)).mappings().one_or_none()) is not None:
        return row
    if not wanted.isdigit():
        return None
    loose = (await connection.execute(query.where(orders.c.digits == wanted).limit(2))).mappings()
    found = loose.all()
    return found[0] if len(found) == 1 else None


async def read_orders(connection: AsyncConnection, rows: Sequence[RowMapping]) -> tuple[Order, ...]:
    """The orders of these rows with their items."""
    numbers = [row["number"] for row in rows]
    query = select(order_items).where(order_items.c.order.in_(numbers))
    query = query.order_by(order_items.c.order, order_items.c.position)
    items: dict[str, list[OrderItem]] = {number: [] for number in numbers}
    for item in (await connection.execute(query)).mappings():
        items[item["order"]].append(
            OrderItem(
                name=item["name"], sku=item["sku"], quantity=item["quantity"], price=item["price"]
            )
        )
    return tuple(_order(row, items[row["number"]]) for row in rows)


async def orders_of(connection: AsyncConnection, customer: str, limit: int) -> tuple[Order, ...]:
    """The customer's orders, newest first."""
    query = select(orders).where(orders.c.customer == customer)
    query = query.order_by(orders.c.placed_at.desc(), orders.c.number.desc()).limit(limit)
    return await read_orders(connection, (await connection.execute(query)).mappings().all())


def by_email(email: str) -> ColumnElement[bool]:
    """Orders that were placed with this address."""
    return and_(orders.c.email_folded.is_not(None), orders.c.email_folded == fold_email(email))


def bare_order(row: RowMapping) -> Order:
    """The order of a row, without its items."""
    return _order(row, ())


def show_customer(row: RowMapping) -> Customer:
    """The record of a row."""
    return Customer.model_validate({name: row[name] for name in Customer.model_fields})


async def read_billing(connection: AsyncConnection, row: RowMapping) -> Billing:
    """What this customer pays and was paid back."""
    bills = select(invoices).where(invoices.c.customer == row["id"])
    bills = bills.order_by(invoices.c.issued_on.desc()).limit(_MOST_INVOICES)
    back = select(refunds).where(refunds.c.customer == row["id"])
    back = back.order_by(refunds.c.asked_at.desc()).limit(_MOST_INVOICES)
    return Billing(
        plan=row["plan"],
        next_charge_on=row["next_charge_on"],
        next_charge=row["next_charge"],
        currency=row["currency"],
        invoices=tuple(
            Invoice.model_validate({name: bill[name] for name in Invoice.model_fields})
            for bill in (await connection.execute(bills)).mappings()
        ),
        refunds=tuple(show_refund(item) for item in (await connection.execute(back)).mappings()),
    )


def show_refund(row: RowMapping) -> Refund:
    """The record of a row."""
    return Refund.model_validate({name: row[name] for name in Refund.model_fields})


def _order(row: RowMapping, items: Sequence[OrderItem]) -> Order:
    known = Order.model_fields.keys() & set(row.keys())
    return Order.model_validate({**{name: row[name] for name in known}, "items": tuple(items)})
