"""What every system of customers, tickets and approvals must do, on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.customers.limits import RefundLimits
from core.customers.records import Subject
from core.errors import CustomerSystemError
from core.tickets.records import NewTicket, TicketChange
from tests.contract.customer_systems import CustomerSystemContract
from tests.contract.customers_rig import (
    ANNA,
    BERT,
    CONVERSATION,
    Company,
    CompanyRig,
)


class CustomersContract(CustomerSystemContract):
    """What the house's own tables do beside that. Subclasses give a `rig`."""

    @pytest.fixture
    async def company(self, rig: CompanyRig) -> AsyncGenerator[Company]:
        async with rig.process() as company:
            yield company

    async def test_a_contact_that_a_table_names_is_their_customer(self, company: Company) -> None:
        subject = Subject(conversation=CONVERSATION, contact="telegram:7", level=1)
        found = await company.customers.customer(subject)
        assert found is not None and found.name == "Anna"

    # ---- changing orders -----------------------------------------------------------------------

    async def test_an_address_changes_until_the_order_is_packed(self, company: Company) -> None:
        change = company.customers.change_address
        done = await change(ANNA, "FH40000001", " New\n street  2 ", key="a")
        assert done.outcome == "done" and done.facts["address"] == "New street 2"
        late = await change(ANNA, "FH40000002", "New street 2", key="b")
        assert (late.outcome, late.code) == ("refused", "already_sent")
        found = await company.customers.find_order(ANNA, "FH40000001")
        assert found is not None and found.address == "New street 2"

    async def test_a_cancellation_is_done_once_for_its_key(self, company: Company) -> None:
        cancel = company.customers.cancel_order
        first = await cancel(ANNA, "FH40000001", "", key="a")
        again = await cancel(ANNA, "FH40000001", "", key="a")
        other = await cancel(ANNA, "FH40000001", "", key="b")
        assert first.outcome == "done" and again == first
        assert (other.outcome, other.code) == ("refused", "already_cancelled")

    # ---- money ---------------------------------------------------------------------------------

    async def test_a_refund_repeated_under_its_key_is_one_refund(
        self, rig: CompanyRig, company: Company
    ) -> None:
        async with rig.process() as other:
            results = await asyncio.gather(
                *(
                    each.customers.request_refund(
                        ANNA, "FH40000001", Decimal(30), "late", key="same"
                    )
                    for each in (company, other, company, other)
                )
            )
        assert len(set(map(str, results))) == 1 and results[0].outcome == "done"
        billing = await company.customers.billing(ANNA)
        assert billing is not None and [item.amount for item in billing.refunds] == [Decimal(30)]

    async def test_an_order_is_never_refunded_beyond_its_total(
        self, rig: CompanyRig, company: Company
    ) -> None:
        async with rig.process() as other:
            results = await asyncio.gather(
                *(
                    each.customers.request_refund(
                        ANNA, "FH40000001", Decimal(60), "", key=f"key-{n}"
                    )
                    for n, each in enumerate((company, other, company, other))
                )
            )
        codes = sorted(f"{item.outcome} {item.code}" for item in results)
        assert codes == ["done ok", *["refused above_total"] * 3]
        rest = await company.customers.request_refund(ANNA, "FH40000001", None, "", key="rest")
        assert rest.facts["amount"] == "40.00"
        gone = await company.customers.request_refund(ANNA, "FH40000001", None, "", key="gone")
        assert (gone.outcome, gone.code) == ("refused", "already_refunded")

    async def test_a_refund_above_the_limit_waits_even_in_pieces(self, company: Company) -> None:
        refund = company.customers.request_refund
        first = await refund(ANNA, "FH40000003", Decimal(900), "", key="a")
        second = await refund(ANNA, "FH40000003", Decimal(200), "", key="b")
        assert first.outcome == "done"
        assert (second.outcome, second.code) == ("waiting", "above_limit")
        (approval,) = await company.approvals.list()
        assert approval.id == second.reference
        assert approval.arguments["amount"] == "200.00" and approval.subject == ANNA
        assert await refund(ANNA, "FH40000003", Decimal(200), "", key="b") == second
        assert len(await company.approvals.list()) == 1

    async def test_too_many_refunds_within_thirty_days_wait(self, rig: CompanyRig) -> None:
        async with rig.process(RefundLimits(refunds_in_30_days=1)) as company:
            refund = company.customers.request_refund
            assert (await refund(ANNA, "FH40000001", Decimal(1), "", key="a")).outcome == "done"
            second = await refund(ANNA, "FH40000002", Decimal(1), "", key="b")
            assert (second.outcome, second.code) == ("waiting", "too_many_refunds")
            company.time[0] += timedelta(days=31)
            later = await refund(ANNA, "FH40000002", Decimal(1), "", key="c")
            assert later.outcome == "done"

    async def test_a_waiting_refund_becomes_what_the_person_decides(
        self, rig: CompanyRig, company: Company
    ) -> None:
        asked = await company.customers.request_refund(ANNA, "FH40000003", None, "", key="a")
        assert asked.reference is not None
        at = company.time[0]
        assert await company.approvals.decide(
            asked.reference, "approve", by="desk", comment=None, at=at
        )
        async with rig.process() as other:  # after a restart
            approval = await other.approvals.find(asked.reference)
            assert approval is not None and approval.status == "approved"
            results = await asyncio.gather(
                *(each.customers.settle_refund(approval) for each in (company, other))
            )
        assert {item.outcome for item in results} == {"done"}
        billing = await company.customers.billing(ANNA)
        assert billing is not None
        assert [(item.status, item.amount) for item in billing.refunds] == [
            ("done", Decimal("1500.00"))
        ]

    async def test_what_waits_counts_as_given(self, company: Company) -> None:
        refund = company.customers.request_refund
        assert (await refund(ANNA, "FH40000003", None, "", key="a")).outcome == "waiting"
        second = await refund(ANNA, "FH40000003", Decimal(10), "", key="b")
        assert (second.outcome, second.code) == ("refused", "already_refunded")

    async def test_a_refund_once_settled_stays_as_it_is(self, company: Company) -> None:
        asked = await company.customers.request_refund(ANNA, "FH40000003", None, "", key="a")
        approval = await company.approvals.find(asked.reference or "")
        assert approval is not None
        settle = company.customers.settle_refund
        for decision, expected in (("reject", "refused"), ("approve", "refused")):
            decided = approval.model_copy(update={"decision": decision})
            assert (await settle(decided)).outcome == expected

    async def test_a_decision_counts_once(self, company: Company) -> None:
        asked = await company.customers.request_refund(ANNA, "FH40000003", None, "", key="a")
        store, at = company.approvals, company.time[0]
        assert asked.reference is not None
        fields: dict[str, Any] = {"by": "desk", "comment": None, "at": at}
        decided = await asyncio.gather(
            store.decide(asked.reference, "approve", **fields),
            store.decide(asked.reference, "reject", **fields),
        )
        assert sorted(decided) == [False, True]

    # ---- tickets -------------------------------------------------------------------------------

    async def test_a_ticket_is_opened_once_for_its_key(
        self, rig: CompanyRig, company: Company
    ) -> None:
        new = NewTicket(subject="Leaks", body="It leaks.", priority="high", tags=("pump",))
        async with rig.process() as other:
            made = await asyncio.gather(
                *(
                    each.tickets.create(ANNA, new, by="technical", key="same")
                    for each in (company, other, company)
                )
            )
        assert len({ticket.number for ticket in made}) == 1
        (listed,) = await company.tickets.tickets(ANNA)
        assert (listed.state, listed.priority, listed.tags) == ("open", "high", ("pump",))
        assert [event.state for event in made[0].history] == ["open"]

    async def test_a_ticket_is_changed_by_those_it_belongs_to_only(self, company: Company) -> None:
        desk = company.tickets
        ticket = await desk.create(ANNA, NewTicket(subject="Leaks"), by="x", key="a")
        done = TicketChange(state="resolved", note="New pump.")
        assert await desk.update(BERT, ticket.number, done, by="x", key="b") is None
        elsewhere = ANNA.model_copy(update={"conversation": BERT.conversation})
        claimed = elsewhere.model_copy(update={"level": 0})
        assert await desk.update(claimed, ticket.number, done, by="x", key="c") is None
        changed = await desk.update(elsewhere, ticket.number.lower(), done, by="x", key="d")
        again = await desk.update(elsewhere, ticket.number, done, by="x", key="d")
        assert changed is not None and changed == again
        assert (changed.state, len(changed.history)) == ("resolved", 2)

    async def test_a_claimed_contact_does_not_get_at_tickets(self, company: Company) -> None:
        """A ticket opened under a bare claim is not the proved contact's, nor the reverse."""
        claimed = BERT.model_copy(update={"contact": "anna", "level": 0})
        await company.tickets.create(claimed, NewTicket(subject="Mine?"), by="x", key="a")
        assert await company.tickets.tickets(ANNA) == []

    async def test_a_database_that_is_gone_says_so(self, company: Company) -> None:
        async with company.database.write() as connection:
            for table in ("customers", "tickets", "approvals"):
                await connection.exec_driver_sql(f"DROP TABLE {table}")
        with pytest.raises(CustomerSystemError):
            await company.customers.orders(ANNA)
        with pytest.raises(CustomerSystemError):
            await company.customers.cancel_order(ANNA, "FH40000001", "", key="k")
        with pytest.raises(CustomerSystemError):
            await company.tickets.create(ANNA, NewTicket(subject="x y z"), by="x", key="k")
        with pytest.raises(CustomerSystemError):
            await company.approvals.list()
        with pytest.raises(CustomerSystemError):
            await company.approvals.decide(
                "AP-1", "approve", by="x", comment=None, at=company.time[0]
            )
