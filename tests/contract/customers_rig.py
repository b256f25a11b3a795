"""A company with two customers in a real database, opened as several processes would open it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from core.approvals.store import ApprovalStore
from core.archive.database import Database, open_database
from core.archive.settings import DatabaseSettings
from core.customers.importing import CustomerRow, OrderRow, Rows
from core.customers.limits import RefundLimits
from core.customers.loading import write_rows
from core.customers.records import OrderStatus, Subject
from core.customers.sql import SqlCustomers
from core.tickets.sql import SqlTickets

CONVERSATION = "cv_00_0123456789abcdefghijkl"
OTHER = "cv_01_0123456789abcdefghijkl"
NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
ANNA = Subject(conversation=CONVERSATION, contact="anna", level=2)
BERT = Subject(conversation=OTHER, contact="bert", level=2)
NOBODY = Subject(conversation=CONVERSATION)
CLAIMED = Subject(conversation=CONVERSATION, contact="anna", level=0)


def order(number: str, customer: str, status: OrderStatus = "paid", total: str = "100.00",
          **more: object) -> OrderRow:  # fmt: skip
    """A row for the importer."""
    return OrderRow.model_validate(
        {
            "number": number, "customer": customer, "status": status, "total": total,
            "placed_at": NOW - timedelta(days=2), "address": f"{customer} street 1",
            "items": [{"name": "Thing", "quantity": 2, "price": "50.00"}], **more,
        }
    )  # fmt: skip


def rows() -> Rows:
    """Anna has four orders, Bert one."""
    return Rows(
        customers=[
            CustomerRow(id="anna", name="Anna", email="Anna@shop.example",
                        contacts=("telegram:7",), plan="Home", next_charge=Decimal("29.00")),
            CustomerRow(id="bert", name="Bert", email="bert@shop.example"),
        ],
        orders=[
            order("FH40000001", "anna"),
            order("FH40000002", "anna", "shipped", "19.99", carrier="Post", tracking="T1"),
            order("FH40000003", "anna", "delivered", "1500.00"),
            order("FH40000004", "anna", "placed"),
            order("FH50000001", "bert", "paid", "80.00"),
        ],
    )  # fmt: skip


@dataclass
class Company:
    """What one process has open. `time` is the clock, which tests turn."""

    database: Database
    limits: RefundLimits = field(default_factory=RefundLimits)
    time: list[datetime] = field(default_factory=lambda: [NOW])

    def __post_init__(self) -> None:
        self.customers = SqlCustomers(self.database, self.limits, now=lambda: self.time[0])
        self.tickets = SqlTickets(self.database, now=lambda: self.time[0])
        self.approvals = ApprovalStore(self.database)


@dataclass
class CompanyRig:
    """Opens the company; each `process` has a connection pool of its own."""

    folder: Path
    database_url: str | None = None

    @asynccontextmanager
    async def process(self, limits: RefundLimits | None = None) -> AsyncGenerator[Company]:
        """One process; the first one fills the database."""
        settings = DatabaseSettings.model_validate(
            {"data_dir": self.folder, "url": self.database_url}
        )
        async with open_database(settings) as database:
            await database.migrate()
            company = Company(database, limits or RefundLimits())
            if await company.customers.customer(ANNA) is None:
                await write_rows(database, rows())
            yield company
