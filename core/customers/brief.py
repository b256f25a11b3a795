"""What the company's systems know of a customer, gathered for one turn: quickly, or in part.

Above: `core.engine.scene`, the desk. Below: the ports of customers, tickets and history. No turn
waits longer than the deadline: what did not come in time is named as missing. Who is not proved is
nobody, and nothing is asked.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from core.breaker import Breaker
from core.conversation import BARE_CLAIM
from core.customers.history.ports import HistoryBook
from core.customers.history.records import HistoryRecord
from core.customers.ports import CustomerSystem
from core.customers.records import Customer, Order, Subject
from core.errors import SwitchboardError
from core.messages import Frozen
from core.tickets.ports import TicketDesk
from core.tickets.records import Ticket

T = TypeVar("T")
_log = structlog.get_logger("crm")
_ORDERS, _TICKETS, _PAST = 3, 5, 3
_MOST_KEPT = 2_000
_DONE = frozenset({"resolved", "closed"})
# After so many late answers in a row nobody waits for the next ones for a while.
_LATE, _REST_SECONDS = 3, 15.0


class Brief(Frozen):
    """`customer` None: nobody we know, or it could not be read (then `missing` says so). `missing`
    names the parts that did not come: customer, orders, tickets, history."""

    customer: Customer | None = None
    orders: tuple[Order, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    history: tuple[HistoryRecord, ...] = ()
    missing: tuple[str, ...] = ()
    milliseconds: float = 0.0

    @property
    def tier(self) -> str | None:
        """What kind of customer it is."""
        return self.customer.tier if self.customer else None

    @property
    def known(self) -> tuple[str, ...]:
        """The parts that hold something."""
        parts = ("customer", "orders", "tickets", "history")
        return tuple(name for name in parts if getattr(self, name))


class Briefing:
    """Gathers briefs for all conversations of this process, and remembers them for a moment."""

    def __init__(
        self, customers: CustomerSystem, tickets: TicketDesk, history: HistoryBook | None, *,
        seconds: float = 1.5, kept_seconds: float = 60.0, level: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`level`: how well a customer must be identified to have their own data read."""
        self._customers = customers
        self._tickets = tickets
        self._history = history
        self._seconds = seconds
        self._kept_seconds = kept_seconds
        self._level = max(level, BARE_CLAIM + 1)
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str, int], tuple[float, Brief]] = OrderedDict()
        self._patience = Breaker(failures=_LATE, seconds=_REST_SECONDS, clock=clock)

    async def look(self, subject: Subject) -> Brief | None:
        """The brief; None: not proved, so nothing was asked."""
        if subject.contact is None or subject.level < self._level:
            return None
        name = (subject.conversation, subject.contact, subject.level)
        if (kept := self._kept.get(name)) is not None and kept[0] > self._clock():
            return kept[1]
        if not self._patience.admit():
            return Brief(missing=("customer", "orders", "tickets", "history"))
        started = self._clock()
        try:
            brief = await self._gather(subject, started + self._seconds)
        except BaseException:
            self._patience.release()
            raise
        if "customer" in brief.missing:
            self._patience.fail("late")
        else:
            self._patience.succeed()
        took = round((self._clock() - started) * 1000, 1)
        brief = brief.model_copy(update={"milliseconds": took})
        if not brief.missing:
            self._keep(name, brief)
        return brief

    async def _gather(self, subject: Subject, end: float) -> Brief:
        """The customer first: the other parts of a system over HTTP begin with them."""
        missing: list[str] = []
        tickets, customer = await asyncio.gather(
            self._part("tickets", self._open_tickets(subject), end, missing, ()),
            self._part("customer", self._customers.customer(subject), end, missing, None),
        )
        if customer is None:
            if "customer" in missing:
                missing += ["orders", "history"]
            return Brief(tickets=tickets, missing=tuple(missing))
        orders, history = await asyncio.gather(
            self._part("orders", self._orders(subject), end, missing, ()),
            self._part("history", self._past(subject), end, missing, ()),
        )
        return Brief(
            customer=customer, orders=orders, tickets=tickets, history=history,
            missing=tuple(missing),
        )  # fmt: skip

    async def _part(
        self, name: str, work: Awaitable[T], end: float, missing: list[str], nothing: T
    ) -> T:
        try:
            async with asyncio.timeout(max(0.01, end - self._clock())):
                return await work
        except (SwitchboardError, TimeoutError) as error:
            _log.info("brief_part_missing", part=name, error=type(error).__name__)
            missing.append(name)
            return nothing

    async def _orders(self, subject: Subject) -> tuple[Order, ...]:
        return tuple(await self._customers.orders(subject, limit=_ORDERS))

    async def _open_tickets(self, subject: Subject) -> tuple[Ticket, ...]:
        found: Sequence[Ticket] = await self._tickets.tickets(subject)
        return tuple(ticket for ticket in found if ticket.state not in _DONE)[:_TICKETS]

    async def _past(self, subject: Subject) -> tuple[HistoryRecord, ...]:
        if self._history is None:
            return ()
        found = await self._history.recent(subject, limit=_PAST + 1)
        other = (item for item in found if item.conversation != subject.conversation)
        return tuple(other)[:_PAST]

    def _keep(self, name: tuple[str, str, int], brief: Brief) -> None:
        self._kept[name] = (self._clock() + self._kept_seconds, brief)
        self._kept.move_to_end(name)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
