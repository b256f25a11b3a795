"""Finds the order a flow is about, or says what is missing to find it.

Above: `dialogue`. Below: the customer system. Who is identified well enough sees their own orders;
everybody else must give number and e-mail address of the order, and has few tries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from core.customers.ports import CustomerSystem
from core.customers.records import Order
from core.engine.flows.state import FlowState
from core.engine.flows.telling import candidates
from core.engine.scene import Scene
from core.specialists.tools.base import Bench

_MOST_MISSES = 2
_MOST_ORDERS = 10
_MOST_WRONG = 2


@dataclass(frozen=True)
class Trouble:
    """No order yet. `phrase` asks for what is missing, `flow` waits for it, `orders` are to choose
    from; `gives_up` says that a person should take over."""

    phrase: str
    flow: FlowState
    fields: dict[str, str] = field(default_factory=dict[str, str])
    orders: tuple[Order, ...] = ()
    gives_up: bool = False


class Lookup:
    """Looks for one subject; wrong tries are counted on the bench."""

    def __init__(self, customers: CustomerSystem, bench: Bench, read_level: int) -> None:
        self._customers = customers
        self._bench = bench
        self._identified = bench.subject.level >= read_level

    def today(self, scene: Scene) -> date:
        """By the clock of the store, so that a repeat of the turn says the same."""
        return scene.claim.entries[-1].at.date()

    async def find(self, flow: FlowState) -> Order | Trouble:
        """The order, or what stands in the way. Raises `CustomerSystemError`."""
        if self._identified:
            return await self._find_own(flow)
        return await self._find_by_email(flow)

    async def _find_own(self, flow: FlowState) -> Order | Trouble:
        if flow.number is None:
            return await self._choose(flow)
        order = await self._customers.find_order(self._bench.subject, flow.number, email=flow.email)
        if order is not None:
            return order
        own = await self._customers.orders(self._bench.subject, limit=_MOST_ORDERS)
        offered = candidates(own, flow.name)
        return Trouble(
            "flow_not_found",
            flow.model_copy(
                update={
                    "number": None, "asked": "number", "wrong": flow.wrong + 1,
                    "choices": tuple(order.number for order in offered),
                }
            ),
            {"order": flow.number},
            orders=tuple(offered),
            gives_up=flow.wrong + 1 >= _MOST_WRONG,
        )  # fmt: skip

    async def _choose(self, flow: FlowState) -> Order | Trouble:
        """The only one, or one of several by button."""
        orders = await self._customers.orders(self._bench.subject, limit=_MOST_ORDERS)
        offered = candidates(orders, flow.name)
        if len(offered) == 1:
            return offered[0]
        numbers = tuple(order.number for order in offered)
        waits = flow.model_copy(update={"asked": "number", "choices": numbers})
        if offered:
            return Trouble("flow_choose_order", waits, orders=tuple(offered))
        return Trouble("flow_ask_number", waits)

    async def _find_by_email(self, flow: FlowState) -> Order | Trouble:
        if self._bench.misses >= _MOST_MISSES:
            return Trouble("flow_no_match", flow, gives_up=True)
        if flow.number is None:
            phrase = "flow_ask_number" if flow.email else "flow_ask_both"
            return Trouble(phrase, flow.model_copy(update={"asked": "number"}))
        if flow.email is None:
            waits = flow.model_copy(update={"asked": "email"})
            return Trouble("flow_ask_email", waits, {"order": flow.number})
        order = await self._customers.find_order(self._bench.subject, flow.number, email=flow.email)
        if order is not None:
            return order
        self._bench.misses += 1  # of the whole conversation
        return Trouble(
            "flow_no_match",
            flow.model_copy(update={"asked": "number"}),
            gives_up=self._bench.misses >= _MOST_MISSES,
        )
