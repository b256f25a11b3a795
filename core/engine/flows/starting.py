"""Which flow a message begins, if any. Pure.

Above: `dialogue`. Below: `cues`, `slots`. Questions about how things go belong to the help pages; a
flow is for one's own order.
"""

from __future__ import annotations

from core.engine.flows.cues import (
    ADDRESS,
    CANCEL,
    DELIVERY,
    GENERAL,
    MAY_I,
    MONEY_WAITED_FOR,
    NOT_A_PARCEL,
    NOT_AN_ORDER,
    NOUN,
    OWN,
    REFUND,
    STATUS,
    THIS_ONE,
    fold,
)
from core.engine.flows.slots import read_number
from core.engine.flows.state import FlowName

# What triage calls the same thing, and which words must not contradict it.
_INTENTS: dict[str, FlowName] = {"order_status": "order_status", "refund_request": "request_refund"}
# What triage calls a matter that only sounds like one of the flows.
_NOT_STATUS = frozenset({
    "feedback", "missing_parcel", "damaged_or_wrong_item", "return_item", "exchange", "pickup",
    "delivery_terms",
})  # fmt: skip
_NOT_REFUND = frozenset({"refund_dispute"})
_LONGEST = 600


def flow_in(
    text: str, *, intent: str | None = None, lent: bool = False, busy: bool = False
) -> FlowName | None:
    """The flow that `text` (one question or demand) begins. `lent` says that an order was just
    spoken of, so that "cancel it" is enough; `busy` that we are dealing with one, so that nobody
    need say that it is theirs."""
    flat, number = fold(text[:_LONGEST]), read_number(text)
    named = number is not None
    if GENERAL.search(flat) and not named:
        return None
    about_it = (
        named or NOUN.search(flat) is not None or (lent and THIS_ONE.search(flat) is not None)
    )
    writes = _write_in(flat, about_it=about_it)
    if writes == "request_refund" and intent in _NOT_REFUND:
        return None
    if writes is not None:
        return writes if named or not MAY_I.search(flat) else None
    own, guessed = named or OWN.search(flat) is not None, _INTENTS.get(intent or "")
    if guessed == "request_refund":
        waits = MONEY_WAITED_FOR.search(flat) or MAY_I.search(flat)
        return guessed if own and about_it and not waits else None
    asks = STATUS.search(flat) is not None
    if guessed == "order_status":
        return guessed if own or about_it or asks else None
    if intent in _NOT_STATUS and not named:
        return None
    return "order_status" if about_it and asks and (own or busy or _is_definite(flat)) else None


def _write_in(flat: str, *, about_it: bool) -> FlowName | None:
    if REFUND.search(flat) and not MONEY_WAITED_FOR.search(flat):
        return "request_refund"
    if ADDRESS.search(flat) and not NOT_A_PARCEL.search(flat):
        return "change_address" if about_it or DELIVERY.search(flat) else None
    if CANCEL.search(flat) and about_it and not NOT_AN_ORDER.search(flat):
        return "cancel_order"
    return None


def _is_definite(flat: str) -> bool:
    """Short, and about the thing itself: "where is the parcel", "stav objednávky"."""
    return len(flat.split()) <= 6
