"""What people say triage got wrong, and what becomes of it: examples, once somebody has agreed.

Above: `open`, `core.archive.corrections`, the REST doors. Below: `exemplars`.

A correction is proposed, then accepted or rejected. Accepted ones are sentences like those in the
files, and are learned from at the next look at the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal, Protocol, get_args

from core.engine.exemplars import Exemplar, ExemplarKind
from core.engine.mood import PRIORITIES, SENTIMENTS
from core.errors import InputError
from core.messages import Frozen

CorrectionStatus = Literal["proposed", "accepted", "rejected"]
CorrectionKind = Literal["intent", "smalltalk", "human_wish", "out_of_scope"]
STATUSES: tuple[str, ...] = get_args(CorrectionStatus)
_KINDS: tuple[str, ...] = get_args(CorrectionKind)
_LABEL = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_SMALLTALK = frozenset({"greeting", "thanks", "goodbye", "about"})
_LONGEST = 2000


class NewCorrection(Frozen):
    """What should have been decided of `text`. At least one of kind, priority and sentiment;
    kind "intent" needs the specialist, and `intent` says which of its labels, if one is known."""

    text: str
    language: str
    kind: CorrectionKind | None = None
    specialist: str | None = None
    intent: str | None = None
    priority: str | None = None
    sentiment: str | None = None
    conversation: str | None = None
    comment: str | None = None


class Correction(NewCorrection):
    """A proposal, and what became of it."""

    id: str
    status: CorrectionStatus = "proposed"
    proposed_by: str
    proposed_at: datetime
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None


class CorrectionBook(Protocol):
    """Corrections as training sees them."""

    async def revision(self) -> str:
        """Changes whenever another set is accepted."""
        ...

    async def accepted(self) -> tuple[Correction, ...]:
        """Everything to learn from, oldest first."""
        ...


def check_correction(new: NewCorrection, specialists: Iterable[str]) -> None:
    """Raises `InputError` for what nothing could be learned from."""
    if not new.text.strip() or len(new.text) > _LONGEST:
        raise InputError(f"text: 1 to {_LONGEST} characters")
    if new.kind is None and new.priority is None and new.sentiment is None:
        raise InputError("one of specialist, kind, priority and sentiment is needed")
    if (new.kind == "intent") != (new.specialist is not None):
        raise InputError('specialist: belongs to kind "intent", and only there')
    if new.specialist is not None and new.specialist not in set(specialists):
        raise InputError(f"specialist: there is no {new.specialist}")
    if new.intent is not None and not _LABEL.match(new.intent):
        raise InputError("intent: 1-40 of a-z, 0-9 and _, beginning with a letter")
    if new.kind == "smalltalk" and new.intent not in _SMALLTALK:
        raise InputError(f"intent: one of {', '.join(sorted(_SMALLTALK))} for smalltalk")
    if new.priority is not None and new.priority not in PRIORITIES:
        raise InputError(f"priority: one of {', '.join(PRIORITIES)}")
    if new.sentiment is not None and new.sentiment not in SENTIMENTS:
        raise InputError(f"sentiment: one of {', '.join(SENTIMENTS)}")


def learn_from(
    exemplars: Iterable[Exemplar], corrections: Iterable[Correction], specialists: Iterable[str]
) -> tuple[Exemplar, ...]:
    """The examples with those of accepted corrections; a person's word beats what a file says of
    the same sentence. What belongs to a specialist that is gone is left out."""
    names = set(specialists)
    known = {_key(item): item for item in exemplars}
    for place, correction in enumerate(corrections):
        if correction.specialist is None or correction.specialist in names:
            known.update((_key(item), item) for item in _exemplars_of(correction, place))
    return tuple(known.values())


def _exemplars_of(correction: Correction, place: int) -> Iterator[Exemplar]:
    def make(kind: ExemplarKind, label: str, specialist: str | None = None) -> Exemplar:
        return Exemplar(
            text=correction.text,
            language=correction.language,
            kind=kind,
            label=label,
            specialist=specialist,
            place=place,
        )

    if correction.kind == "intent":
        yield make("intent", correction.intent or "general", correction.specialist)
    elif correction.kind is not None:
        default = "human" if correction.kind == "human_wish" else "corrected"
        yield make(correction.kind, correction.intent or default)
    if correction.sentiment:
        yield make("sentiment", correction.sentiment)
    if correction.priority:
        yield make("priority", correction.priority)


def _key(item: Exemplar) -> tuple[str, str]:
    """One sentence stands for one thing in each head."""
    head = "route" if item.kind in _KINDS else item.kind
    return head, item.text.casefold()
