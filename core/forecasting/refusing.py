"""When nobody can say what is to come, and why. Above: `asking`, `model`. Below: `records`."""

from __future__ import annotations

from core.forecasting.records import History, Refusal

DAY, WEEK = 24, 168
LEAST_HOURS = 2 * WEEK
LEAST_COUNT = 100


def refuse(history: History) -> Refusal | None:
    """Why there can be no forecast; None: there can."""
    if len(history.counts) < LEAST_HOURS:
        days = len(history.counts) / DAY
        reason = f"{days:.1f} days are known; a week repeats, so two weeks are needed"
        return Refusal(code="too_short", reason=reason)
    if (total := sum(history.counts[-LEAST_HOURS:])) < LEAST_COUNT:
        reason = f"{total} in two weeks; of fewer than {LEAST_COUNT} no pattern can be told"
        return Refusal(code="too_little", reason=reason)
    return None
