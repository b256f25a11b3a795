"""The company's systems as this installation has them: customers, tickets, approvals in SQL.

Above: `wiring`, `roles`, `doors`, commands. Below: `core.customers`, `core.tickets`,
`core.approvals`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from config.settings import Settings
from core.approvals.desk import ApprovalDesk
from core.approvals.records import Approval, Decision
from core.approvals.store import ApprovalStore
from core.archive.database import Database
from core.customers.crm.client import CrmClient
from core.customers.crm.history import CrmHistory
from core.customers.crm.system import CrmCustomers
from core.customers.history.sql import SqlHistory
from core.customers.importing import Tell, read_rows, silent
from core.customers.limits import read_limits
from core.customers.loading import holds_customers, write_rows
from core.customers.sql import SqlCustomers
from core.customers.writing import REFUND
from core.engine.systems import Systems
from core.messages import format_time
from core.ports import Log
from switchboard.data_folder import DataFolder

_SAMPLE = "sample-customers"


def open_systems(settings: Settings, database: Database, crm: CrmClient | None = None) -> Systems:
    """What turns work with; customers are the CRM's, if there is one. Raises `ConfigError` for
    limits that make no sense."""
    from core.tickets.sql import SqlTickets

    return Systems(
        customers=CrmCustomers(crm) if crm is not None else _customers(settings, database),
        tickets=SqlTickets(database),
        approvals=ApprovalStore(database),
        history=CrmHistory(crm) if crm is not None else SqlHistory(database),
    )


def open_approvals(settings: Settings, database: Database, log: Log) -> ApprovalDesk:
    """Where people decide."""
    customers = _customers(settings, database)
    return ApprovalDesk(ApprovalStore(database), log, {REFUND: customers.settle_refund})


async def fill_customers(settings: Settings, database: Database, folder: DataFolder) -> None:
    """The sample company's customers beside its sample knowledge, once, and only where there are
    no others."""
    mark = folder.path / _SAMPLE
    file = settings.config_dir / "customers" / "sample.json"
    if mark.exists() or not (folder.path / "sample-knowledge").exists() or not file.is_file():
        return
    if not await holds_customers(database):
        await write_rows(database, read_rows(file))
    mark.write_text("done\n", encoding="utf-8")


async def import_customers(database: Database, path: Path, tell: Tell = silent) -> dict[str, Any]:
    """Take a file in: `{customers, orders, invoices, failed}`; `tell` is told how far it is."""
    rows = read_rows(path, tell)
    await write_rows(database, rows, tell)
    return {
        "customers": len(rows.customers),
        "orders": len(rows.orders),
        "invoices": len(rows.invoices),
        "failed": rows.faults,
    }


def show_approval(approval: Approval) -> dict[str, Any]:
    """As REST and commands show it."""
    shape: dict[str, Any] = {
        "id": approval.id,
        "status": approval.status,
        "conversation": approval.subject.conversation,
        "contact": approval.subject.contact,
        "level": approval.subject.level,
        "tool": approval.tool,
        "arguments": approval.arguments,
        "facts": approval.facts,
        "asked_at": format_time(approval.asked_at),
        "decision": approval.decision,
        "decided_by": approval.decided_by,
        "decided_at": format_time(approval.decided_at) if approval.decided_at else None,
        "comment": approval.comment,
        "result": approval.result.model_dump() if approval.result else None,
    }
    return shape


class ApprovalDoor:
    """`channels.rest.ports.ApprovalDoor` over the desk."""

    def __init__(self, desk: ApprovalDesk) -> None:
        self._desk = desk

    async def list(self, *, status: str | None, limit: int) -> list[dict[str, Any]]:
        """See the port."""
        return [show_approval(item) for item in await self._desk.list(status=status, limit=limit)]

    async def decide(
        self, identifier: str, decision: Decision, *, by: str, comment: str | None
    ) -> dict[str, Any]:
        """See the port."""
        done = await self._desk.decide(identifier, decision, by=by, comment=comment)
        return show_approval(done)


def _customers(settings: Settings, database: Database) -> SqlCustomers:
    return SqlCustomers(database, read_limits(settings.config_dir / "escalation.toml"))
