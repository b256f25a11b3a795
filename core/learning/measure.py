"""What became of each draft, told by the log: used, edited, discarded, ignored.

Above: `core.archive.drafts`. Below: `core.drafts`. Pure.

A draft sent by its button counts by how much was changed before. One that was not sent is compared
with the first words that a person wrote to the customer instead: people who copy a draft by hand
have used it. What the customer's next words made obsolete first is not counted at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from typing import Literal

from core.drafts import makes_obsolete, sent_draft_id
from core.messages import Entry, Frozen

# `open`: nobody has answered yet; `obsolete`: the customer wrote on before anybody did.
DraftOutcome = Literal["used", "edited", "discarded", "ignored", "obsolete", "open"]
COUNTED: tuple[DraftOutcome, ...] = ("used", "edited", "discarded", "ignored")
USED, EDITED = 0.85, 0.4
_LONGEST = 4000
_MARKS = re.compile(r"[^\w]+")


class Measured(Frozen):
    """One draft and what became of it; `similarity` is to the words that were sent."""

    draft: str
    seq: int
    at: datetime
    specialist: str | None = None
    language: str | None = None
    outcome: DraftOutcome
    similarity: float | None = None
    by_button: bool = False
    settled_at: datetime | None = None


class Tally(Frozen):
    """How drafts fared; `share` is that of the used ones, of all that count."""

    used: int = 0
    edited: int = 0
    discarded: int = 0
    ignored: int = 0

    @property
    def n(self) -> int:
        """Those that count."""
        return self.used + self.edited + self.discarded + self.ignored

    @property
    def share(self) -> float:
        """0 when there are none."""
        return self.used / self.n if self.n else 0.0

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            used=self.used + other.used,
            edited=self.edited + other.edited,
            discarded=self.discarded + other.discarded,
            ignored=self.ignored + other.ignored,
        )

    def show(self) -> dict[str, int | float]:
        """For REST and reports."""
        return {"n": self.n, **self.model_dump(), "share": round(self.share, 4)}


def measure_drafts(entries: Sequence[Entry]) -> list[Measured]:
    """Every draft of a conversation, in order; `entries` are whole from the first draft on."""
    sent = _sent(entries)
    return [
        _measure(entry, entries[place + 1 :], sent)
        for place, entry in enumerate(entries)
        if entry.kind == "draft"
    ]


def similarity(one: str, other: str) -> float:
    """0 to 1, of the words without case, accents in another form, marks and spaces."""
    first, second = _plain(one), _plain(other)
    if first == second:
        return 1.0
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def outcome_of(ratio: float, *, by_button: bool) -> DraftOutcome:
    """By the cuts; what went out by the button was at least a start."""
    if ratio >= USED:
        return "used"
    return "edited" if ratio >= EDITED or by_button else "ignored"


def _sent(entries: Iterable[Entry]) -> dict[str, Entry]:
    """By draft: the message that sent it."""
    return {
        draft: entry
        for entry in entries
        if _is_word_of_people(entry) and (draft := sent_draft_id(entry.id)) is not None
    }


def _measure(draft: Entry, behind: Sequence[Entry], sent: dict[str, Entry]) -> Measured:
    base = Measured(
        draft=draft.id, seq=draft.seq, at=draft.at, specialist=draft.author.specialist,
        language=draft.language, outcome="open",
    )  # fmt: skip
    if (message := sent.get(draft.id)) is not None:
        return _against(base, draft, message, by_button=True)
    for entry in behind:
        if _is_word_of_people(entry):
            return _against(base, draft, entry, by_button=False)
        if entry.kind == "draft":
            return base.model_copy(update={"outcome": "obsolete", "settled_at": entry.at})
        if makes_obsolete(entry, draft):
            outcome = _end_of(entry)
            return base.model_copy(update={"outcome": outcome, "settled_at": entry.at})
    return base


def _end_of(entry: Entry) -> DraftOutcome:
    """A draft that nobody sent, when this came."""
    if entry.action == "discard":
        return "discarded"
    return "ignored" if entry.action in {"release", "close"} else "obsolete"


def _against(base: Measured, draft: Entry, message: Entry, *, by_button: bool) -> Measured:
    ratio = similarity(draft.text, message.text)
    return base.model_copy(
        update={
            "outcome": outcome_of(ratio, by_button=by_button),
            "similarity": round(ratio, 4),
            "by_button": by_button,
            "settled_at": message.at,
        }
    )


def _is_word_of_people(entry: Entry) -> bool:
    return entry.kind == "message" and entry.author.role == "human_agent"


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold()
    return _MARKS.sub(" ", folded).strip()
