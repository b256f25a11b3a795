"""What becomes of a refund that is asked for: pure. Above: `writing`. Below: records, limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from core.customers.limits import RefundLimits
from core.customers.records import Refund
from core.messages import Frozen

_WINDOW = timedelta(days=30)
_CENT = Decimal("0.01")


class RefundPlan(Frozen):
    """`done`: give it; `waiting`: a person decides; `refused`: it cannot be. `amount` is exact."""

    outcome: Literal["done", "waiting", "refused"]
    code: str = "ok"
    amount: Decimal = Decimal(0)


def plan_refund(
    *, status: str, order: str, total: Decimal, currency: str, wanted: Decimal | None,
    past: Sequence[Refund], limits: RefundLimits, now: datetime,
) -> RefundPlan:  # fmt: skip
    """`past` are all refunds of the customer. Refunds of one order count together, so that a large
    one is not let through in pieces; those that wait count as if they were given."""
    if status == "placed":
        return RefundPlan(outcome="refused", code="not_paid")
    given = [refund for refund in past if refund.status != "refused"]
    before = sum((refund.amount for refund in given if refund.order == order), Decimal(0))
    left = total - before
    if left <= 0:
        return RefundPlan(outcome="refused", code="already_refunded")
    if wanted is not None and (not wanted.is_finite() or wanted > left):
        return RefundPlan(outcome="refused", code="above_total", amount=left)
    amount = left if wanted is None else wanted.quantize(_CENT)
    if amount <= 0:
        return RefundPlan(outcome="refused", code="above_total", amount=left)
    if before + amount > limits.refund_above or currency != limits.currency:
        return RefundPlan(outcome="waiting", code="above_limit", amount=amount)
    recent = [refund for refund in given if refund.asked_at > now - _WINDOW]
    if len(recent) >= limits.refunds_in_30_days:
        return RefundPlan(outcome="waiting", code="too_many_refunds", amount=amount)
    return RefundPlan(outcome="done", amount=amount)
