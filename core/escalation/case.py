"""The case: what a person needs to take over without asking anything again.

Above: the engine's casework, receipts, the archive, the desk. Below: pydantic. Made without a
language model; kept with the receipt of the turn that handed over.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from core.messages import Frozen


class Source(Frozen):
    """Where a suggested answer comes from."""

    document: str
    title: str
    url: str | None = None


class Suggestion(Frozen):
    """The best answer that was at hand, for the person to send, edit or discard."""

    text: str
    score: float = Field(description="0 to 1, as the knowledge base has it.")
    sources: tuple[Source, ...] = ()


class Tried(Frozen):
    """One thing that was done or looked up before: what, and what came of it."""

    what: str
    result: str = ""


class Case(Frozen):
    """A hand-over. `span` is the customer's own sentence that `rule` fired on; `level` is how far
    the identity of `contact` is proved (0-3); `moods` are those of the last turns, `trend` says
    where they go; `reply_due` is when the desk promises to write, within its hours."""

    conversation: str
    seq: int
    opened_at: datetime
    reason: str
    rule: str
    span: str
    summary: str
    language: str
    specialist: str
    priority: str
    contact: str | None = None
    level: int = 0
    channel: str | None = None
    sentiment: str = "neutral"
    moods: tuple[str, ...] = ()
    trend: str = "steady"
    intent: str = ""
    tried: tuple[Tried, ...] = ()
    facts: tuple[str, ...] = ()
    promises: tuple[str, ...] = ()
    pending: str | None = None
    suggestion: Suggestion | None = None
    desk_open: bool = True
    opens_at: datetime | None = None
    reply_due: datetime | None = None


_WORSE = {"positive": 0, "neutral": 1, "negative": 2, "frustrated": 3, "angry": 4}


def trend_of(moods: tuple[str, ...]) -> str:
    """`worse`, `better` or `steady`, from the first half of the moods to the second."""
    marks = [_WORSE[mood] for mood in moods if mood in _WORSE]
    if len(marks) < 2:
        return "steady"
    half = len(marks) // 2
    before, after = marks[:half], marks[-half:]
    change = sum(after) / len(after) - sum(before) / len(before)
    return "worse" if change >= 0.5 else "better" if change <= -0.5 else "steady"
