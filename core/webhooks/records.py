"""Webhooks and their deliveries as values. Above: `store`, REST, the sender. Below: pydantic."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from core.messages import Frozen

DeliveryStatus = Literal["waiting", "delivered", "dead"]
# Pauses after the first attempt, the second … (seconds): about three days in all, as the receivers
# of Standard Webhooks are told to expect.
PAUSES = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
MOST_ATTEMPTS = len(PAUSES) + 1


class Webhook(Frozen):
    """Who is told what. `events` empty: everything."""

    id: str
    url: str
    events: tuple[str, ...] = ()
    description: str = ""
    created_at: datetime
    created_by: str = ""
    disabled_at: datetime | None = None
    disabled_why: str | None = None

    def wants(self, kind: str) -> bool:
        """True if it is told of events of this type."""
        return self.disabled_at is None and (not self.events or kind in self.events)


class Delivery(Frozen):
    """One event for one webhook, and how far it got. `last_status` is the last HTTP answer."""

    webhook: str
    event: str
    type: str
    payload: dict[str, Any]
    status: DeliveryStatus = "waiting"
    attempts: int = 0
    created_at: datetime
    due_at: datetime | None = None
    last_status: int | None = None
    last_error: str | None = None
    done_at: datetime | None = None


class Attempt(Frozen):
    """What an attempt came to. `gone`: the receiver says that it wants nothing more (410).
    `wait_seconds`: how long it asks us to wait."""

    ok: bool
    status: int | None = None
    error: str | None = None
    gone: bool = False
    wait_seconds: float | None = None


def next_due(attempts: int, now: datetime, *, jitter: float, wait_seconds: float | None = None
             ) -> datetime | None:  # fmt: skip
    """When to try again after so many attempts; None: never. `jitter` (-1 to 1) moves it by up to a
    tenth, so that a receiver that comes back is not met by everybody at once."""
    if attempts >= MOST_ATTEMPTS:
        return None
    pause = PAUSES[attempts - 1] * (1 + jitter / 10)
    return now + timedelta(seconds=max(pause, min(wait_seconds or 0, PAUSES[-1])))
