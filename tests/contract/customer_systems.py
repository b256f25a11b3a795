"""What every system of customers must do: own tables, a CRM over HTTP, a CRM over MCP."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import pytest

from core.customers.ports import CustomerSystem
from core.customers.records import ActionResult, Subject
from tests.contract.customers_rig import ANNA, BERT, CLAIMED, CONVERSATION, NOBODY


class HasCustomers(Protocol):
    """What a test works with."""

    @property
    def customers(self) -> CustomerSystem:
        """The system, filled with `customers_rig.rows`."""
        ...


class CustomerSystemContract:
    """Subclasses give a `company`. Who cannot carry out a change passes it on: then it waits."""

    # ---- who is who ----------------------------------------------------------------------------

    async def test_a_proved_contact_is_their_customer(self, company: HasCustomers) -> None:
        for contact in ("anna", "email:anna@SHOP.example"):
            subject = Subject(conversation=CONVERSATION, contact=contact, level=1)
            found = await company.customers.customer(subject)
            assert found is not None and found.name == "Anna", contact

    async def test_a_bare_claim_is_nobody(self, company: HasCustomers) -> None:
        for subject in (CLAIMED, NOBODY):
            assert await company.customers.customer(subject) is None
            assert await company.customers.orders(subject) == ()
            assert await company.customers.billing(subject) is None
            assert await company.customers.find_order(subject, "FH40000001") is None
            done = await company.customers.cancel_order(subject, "FH40000001", "", key="k")
            assert (done.outcome, done.code) == ("refused", "no_such_order")

    async def test_orders_come_newest_first_with_exact_money(self, company: HasCustomers) -> None:
        found = await company.customers.orders(ANNA, limit=2)
        assert [item.number for item in found] == ["FH40000004", "FH40000003"]
        assert found[1].total == Decimal("1500.00")
        assert found[1].items[0].price == Decimal("50.00")

    @pytest.mark.parametrize("number", ["FH40000001", "#fh 4000-0001", "40000001"])
    async def test_a_number_is_found_however_it_is_written(
        self, company: HasCustomers, number: str
    ) -> None:
        found = await company.customers.find_order(ANNA, number)
        assert found is not None and found.number == "FH40000001" and not found.partial

    async def test_what_belongs_to_somebody_else_does_not_exist(
        self, company: HasCustomers
    ) -> None:
        customers = company.customers
        assert await customers.find_order(ANNA, "FH50000001") is None
        for done in (
            await customers.cancel_order(ANNA, "FH50000001", "", key="a"),
            await customers.change_address(ANNA, "FH50000001", "here", key="b"),
            await customers.request_refund(ANNA, "FH50000001", None, "", key="c"),
            await customers.request_refund(ANNA, "FH99999999", None, "", key="d"),
        ):
            assert done == ActionResult(outcome="refused", code="no_such_order")
        theirs = await customers.find_order(BERT, "FH50000001")
        assert theirs is not None and theirs.status == "paid" and theirs.address == "bert street 1"

    async def test_number_and_email_together_show_the_status_only(
        self, company: HasCustomers
    ) -> None:
        found = await company.customers.find_order(
            NOBODY, "FH40000002", email=" ANNA@shop.example "
        )
        assert found is not None and found.partial
        assert (found.status, found.carrier) == ("shipped", "Post")
        assert found.address is None and found.items == ()
        for email in ("bert@shop.example", "", None):
            assert await company.customers.find_order(NOBODY, "FH40000002", email=email) is None

    async def test_what_they_pay_is_theirs(self, company: HasCustomers) -> None:
        found = await company.customers.billing(ANNA)
        assert found is not None
        assert (found.plan, found.next_charge) == ("Home", Decimal("29.00"))

    async def test_what_has_left_is_not_changed(self, company: HasCustomers) -> None:
        for done in (
            await company.customers.change_address(ANNA, "FH40000002", "New street 2", key="a"),
            await company.customers.cancel_order(ANNA, "FH40000002", "", key="b"),
        ):
            assert (done.outcome, done.code) == ("refused", "already_sent")

    async def test_a_repeat_under_its_key_gives_the_first_result(
        self, company: HasCustomers
    ) -> None:
        first = await company.customers.request_refund(ANNA, "FH40000001", None, "", key="same")
        again = await company.customers.request_refund(ANNA, "FH40000001", None, "", key="same")
        assert first.outcome in {"done", "waiting"} and first == again
        assert first.facts["amount"] == "100.00"

    @pytest.mark.parametrize("amount", ["0", "-5", "100.01", "NaN", "Infinity"])
    async def test_a_senseless_amount_is_refused(self, company: HasCustomers, amount: str) -> None:
        done = await company.customers.request_refund(
            ANNA, "FH40000001", Decimal(amount), "", key="k"
        )
        assert (done.outcome, done.code) == ("refused", "above_total")

    async def test_an_unpaid_order_is_not_refunded(self, company: HasCustomers) -> None:
        done = await company.customers.request_refund(ANNA, "FH40000004", None, "", key="k")
        assert (done.outcome, done.code) == ("refused", "not_paid")
