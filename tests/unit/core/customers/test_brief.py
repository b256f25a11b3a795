"""What is known of a customer for one turn: all of it, a part in time, or nothing for strangers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from core.customers.brief import Brief, Briefing
from core.customers.history.records import HistoryRecord, Written
from core.customers.records import Customer, Order, Subject
from core.errors import CustomerSystemError
from core.specialists.sight import brief_notes, brief_seen, default_sight, shown_result
from core.tickets.records import Ticket
from tests.fakes.customers import FakeCustomers, order

AT = datetime(2026, 5, 1, tzinfo=UTC)
ANNA = Subject(conversation="cv_1", contact="anna", level=2)


class Company(FakeCustomers):
    """Slow or broken in one part on command; counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.slow: set[str] = set()
        self.broken_parts: set[str] = set()
        self.asked: list[str] = []

    async def _pass(self, part: str) -> None:
        self.asked.append(part)
        if part in self.slow:
            await asyncio.Event().wait()
        if part in self.broken_parts:
            raise CustomerSystemError("the company is closed")

    async def customer(self, subject: Subject) -> Customer | None:
        await self._pass("customer")
        found = await super().customer(subject)
        return found and found.model_copy(update={"tier": "gold"})

    async def orders(self, subject: Subject, *, limit: int = 10) -> Sequence[Order]:
        await self._pass("orders")
        return await super().orders(subject, limit=limit)

    async def tickets(self, subject: Subject, *, limit: int = 10) -> Sequence[Ticket]:
        await self._pass("tickets")
        states: list[Any] = ["open", "closed"]
        return [
            Ticket(number=f"T{n}", conversation="cv_0", state=state, subject="Broken",
                   created_at=AT, updated_at=AT)
            for n, state in enumerate(states)
        ]  # fmt: skip

    async def write(self, subject: Subject, record: HistoryRecord, *, key: str) -> Written:
        raise AssertionError("a brief writes nothing")

    async def recent(self, subject: Subject, *, limit: int = 5) -> Sequence[HistoryRecord]:
        await self._pass("history")
        return [
            HistoryRecord(conversation=name, cause="closed", at=AT, by="customer", summary="Lost")
            for name in ("cv_1", "cv_0")
        ]


@pytest.fixture
def company() -> Company:
    made = Company()
    made.has("anna", "anna@shop.example", order("FH1"))
    return made


def briefing(company: Company, clock: list[float] | None = None, **more: Any) -> Briefing:
    now = clock or [0.0]
    desk: Any = company
    return Briefing(company, desk, desk, seconds=0.5, clock=lambda: now[0], **more)


async def test_all_parts_are_gathered_without_what_is_over(company: Company) -> None:
    brief = await briefing(company).look(ANNA)
    assert brief is not None and brief.tier == "gold" and brief.missing == ()
    assert [one.number for one in brief.tickets] == ["T0"]
    assert [one.conversation for one in brief.history] == ["cv_0"]
    assert brief.known == ("customer", "orders", "tickets", "history")


@pytest.mark.parametrize("subject", [
    Subject(conversation="cv_1", contact="anna", level=0), Subject(conversation="cv_1"),
])  # fmt: skip
async def test_of_who_is_not_proved_nothing_is_asked(company: Company, subject: Subject) -> None:
    assert await briefing(company).look(subject) is None
    assert company.asked == []


@pytest.mark.parametrize("part", ["orders", "tickets", "history"])
@pytest.mark.parametrize("fault", ["slow", "broken_parts"])
async def test_a_part_that_does_not_come_is_named_and_the_rest_is_there(
    company: Company, part: str, fault: str
) -> None:
    getattr(company, fault).add(part)
    brief = await briefing(company).look(ANNA)
    assert brief is not None and brief.missing == (part,) and brief.tier == "gold"


async def test_what_is_whole_is_remembered_for_a_while_and_what_is_not_is_asked_again(
    company: Company,
) -> None:
    clock = [0.0]
    desk = briefing(company, clock, kept_seconds=60)
    company.broken_parts.add("orders")
    await desk.look(ANNA)
    company.broken_parts.clear()
    await desk.look(ANNA)
    asked = len(company.asked)
    clock[0] = 59.0
    assert (await desk.look(ANNA) or Brief()).orders
    assert len(company.asked) == asked
    clock[0] = 61.0
    await desk.look(ANNA)
    assert len(company.asked) == 2 * asked - asked // 2


async def test_a_system_that_is_late_again_and_again_is_not_waited_for(company: Company) -> None:
    clock = [0.0]
    desk = briefing(company, clock)
    company.slow = {"customer"}
    for _ in range(3):
        assert (await desk.look(ANNA) or Brief()).missing == ("customer", "orders", "history")
    asked = len(company.asked)
    rested = await desk.look(ANNA)
    assert rested is not None and "customer" in rested.missing and len(company.asked) == asked
    company.slow, clock[0] = set(), 16.0
    assert (await desk.look(ANNA) or Brief()).tier == "gold"


async def test_a_specialist_is_shown_its_own_categories_only(company: Company) -> None:
    brief = await briefing(company).look(ANNA)
    assert brief is not None
    assert set(brief_seen(brief, ("tickets",))) == {"open_tickets"}
    assert set(brief_seen(brief, ("customer", "orders", "history"))) == {
        "customer", "last_orders", "earlier_conversations",
    }  # fmt: skip
    assert "anna@" not in str(brief_seen(brief, ("customer",)))
    assert set(brief_notes(brief)) == {"customer", "orders", "tickets", "history"}
    assert brief_notes(None) == {}


def test_results_of_colleagues_are_shown_by_their_outcome() -> None:
    secret = '{"plan": "Home", "invoices": ["I-77"]}'
    assert shown_result("get_billing", secret, ("billing",)) == secret
    hidden = shown_result("get_billing", secret, ("orders",))
    assert "I-77" not in hidden and '"outcome": "found"' in hidden
    done = '{"outcome": "done", "reference": "RF-9"}'
    assert '"done"' in shown_result("request_refund", done, ()) and "RF-9" not in shown_result(
        "request_refund", done, ()
    )
    assert '"failed"' in shown_result("get_orders", '{"error": "away"}', ())
    assert shown_result("search_knowledge", secret, ()) == secret
    assert "hidden" in shown_result("weather_of_somebody", secret, ("billing",))


def test_by_default_a_specialist_sees_what_its_tools_are_for() -> None:
    assert default_sight(["search_knowledge", "get_orders"]) == ("customer", "orders", "history")
    assert "billing" in default_sight(["get_billing"])
