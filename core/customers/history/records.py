"""A line of a customer's history, and how far the telling of it got, as values.

Above: `outbox`, `writer`, `sql`, `core.customers.crm.history`. Below: the vocabulary. Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from core.messages import Frozen

Cause = Literal["closed", "returned"]
OutboxStatus = Literal["waiting", "written", "skipped", "dead"]
# What came of a try: `written`; `unknown`: the system knows no such customer, or the contact is
# not proved; `unsupported`: the system keeps no history.
Written = Literal["written", "unknown", "unsupported"]
# Pauses after the first attempt, the second … (seconds): about a day in all.
PAUSES = (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200)
MOST_ATTEMPTS = len(PAUSES) + 1


class HistoryRecord(Frozen):
    """What a conversation came to. `cause`: it was closed, or people gave it back to the AI;
    `by` is who did it (customer, human_agent, system), `resolution` what they gave as the reason or
    wrote down as decided. `links` lead people of the other system to it."""

    conversation: str
    cause: Cause
    at: datetime
    by: str
    channel: str | None = None
    specialist: str | None = None
    language: str | None = None
    summary: str = ""
    resolution: str = ""
    ticket: str | None = None
    messages: int = 0
    links: dict[str, str] = Field(default_factory=dict[str, str])


class Waiting(Frozen):
    """A line that waits to be told. `key` is the same however often it is."""

    key: str
    conversation: str
    seq: int
    cause: Cause
    at: datetime
    status: OutboxStatus = "waiting"
    attempts: int = 0
    last_error: str | None = None


def history_key(conversation: str, seq: int) -> str:
    """The name of what ended at this entry: a repeat under it is the same line."""
    return f"history:{conversation}:{seq}"


def next_try(attempts: int, now: datetime, *, jitter: float) -> datetime | None:
    """When to try again after so many attempts; None: never. `jitter` (-1 to 1) moves it by up to a
    tenth."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return now + timedelta(seconds=PAUSES[attempts - 1] * (1 + jitter / 10))
