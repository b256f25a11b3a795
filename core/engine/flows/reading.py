"""What a message adds to a flow. Pure.

Above: `dialogue`. Below: `slots`, `cues`, `state`.
"""

from __future__ import annotations

import re

from core.engine.flows.cues import (
    CORRECTION,
    GENERAL,
    HAS_NOT,
    LEAVE,
    LEAVE_FIRST,
    WAIT,
    fold,
    fold_keeping,
)
from core.engine.flows.slots import (
    read_address,
    read_amount,
    read_email,
    read_number,
    read_reason,
    wants_everything,
)
from core.engine.flows.state import FlowState

_CHOICE = re.compile(
    r"^\W*(?:n[or]?\.?|c\.|no|the|to|la|el|die|das)?\s?(\d{1,2})(?:st|nd|rd|th)?\W*$"
)
_TAIL = 3  # digits by which an order on offer is told from the others


def leaves(text: str) -> bool:
    """True if the message is nothing but a word that ends the flow."""
    return LEAVE.search(fold(text)) is not None


def leaves_for(text: str) -> bool:
    """True if it ends the flow and goes on with something else."""
    found = LEAVE_FIRST.match(fold(text))
    return found is not None and len(fold(text)[found.end() :].split()) > 1


def waits(text: str) -> bool:
    """True if the message only asks for patience."""
    return WAIT.search(fold(text)) is not None


def has_not(text: str) -> bool:
    """True if the customer has not what was asked for."""
    return HAS_NOT.search(fold(text)) is not None


def is_question(text: str) -> bool:
    """True if it asks something instead of answering."""
    return (
        text.rstrip().endswith(("?", "？")) or GENERAL.match(fold(text).lstrip(" ¿¡")) is not None
    )


def fill(flow: FlowState, text: str) -> FlowState:
    """The flow with whatever the message gives; the same flow when it gives nothing."""
    found: dict[str, object] = {}
    address = _address(flow, text)
    number = _number(flow, text, in_address=address is not None)
    if number is not None and number != flow.number:
        found["number"] = number
    if (email := read_email(text)) is not None:
        found["email"] = email
    if address is not None:
        found["address"] = address
    if flow.name in {"request_refund", "cancel_order"}:
        found |= _money(flow, text, taken=bool(found))
    return flow.model_copy(update=found) if found else flow


def _address(flow: FlowState, text: str) -> str | None:
    if flow.name != "change_address":
        return None
    corrected = CORRECTION.match(fold_keeping(text))
    if corrected is not None and (flow.address is not None or flow.asked == "address"):
        found = read_address(text[corrected.end() :], asked=True)
        return found if found is not None and read_number(found, asked=True) != found else None
    return read_address(text, asked=flow.asked == "address")


def _number(flow: FlowState, text: str, *, in_address: bool) -> str | None:
    if flow.choices and flow.asked == "number" and (chosen := _choice(flow, text)) is not None:
        return chosen
    if in_address and flow.number is not None:
        return None  # what looks like a number belongs to the address
    corrects = flow.number is not None and CORRECTION.match(fold(text)) is not None
    confirms = flow.number is not None and flow.asked is None and len(text.split()) <= 2
    asked = flow.asked == "number" or corrects or confirms
    number = read_number(text, asked=asked and not in_address and flow.asked != "reason")
    if number is not None and corrects and flow.asked != "number" and len(number) < _TAIL:
        return None  # of a house, or a day
    return number


def _choice(flow: FlowState, text: str) -> str | None:
    """An offered order, by its place or by a part of its number."""
    place = _CHOICE.match(fold(text))
    if place is not None and 1 <= int(place[1]) <= len(flow.choices):
        return flow.choices[int(place[1]) - 1]
    for digits in re.findall(r"\d+", text):
        ending = [choice for choice in flow.choices if choice.endswith(digits)]
        if len(digits) >= _TAIL and len(ending) == 1:
            return ending[0]
    return None


def _money(flow: FlowState, text: str, *, taken: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    amount = read_amount(text) if flow.name == "request_refund" else None
    if amount is not None:
        found["amount"] = f"{amount:.2f}"
    elif flow.amount is not None and wants_everything(text):
        found["amount"] = None
    whole = flow.asked == "reason" and not taken and not found
    reason = read_reason(text, asked=whole)
    if reason is not None:
        found["reason"] = reason
    return found
