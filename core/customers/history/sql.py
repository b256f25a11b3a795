"""The history of customers in our own SQL database. Above: the composition root. Below: `tables`.

A line is inserted under its key: a repeat changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from core.archive.database import Database
from core.archive.guarded import GuardedDatabase
from core.archive.inserting import insert_new
from core.customers.history.records import HistoryRecord, Written
from core.customers.history.tables import customer_history
from core.customers.reading import find_customer
from core.customers.records import Subject
from core.errors import CustomerSystemError

_MOST = 50


class SqlHistory:
    """Implements `HistoryBook`."""

    def __init__(self, database: Database) -> None:
        self._tables = GuardedDatabase(database, "histories", CustomerSystemError)

    async def write(self, subject: Subject, record: HistoryRecord, *, key: str) -> Written:
        """See `HistoryBook`."""
        async with self._tables.write() as connection:
            owner = await find_customer(connection, subject)
            if owner is None:
                return "unknown"
            row = {
                "key": key, "customer": owner["id"], "conversation": record.conversation,
                "at": record.at, "body": record.model_dump(mode="json"),
            }  # fmt: skip
            await insert_new(connection, customer_history, [row])
        return "written"

    async def recent(self, subject: Subject, *, limit: int = 5) -> Sequence[HistoryRecord]:
        """See `HistoryBook`."""
        async with self._tables.read() as connection:
            owner = await find_customer(connection, subject)
            if owner is None:
                return ()
            query = select(customer_history.c.body)
            query = query.where(customer_history.c.customer == owner["id"])
            key = customer_history.c.key  # ends in the sequence: tells apart what ended at once
            order = (customer_history.c.at.desc(), func.length(key).desc(), key.desc())
            newest = query.order_by(*order).limit(min(limit, _MOST))
            rows = (await connection.execute(newest)).scalars().all()
        return [HistoryRecord.model_validate(row) for row in rows]
