"""The house's own tables, a CRM over HTTP and one over MCP, held to one contract."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.customers.crm.client import CrmClient
from core.customers.crm.settings import CrmSettings
from core.customers.crm.system import CrmCustomers
from core.errors import CustomerSystemError
from switchboard.crm import CrmFetch
from tests.contract.customer_systems import CustomerSystemContract
from tests.contract.customers_contract import CustomersContract
from tests.contract.customers_rig import ANNA, CompanyRig, rows
from tests.fakes.crm_server import KEY, Fault, open_crm_server
from tests.fakes.mcp_crm import open_mcp_crm_rig
from tests.fakes.postgres import PostgresServer


class TestCustomersInSqlite(CustomersContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> CompanyRig:
        return CompanyRig(tmp_path)


@pytest.mark.postgres
class TestCustomersInPostgres(CustomersContract):
    @pytest.fixture
    def rig(self, tmp_path: Path, postgres: PostgresServer) -> CompanyRig:
        return CompanyRig(tmp_path, postgres.create())


def as_a_crm_has_them() -> dict[str, dict[str, Any]]:
    """The same customers and orders, the newest first, in the words of a CRM."""
    listed = rows()
    return {
        customer.id: {
            **customer.model_dump(mode="json", exclude={"contacts"}),
            "orders": [
                order.model_dump(mode="json")
                for order in reversed(listed.orders)
                if order.customer == customer.id
            ],
            "billing": {"plan": customer.plan, "next_charge": _text(customer.next_charge)},
        }
        for customer in listed.customers
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@dataclass
class Reached:
    """A CRM that is somewhere else; `fail` makes it fail from now on."""

    customers: CrmCustomers
    fail: Callable[[], None]


class OverAWire(CustomerSystemContract):
    """What else holds for a CRM of somebody else."""

    async def test_a_system_that_is_gone_says_so(self, company: Reached) -> None:
        company.fail()
        with pytest.raises(CustomerSystemError):
            await company.customers.orders(ANNA)
        with pytest.raises(CustomerSystemError):
            await company.customers.cancel_order(ANNA, "FH40000001", "", key="k")


class TestCustomersOverHttp(OverAWire):
    @pytest.fixture
    async def company(self) -> AsyncGenerator[Reached]:
        async with open_crm_server() as server:
            server.customers = as_a_crm_has_them()
            settings = CrmSettings.model_validate({"url": server.url, "api_key": KEY})
            fetch = CrmFetch(settings)
            client = CrmClient(fetch, deadline_seconds=2.0)
            faults: list[Fault] = ["500"] * 9
            yield Reached(CrmCustomers(client), lambda: server.plan.extend(faults))
            await fetch.close()


class TestCustomersOverMcp(OverAWire):
    @pytest.fixture
    async def company(self, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Reached]:
        async with open_mcp_crm_rig(monkeypatch, as_a_crm_has_them()) as (server, customers):
            yield Reached(customers, lambda: setattr(server.behaviour, "mode", "500"))
