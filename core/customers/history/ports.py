"""Where a customer's history is kept, as the house needs it.

Above: `writer`, `core.customers.brief`. Below: `records`. Implementations: `sql`,
`core.customers.crm.history`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.customers.history.records import HistoryRecord, Written
from core.customers.records import Subject


class HistoryBook(Protocol):
    """Histories of customers. All raise `CustomerSystemError` when it cannot be reached."""

    async def write(self, subject: Subject, record: HistoryRecord, *, key: str) -> Written:
        """Put a line into the subject's history, once for each key. Who is not proved has none."""
        ...

    async def recent(self, subject: Subject, *, limit: int = 5) -> Sequence[HistoryRecord]:
        """The subject's last lines, newest first."""
        ...
