"""Shapes of what REST tells people of the desk: the queue, who is on duty, statistics.

Above: routes, `openapi`. Below: `shapes`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from channels.rest.shapes import Shape, Time
from core.conversation import Owner, Status


class CaseClock(Shape):
    """By when something is due; `soon` and `broken` want somebody."""

    due: str | None
    state: Literal["none", "met", "missed", "runs", "soon", "broken"]


class CaseClocks(Shape):
    """What the desk promises: its first word, and the end of it."""

    first_reply: CaseClock
    resolution: CaseClock


class DeskCase(Shape):
    """A conversation that people own, as its case stands."""

    id: str
    channel: str | None
    contact: str | None
    customer: str | None = Field(description="Under which name the customer wrote last.")
    owner: Owner
    status: Status
    specialist: str | None
    language: str | None
    sentiment: str | None
    priority: str | None
    summary: str | None
    ticket: str | None
    entries: int
    created_at: str = Time
    updated_at: str = Time
    reason: str | None
    case: dict[str, Any] | None = Field(description="The hand-over; null: somebody came in unasked")
    waiting: bool = Field(description="The customer waits for a person's word.")
    waiting_since: str | None
    first_reply_at: str | None
    holder: str | None = Field(description="Who has it.")
    assignee: str | None
    snoozed_until: str | None = Field(description="It rests until then.")
    clocks: CaseClocks


class Cases(Shape):
    """The desk's queue: who waits first, the most urgent and oldest on top; what rests is last."""

    cases: list[DeskCase]


class Person(Shape):
    """Somebody at the desk."""

    id: str
    name: str
    languages: list[str]
    since: str = Time
    until: str = Time


class People(Shape):
    """Who is on duty, those longest there first."""

    people: list[Person]


class Volumes(Shape):
    """How much happened."""

    conversations: int
    messages: dict[str, int]
    turns: int
    cases: int
    closed: int
    acts: dict[str, int] = Field(description="What people did, by act.")


class Resolution(Shape):
    """`confirmed`: somebody closed it; `assumed`: the AI had the last word, and nobody came back
    for a day."""

    confirmed: int
    assumed: int
    open: int
    by_people: int
    by_ai: int
    escalated_share: float


class Times(Shape):
    """Of those that came to their end; quantiles are told within 5 %."""

    count: int
    mean_seconds: float | None
    p50_seconds: float | None
    p95_seconds: float | None


class Ratings(Shape):
    """The last rating of each conversation, from 1 to 5."""

    count: int
    mean: float | None
    positive_share: float | None
    scores: dict[str, int]


class DraftFigures(Shape):
    """What became of drafts: used as they were, edited, discarded, or ignored; `share` is that of
    the used ones."""

    n: int
    used: int
    edited: int
    discarded: int
    ignored: int
    share: float


class DraftUse(DraftFigures):
    """Of all intents; `open` ones wait for a person."""

    open: int
    by_intent: dict[str, Any]


class ClockHour(Shape):
    """How a specialist did in one hour of the day."""

    hour: int
    turns: int
    mean_seconds: float


class SpecialistFigures(Shape):
    """What one specialist did."""

    name: str
    turns: int
    mean_seconds: float
    p50_seconds: float | None
    p95_seconds: float | None
    escalated: int
    escalated_share: float
    failed: int
    tokens: int
    cost: float
    clock: list[ClockHour] = Field(description="By the hour of the day, UTC.")


class Errors(Shape):
    """Turns that went wrong: `failed` ended with an apology, `without_model` were answered without
    the model or its words; `by_kind` are both, by what went wrong."""

    failed: int
    without_model: int
    by_kind: dict[str, int]


class Hour(Shape):
    """What happened in one hour."""

    at: str = Time
    conversations: int
    customer: int
    ai: int
    human_agent: int
    cases: int
    turns: int
    tokens: int
    cost: float


class Statistics(Shape):
    """What happened in a stretch of time."""

    from_: str = Field(alias="from", description="RFC 3339, UTC.")
    to: str = Time
    volumes: Volumes
    channels: dict[str, int]
    languages: dict[str, int]
    intents: dict[str, int]
    resolution: Resolution
    escalation_reasons: dict[str, int]
    first_reply: Times
    first_human_reply: Times
    resolution_time: Times
    tokens: int
    cost: float
    errors: Errors
    csat: Ratings
    drafts: DraftUse
    specialists: list[SpecialistFigures]
    hours: list[Hour] = Field(description="Hours in which something happened, in order.")
