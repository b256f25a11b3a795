"""Writes imported rows, all or none. Above: the command, the sample data. Below: `tables`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.archive.inserting import save_rows
from core.customers.importing import CustomerRow, InvoiceRow, OrderRow, Rows, Tell, silent
from core.customers.orders import canonical, digits_of, fold_email
from core.customers.tables import (
    customer_contacts,
    customers,
    invoices,
    order_items,
    orders,
)
from core.errors import InputError

_PIECE = 500


async def holds_customers(database: Database) -> bool:
    """True if there is any."""
    async with database.read() as connection:
        count = (await connection.execute(select(func.count()).select_from(customers))).scalar_one()
    return count > 0


async def write_rows(database: Database, rows: Rows, tell: Tell = silent) -> None:
    """Insert them, or bring up to date what has the same id or number; `tell` is told how far it
    is. Raises `InputError` when two orders have the same number in different writing."""
    try:
        await _write(database, rows, tell)
    except IntegrityError as error:
        raise InputError("two orders have the same number, written differently") from error


async def _write(database: Database, rows: Rows, tell: Tell) -> None:
    total = len(rows.customers) + len(rows.orders) + len(rows.invoices)
    done = 0

    async def save(table: Table, found: list[dict[str, Any]]) -> None:
        nonlocal done
        for start in range(0, len(found), _PIECE):
            piece = found[start : start + _PIECE]
            await save_rows(connection, table, piece)
            done += len(piece)
            tell("writing", done, total)

    async with database.write() as connection:
        await save(customers, [_customer(row) for row in rows.customers])
        contacts = [
            {"contact": contact, "customer": row.id}
            for row in rows.customers
            for contact in row.contacts
        ]
        await save_rows(connection, customer_contacts, contacts)
        emails = await _emails(connection, rows.orders)
        await save(orders, [_order(row, emails) for row in rows.orders])
        await _write_items(connection, rows.orders)
        await save(invoices, [_invoice(row) for row in rows.invoices])


async def _emails(connection: AsyncConnection, rows: Sequence[OrderRow]) -> dict[str, str | None]:
    """The addresses of the customers whose orders name none."""
    names = sorted({row.customer for row in rows if row.email is None})
    found: dict[str, str | None] = {}
    for start in range(0, len(names), 500):
        query = select(customers.c.id, customers.c.email_folded).where(
            customers.c.id.in_(names[start : start + 500])
        )
        rows_found = (await connection.execute(query)).all()
        found.update((name, email) for name, email in rows_found)
    return found


async def _write_items(connection: AsyncConnection, rows: Sequence[OrderRow]) -> None:
    listed = [row for row in rows if row.items]
    for row in listed:
        await connection.execute(delete(order_items).where(order_items.c.order == row.number))
    items = [
        {"order": row.number, "position": position, **item.model_dump()}
        for row in listed
        for position, item in enumerate(row.items, 1)
    ]
    await save_rows(connection, order_items, items)


def _customer(row: CustomerRow) -> dict[str, Any]:
    fields = row.model_dump(exclude={"contacts"})
    return {**fields, "email_folded": fold_email(row.email) if row.email else None}


def _order(row: OrderRow, emails: dict[str, str | None]) -> dict[str, Any]:
    fields = row.model_dump(exclude={"items", "email"})
    email = fold_email(row.email) if row.email else emails.get(row.customer)
    numbers = {"canonical": canonical(row.number), "digits": digits_of(row.number)}
    return {**fields, **numbers, "email_folded": email}


def _invoice(row: InvoiceRow) -> dict[str, Any]:
    return row.model_dump()
