"""What a customer is told of an order: the system's facts in the house's words, nothing else.

Above: `dialogue`. Below: `core.phrases`, `core.localise`. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from core.customers.records import Order
from core.engine.flows.state import FlowName
from core.localise import write_day, write_money
from core.messages import Button, Buttons
from core.phrases import Phrases

ORDER = "order:"
_MOST = 5
_COMING = frozenset({"placed", "paid", "packed", "shipped"})
_CHANGEABLE = frozenset({"placed", "paid", "packed"})
_GONE = frozenset({"shipped", "delivered", "returned"})


def tell_status(phrases: Phrases, order: Order, language: str, today: date) -> str:
    """Status, carrier, tracking and day, as far as the system knows them."""
    lines = [phrases.say(f"status_{order.status}", language, order=order.number)]
    if order.expected_on is not None and order.status in _COMING:
        key = "status_expected" if order.expected_on >= today else "status_late"
        lines.append(phrases.say(key, language, day=write_day(order.expected_on, language)))
    if order.carrier:
        lines.append(phrases.say("status_carrier", language, carrier=order.carrier))
    if order.tracking:
        lines.append(phrases.say("status_tracking", language, tracking=order.tracking))
    if order.tracking_url:
        lines.append(phrases.say("status_link", language, url=order.tracking_url))
    return "\n".join(lines)


def refusal(order: Order, flow: FlowName) -> str | None:
    """The key of the sentence that says why this cannot be done, when that is certain already."""
    if flow not in {"cancel_order", "change_address"}:
        return None
    if order.status == "cancelled":
        return "refused_already_cancelled"
    return "refused_already_sent" if order.status in _GONE else None


def candidates(orders: Sequence[Order], flow: FlowName) -> list[Order]:
    """The orders that may be meant, newest first: of those to be changed the changeable ones, if
    there are any."""
    if flow in {"cancel_order", "change_address"}:
        changeable = [order for order in orders if order.status in _CHANGEABLE]
        return (changeable or list(orders))[:_MOST]
    return list(orders)[:_MOST]


def order_buttons(orders: Sequence[Order], language: str) -> Buttons:
    """One button for each order: number, day and sum."""
    return Buttons(
        buttons=tuple(
            Button(label=_label(order, language), value=f"{ORDER}{order.number}")
            for order in orders
        )
    )


def _label(order: Order, language: str) -> str:
    day = write_day(order.placed_at.date(), language)
    cost = (write_money(order.total, order.currency, language),) if order.total else ()
    return ", ".join((order.number, day, *cost))
