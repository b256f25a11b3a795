"""The history of customers in a CRM over HTTP: `POST` and `GET /customers/{id}/history`.

Above: the composition root. Below: `client`, `wire`. Many CRMs have no such route: then nothing is
written, and nothing fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from core.customers.crm.client import CrmClient
from core.customers.crm.system import CrmCustomers
from core.customers.crm.wire import read_history
from core.customers.history.records import HistoryRecord, Written
from core.customers.records import Subject


class CrmHistory:
    """Implements `HistoryBook`."""

    def __init__(self, client: CrmClient) -> None:
        self._client = client
        self._customers = CrmCustomers(client)

    async def write(self, subject: Subject, record: HistoryRecord, *, key: str) -> Written:
        """See `HistoryBook`."""
        owner = await self._customers.customer(subject)
        if owner is None:
            return "unknown"
        path = f"/customers/{quote(owner.id, safe='')}/history"
        taken = await self._client.offer(path, record.model_dump(mode="json"), key=key)
        return "written" if taken else "unsupported"

    async def recent(self, subject: Subject, *, limit: int = 5) -> Sequence[HistoryRecord]:
        """See `HistoryBook`."""
        owner = await self._customers.customer(subject)
        if owner is None:
            return ()
        found = await self._client.get(f"/customers/{quote(owner.id, safe='')}/history")
        return () if found is None else read_history(found, owner=owner.id)[:limit]
