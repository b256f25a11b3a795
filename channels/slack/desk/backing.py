"""What the desk in Slack works with: the log and its acts, and what other parts of the house offer.

Above: `inbox`; the composition root fills it. Below: `core`. What is None is not there: the button
says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from channels.desk_acts import DeskActs
from core.approvals.records import Approval, Decision
from core.bus.duty import OnDuty
from core.bus.log import RedisLog
from core.conversation import Head
from core.escalation.hours import Hours
from core.files.library import Files
from core.messages import Author, Entry


class Queue(Protocol):
    """The conversations that people own, the most pressing first."""

    async def list(
        self, *, waiting: bool | None = None, holder: str | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """See `core.archive.queue`."""
        ...


class Duty(Protocol):
    """Who is at the desk."""

    async def on(self, person: str, name: str = "") -> OnDuty:
        """Put them on duty."""
        ...

    async def off(self, person: str) -> bool:
        """Take them off; False: they were not on."""
        ...

    async def list(self) -> Sequence[OnDuty]:
        """All who are on duty."""
        ...


class ApprovalDesk(Protocol):
    """Acts that wait for a person."""

    async def find(self, identifier: str) -> Approval | None:
        """One of them, or None."""
        ...

    async def decide(
        self, identifier: str, decision: Decision, *, by: str, comment: str | None = None
    ) -> Approval:
        """Decide, carry out and tell. Raises `Conflict` if it was decided the other way."""
        ...


@dataclass(frozen=True)
class Article:
    """A question and its answer, put forward for the knowledge base."""

    question: str
    answer: str
    category: str | None
    language: str


# Keeps an article for review; gives the entry id of the answer it came from (for the act `save`).
PutForward = Callable[[Head, Article, Author], Awaitable[str]]
# A text in another language; None where nobody can translate.
Translate = Callable[[Head, Entry, str], Awaitable[str | None]]
# Conversations in which something was said, newest first.
Find = Callable[[str, int], Awaitable[list[dict[str, Any]]]]
# What the desk's figures are now, by name.
Figures = Callable[[], Awaitable[dict[str, str]]]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Backing:
    """`channels` are the Slack channels of the desk."""

    log: RedisLog
    acts: DeskActs
    channels: frozenset[str]
    files: Files | None = None
    queue: Queue | None = None
    find: Find | None = None
    figures: Figures | None = None
    duty: Duty | None = None
    approvals: ApprovalDesk | None = None
    put_forward: PutForward | None = None
    translate: Translate | None = None
    language: str = "en"
    hours: Hours = field(default_factory=Hours)
    now: Callable[[], datetime] = _utc_now
