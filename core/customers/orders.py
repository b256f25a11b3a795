"""How order numbers and addresses are compared, and what strangers may know of an order. Pure.

Above: `reading`, `crm.system`. Below: `records`.
"""

from __future__ import annotations

import re
from typing import Any

from core.customers.records import Order

_NOT_SIGNS = re.compile(r"[\W_]+")


def canonical(number: str) -> str:
    """An order number without signs and case: `#fh-4012 8837` is `FH40128837`."""
    return _NOT_SIGNS.sub("", number).upper()


def digits_of(number: str) -> str:
    """Its digits alone, which is what many people give."""
    return "".join(sign for sign in number if sign.isdigit())


def fold_email(email: str) -> str:
    """As addresses are compared."""
    return email.strip().casefold()


def only_status(order: Order) -> Order:
    """What somebody may know who is not identified: where it is, and when it comes."""
    hidden: dict[str, Any] = {"items": (), "address": None, "partial": True}
    return order.model_copy(update=hidden)
