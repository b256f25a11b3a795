"""A CRM over HTTP: what it says, what it leaves out, how it fails and how it lies."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from core.customers.crm.client import CrmClient
from core.customers.crm.history import CrmHistory
from core.customers.crm.settings import CrmSettings
from core.customers.crm.system import CrmCustomers
from core.customers.records import Subject
from core.errors import CustomerSystemError
from switchboard.crm import CrmFetch
from tests.fakes.crm_server import KEY, CrmServer, Fault, open_crm_server

CONVERSATION = "cv_00_0123456789abcdefghijkl"
ANNA = Subject(conversation=CONVERSATION, contact="anna", level=2)
BERT = Subject(conversation=CONVERSATION, contact="bert", level=2)
NOBODY = Subject(conversation=CONVERSATION)
CLAIMED = Subject(conversation=CONVERSATION, contact="anna", level=0)


def an_order(number: str, **more: Any) -> dict[str, Any]:
    return {
        "number": number, "status": "paid", "placed_at": "2026-05-01T10:00:00Z", "total": "100.00",
        "items": [{"name": "Thing", "quantity": 2, "price": "50.00"}], "address": "Street 1",
        **more,
    }  # fmt: skip


@dataclass
class Company:
    """The CRM, and the house's view of it. `later`: so many seconds the clock is turned on."""

    crm: CrmServer
    customers: CrmCustomers
    client: CrmClient
    later: list[float]


@pytest.fixture
async def company() -> AsyncGenerator[Company]:
    async with open_crm_server() as crm:
        crm.customers = {
            "anna": {
                "id": "anna", "name": "Anna", "email": "Anna@shop.example", "tier": "gold",
                "orders": [
                    an_order("FH40000001"),
                    an_order("FH40000002", status="Shipped", placed_at="2026-05-02T10:00:00",
                             carrier="Post", tracking_url="javascript:alert(1)"),
                ],
                "billing": {
                    "plan": "Home", "next_charge": "29.00", "currency": "EUR",
                    "invoices": [{"number": "I1", "issued_on": "2026-05-01", "amount": 100.0,
                                  "status": "paid"}, {"number": None}],
                },
            },
            "bert": {"id": "bert", "name": "Bert", "email": "bert@shop.example",
                     "orders": [an_order("FH50000001")]},
        }  # fmt: skip
        fetch = CrmFetch(CrmSettings.model_validate({"url": crm.url, "api_key": KEY}))
        later = [0.0]
        client = CrmClient(fetch, deadline_seconds=2.0, clock=lambda: time.monotonic() + later[0])
        yield Company(crm, CrmCustomers(client), client, later)
        await fetch.close()


async def test_customer_orders_and_billing_are_read(company: Company) -> None:
    found = await company.customers.customer(ANNA)
    assert found is not None and (found.name, found.tier) == ("Anna", "gold")
    numbers = [order.number for order in await company.customers.orders(ANNA)]
    assert numbers == ["FH40000002", "FH40000001"]
    billing = await company.customers.billing(ANNA)
    assert billing is not None and billing.next_charge == Decimal("29.00")
    assert [(item.number, item.amount) for item in billing.invoices] == [("I1", Decimal("100.0"))]


async def test_a_proved_address_of_a_mail_is_its_customer(company: Company) -> None:
    subject = ANNA.model_copy(update={"contact": "email:anna@SHOP.example", "level": 1})
    found = await company.customers.customer(subject)
    assert found is not None and found.id == "anna"


async def test_who_is_not_proved_is_nobody_and_the_crm_is_not_asked(company: Company) -> None:
    for subject in (CLAIMED, NOBODY):
        assert await company.customers.customer(subject) is None
        assert await company.customers.orders(subject) == ()
        assert await company.customers.billing(subject) is None
    assert company.crm.asked == []


async def test_number_and_email_together_show_the_status_only(company: Company) -> None:
    find = company.customers.find_order
    found = await find(NOBODY, "#fh 4000-0002", email=" ANNA@shop.example ")
    assert found is not None and found.partial and found.status == "shipped"
    assert (found.address, found.items, found.tracking_url) == (None, (), None)
    assert await find(NOBODY, "FH40000002", email="bert@shop.example") is None
    assert await find(ANNA, "FH50000001") is None


async def test_a_change_is_passed_on_as_a_ticket_once_for_its_key(company: Company) -> None:
    cancel = company.customers.cancel_order
    company.crm.plan = []
    first = await cancel(ANNA, "FH40000001", "too late", key="k1")
    again = await cancel(ANNA, "FH40000001", "too late", key="k1")
    assert (first.outcome, first.code, first.reference) == ("waiting", "passed_on", "CRM-1")
    assert again == first
    assert list(company.crm.tickets) == ["k1"]
    late = await cancel(ANNA, "FH40000002", "", key="k2")
    assert (late.outcome, late.code) == ("refused", "already_sent")
    theirs = await cancel(ANNA, "FH50000001", "", key="k3")
    assert (theirs.outcome, theirs.code) == ("refused", "no_such_order")


async def test_a_ticket_whose_answer_was_lost_is_made_once(company: Company) -> None:
    await company.customers.orders(ANNA)
    company.crm.plan = ["loses"]
    done = await company.customers.request_refund(ANNA, "FH40000001", None, "late", key="k")
    assert (done.reference, len(company.crm.tickets)) == ("CRM-1", 1)


@pytest.mark.parametrize("amount", ["0", "-1", "100.01", "NaN", "Infinity"])
async def test_a_senseless_refund_is_not_passed_on(company: Company, amount: str) -> None:
    refund = company.customers.request_refund
    done = await refund(ANNA, "FH40000001", Decimal(amount), "", key="k")
    assert (done.code, company.crm.tickets) == ("above_total", {})


@pytest.mark.parametrize("fault", ["500", "cut", "half", "html", "empty", "huge", "429", "slow"])
async def test_a_fault_that_passes_is_not_seen(company: Company, fault: Fault) -> None:
    company.crm.plan = [fault]
    company.client.breaker.succeed()
    found = await company.customers.customer(ANNA)
    assert found is not None and found.name == "Anna"


@pytest.mark.parametrize("fault", ["500", "cut", "half", "html", "401", "422", "redirect"])
async def test_a_fault_that_stays_says_so(company: Company, fault: Fault) -> None:
    company.crm.plan = [fault] * 10
    with pytest.raises(CustomerSystemError):
        await company.customers.customer(ANNA)


async def test_a_crm_that_stalls_is_given_up_at_the_deadline(company: Company) -> None:
    company.crm.plan = ["stall"]
    client = CrmClient(company.client._fetch, deadline_seconds=0.2)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(CustomerSystemError):
        await CrmCustomers(client).customer(ANNA)


async def test_a_sick_crm_is_left_alone_and_asked_again_later(company: Company) -> None:
    company.crm.plan = ["500"] * 6
    for _ in range(2):
        with pytest.raises(CustomerSystemError):
            await company.customers.customer(ANNA)
    assert len(company.crm.asked) == 5
    with pytest.raises(CustomerSystemError):
        await company.customers.customer(ANNA)
    assert len(company.crm.asked) == 5
    company.crm.plan, company.later[0] = [], 100.0
    assert await company.customers.customer(ANNA) is not None


async def test_the_same_question_within_a_moment_is_asked_once(company: Company) -> None:
    for _ in range(3):
        await company.customers.orders(ANNA)
    assert len(company.crm.asked) == 2
    company.later[0] = 31.0
    await company.customers.orders(ANNA)
    assert len(company.crm.asked) == 4


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/customers/anna", {"id": "bert", "name": "Bert"}),
        ("/customers/anna", {"name": "No id"}),
        ("/customers/anna", ["anna"]),
        ("/customers/anna", "anna"),
    ],
)
async def test_a_customer_that_was_not_asked_for_is_not_believed(
    company: Company, path: str, answer: Any
) -> None:
    company.crm.lies[path] = answer
    with pytest.raises(CustomerSystemError):
        await company.customers.customer(ANNA)


@pytest.mark.parametrize(
    "orders",
    [
        [an_order("FH50000001", customer="bert")],
        [{"number": 7}, an_order("X", status="exploded"), an_order("Y", placed_at="yesterday"), 5],
        {"orders": "many"},
        {"message": "ok"},
    ],
)
async def test_orders_that_make_no_sense_or_are_others_are_left_out(
    company: Company, orders: Any
) -> None:
    company.crm.lies["/customers/anna/orders"] = orders
    assert list(await company.customers.orders(ANNA)) == []


async def test_two_customers_with_one_address_are_nobody(company: Company) -> None:
    company.crm.customers["bert"]["email"] = "anna@shop.example"
    subject = ANNA.model_copy(update={"contact": "anna@shop.example"})
    assert await company.customers.customer(subject) is None


async def test_the_key_goes_to_the_crm_and_into_no_message(company: Company) -> None:
    company.crm.plan = ["401"] * 3
    with pytest.raises(CustomerSystemError) as caught:
        await company.customers.customer(BERT)
    assert KEY not in str(caught.value) + repr(company.client._fetch)  # pyright: ignore[reportPrivateUsage]


async def test_a_request_that_is_refused_is_no_sign_of_a_sick_crm(company: Company) -> None:
    company.crm.plan = ["422"] * 6
    for _ in range(6):
        with pytest.raises(CustomerSystemError):
            await company.customers.customer(ANNA)
    assert company.client.breaker.state == "closed"
    assert await company.customers.customer(ANNA) is not None


@pytest.mark.parametrize(
    ("lie", "shown"),
    [
        ({"history": [{"conversation": "c1", "at": "2026-05-01T10:00:00Z", "summary": "Lost"}]},
         ["Lost"]),
        ([{"id": "c1", "created_at": "2026-05-01", "subject": "By other names"}],
         ["By other names"]),
        ({"history": [{"summary": "of bert", "at": "2026-05-01", "customer": "bert"}]}, []),
        ({"history": [{"at": "yesterday"}, 7, None, {"summary": "no time"}]}, []),
        ({"history": "many"}, []), ({"items": []}, []),
    ],
)  # fmt: skip
async def test_a_history_that_makes_no_sense_or_is_anothers_is_left_out(
    company: Company, lie: Any, shown: list[str]
) -> None:
    company.crm.lies["/customers/anna/history"] = lie
    found = await CrmHistory(company.client).recent(ANNA)
    assert [record.summary for record in found] == shown
