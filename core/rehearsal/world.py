"""The company of a story: its customers, orders and tickets, as they are before every story.

Above: `switchboard eval dialogues`. Below: `core.customers`, `core.tickets`, `core.approvals`, in a
database of the rehearsal's own: it is emptied before each story.
"""

from __future__ import annotations

from sqlalchemy import Table, delete

from core.approvals.tables import approvals
from core.archive.database import Database
from core.customers.importing import Rows
from core.customers.loading import write_rows
from core.customers.tables import (
    customer_acts,
    customer_contacts,
    customers,
    invoices,
    order_items,
    orders,
    refunds,
)
from core.engine.systems import Systems, subject_of
from core.rehearsal.conversation import Rehearsal
from core.rehearsal.story import EndState
from core.tickets.tables import (
    ticket_conversations,
    ticket_events,
    ticket_links,
    ticket_tags,
    tickets,
)

# Those that point to others first.
_TABLES: tuple[Table, ...] = (
    approvals, ticket_conversations, ticket_tags, ticket_links, ticket_events, tickets,
    customer_acts, refunds, invoices, order_items, orders, customer_contacts, customers,
)  # fmt: skip


class SampleWorld:
    """Implements `playing.World` on the rows given; `systems` is what the engine works with."""

    def __init__(self, database: Database, rows: Rows, systems: Systems) -> None:
        self._database = database
        self._rows = rows
        self._systems = systems

    async def begin(self, rehearsal: Rehearsal) -> None:
        """See `World`."""
        async with self._database.write() as connection:
            for table in _TABLES:
                await connection.execute(delete(table))
        await write_rows(self._database, self._rows)

    async def problems(self, end: EndState, rehearsal: Rehearsal) -> list[str]:
        """See `World`."""
        subject = subject_of(rehearsal.head)
        found: list[str] = []
        for number, status in end.orders.items():
            order = await self._systems.customers.find_order(subject, number)
            now = order.status if order else None
            if now != status:
                found.append(f"at the end order {number} is {now}, not {status}")
        if end.refunds:
            billing = await self._systems.customers.billing(subject)
            states = {item.order: item.status for item in billing.refunds} if billing else {}
            found += [
                f"at the end the refund of {number} is {states.get(number)}, not {status}"
                for number, status in end.refunds.items()
                if states.get(number) != status
            ]
        if end.tickets is not None:
            there = len(await self._systems.tickets.tickets(subject, limit=100))
            if there != end.tickets:
                found.append(f"at the end there are {there} tickets, not {end.tickets}")
        return found
