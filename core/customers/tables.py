"""Tables of customers, their orders and their money. Above: `sql`, `reading`. Below: SQLAlchemy.

Migration: `0003_customers_and_tickets`. `customer_contacts` says which contacts of conversations
are which customer; `customer_acts` holds the result of every write under its idempotency key.
"""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import (
    JSON,
    Column,
    Date,
    Dialect,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

from core.archive.tables import UtcDateTime


class Money(TypeDecorator[Decimal]):
    """Exact on both databases: SQLite has no decimals of its own."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """To plain digits."""
        return None if value is None else f"{value:f}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Back to a number."""
        return None if value is None else Decimal(value)


metadata = MetaData()

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("email_folded", Text),
    Column("phone", Text),
    Column("tier", Text),
    Column("language", Text),
    Column("address", Text),
    Column("plan", Text),
    Column("next_charge_on", Date),
    Column("next_charge", Money),
    Column("currency", Text, nullable=False),
    Index("customers_email", "email_folded"),
)

customer_contacts = Table(
    "customer_contacts",
    metadata,
    Column("contact", Text, primary_key=True),
    Column("customer", Text, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("number", Text, primary_key=True),
    # As people write it, without signs and case; and its digits alone.
    Column("canonical", Text, nullable=False),
    Column("digits", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("email_folded", Text),
    Column("status", Text, nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("total", Money, nullable=False),
    Column("currency", Text, nullable=False),
    Column("address", Text),
    Column("carrier", Text),
    Column("tracking", Text),
    Column("tracking_url", Text),
    Column("expected_on", Date),
    Index("orders_canonical", "canonical", unique=True),
    Index("orders_digits", "digits"),
    Index("orders_customer", "customer", "placed_at"),
)

order_items = Table(
    "order_items",
    metadata,
    Column("order", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sku", Text),
    Column("quantity", Integer, nullable=False),
    Column("price", Money, nullable=False),
)

invoices = Table(
    "invoices",
    metadata,
    Column("number", Text, primary_key=True),
    Column("customer", Text, nullable=False),
    Column("order", Text),
    Column("issued_on", Date, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Index("invoices_customer", "customer", "issued_on"),
)

refunds = Table(
    "refunds",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("customer", Text, nullable=False),
    Column("order", Text, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("approval", Text),
    Index("refunds_customer", "customer", "asked_at"),
    Index("refunds_order", "order"),
)

customer_acts = Table(
    "customer_acts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("conversation", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("result", JSON, nullable=False),
)
