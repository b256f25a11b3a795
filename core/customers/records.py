"""What the house knows of a customer, as values. Above: tools, flows. Below: the vocabulary.

Money is `Decimal`, times are aware UTC, days are dates. What a system does not know is None.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from core.messages import Frozen

OrderStatus = Literal["placed", "paid", "packed", "shipped", "delivered", "cancelled", "returned"]
InvoiceStatus = Literal["open", "paid", "overdue", "void"]
# `waiting`: asked for, not given yet: at the system's end or with a person of ours.
RefundStatus = Literal["waiting", "done", "refused"]


class Subject(Frozen):
    """Whom a call is about: told by the conversation, never by a model or a text. `level` says
    how well `contact` is proved (see `core.conversation`)."""

    conversation: str
    contact: str | None = None
    level: int = 0


class Customer(Frozen):
    """One customer of the company."""

    id: str
    name: str
    email: str | None = None
    phone: str | None = None
    tier: str | None = None
    language: str | None = None
    address: str | None = None


class OrderItem(Frozen):
    """One line of an order; `price` is that of one piece, in the order's currency."""

    name: str
    sku: str | None = None
    quantity: int = 1
    price: Decimal = Decimal(0)


class Order(Frozen):
    """One order. Who is not identified is shown status, carrier and days only: then `items` is
    empty, `address` None and `partial` set."""

    number: str
    status: OrderStatus
    placed_at: datetime
    items: tuple[OrderItem, ...] = ()
    total: Decimal = Decimal(0)
    currency: str = "EUR"
    address: str | None = None
    carrier: str | None = None
    tracking: str | None = None
    tracking_url: str | None = None
    expected_on: date | None = None
    partial: bool = False


class Invoice(Frozen):
    """One invoice."""

    number: str
    issued_on: date
    amount: Decimal
    currency: str = "EUR"
    status: InvoiceStatus
    order: str | None = None


class Refund(Frozen):
    """Money asked back for an order. `reference` is what a customer is told."""

    reference: str
    order: str
    amount: Decimal
    currency: str = "EUR"
    status: RefundStatus
    asked_at: datetime
    reason: str = ""


class Billing(Frozen):
    """What a customer pays and was paid back; newest first."""

    plan: str | None = None
    next_charge_on: date | None = None
    next_charge: Decimal | None = None
    currency: str = "EUR"
    invoices: tuple[Invoice, ...] = ()
    refunds: tuple[Refund, ...] = ()


class ActionResult(Frozen):
    """What came of a write.

    `done`: it is so now; `waiting`: a person decides first, `reference` is the approval's id;
    `refused`: nothing changed. `code` says why in one stable word: `ok`, `above_limit`,
    `too_many_refunds`, `no_such_order`, `already_sent`, `already_cancelled`, `not_paid`,
    `already_refunded`, `above_total`, `rejected`; `passed_on`: people of another system carry it
    out, `reference` is their ticket's. `facts` are what a sentence may tell of it
    (order, amount, currency, address, status …), as text.
    """

    outcome: Literal["done", "waiting", "refused"]
    code: str = "ok"
    reference: str | None = None
    facts: dict[str, str] = Field(default_factory=dict[str, str])
