"""What a turn has done, written down so that another worker goes on from there.

Above: `loop`, `core.engine.turn`. Below: `core.ports.StepJournal`.

Three kinds of record: `intent` before calls that act, `round` after the tools of a step, `final`
with the text of the answer. Whoever resumes the turn asks no model and runs no tool for what is
recorded; an intent without its round is run again under the same keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from core.messages import Frozen
from core.ports import Passage, StepJournal, ToolCall
from core.specialists.task import Spent
from core.specialists.tools.base import Bench, HandoffWish, NewFact, ToolRecord, Wish
from core.specialists.tools.pending import PendingCall


class Left(Frozen):
    """What the tools of a turn left on the bench so far, beside the ledger."""

    passages: tuple[Passage, ...] = ()
    facts: tuple[NewFact, ...] = ()
    wish: Wish | None = None
    handoff: HandoffWish | None = None
    pending: PendingCall | None = None
    misses: int = 0
    acted: bool = False
    tainted: bool = False

    @classmethod
    def on(cls, bench: Bench) -> Left:
        """What lies on `bench`."""
        return cls(
            passages=bench.shelf.passages,
            facts=tuple(bench.facts),
            wish=bench.wish,
            handoff=bench.handoff,
            pending=bench.pending,
            misses=bench.misses,
            acted=bench.acted,
            tainted=bench.tainted,
        )

    def put_on(self, bench: Bench) -> None:
        """Lay it on a fresh bench."""
        bench.shelf.restore(self.passages)
        bench.facts[:] = self.facts
        bench.wish, bench.handoff = self.wish, self.handoff
        bench.pending, bench.misses = self.pending, max(self.misses, bench.misses)
        bench.acted, bench.tainted = self.acted, self.tainted


class Intent(Frozen):
    """Calls that act are about to run."""

    kind: Literal["intent"] = "intent"
    seen: int
    step: int
    by: str
    calls: tuple[ToolCall, ...]
    text: str = ""


class Round(Frozen):
    """The calls of a step and all their results."""

    kind: Literal["round"] = "round"
    seen: int
    step: int
    by: str
    calls: tuple[ToolCall, ...]
    records: tuple[ToolRecord, ...]
    text: str = ""
    left: Left
    spent: Spent


class Final(Frozen):
    """The answer, checked; `marks` are the passages it cites."""

    kind: Literal["final"] = "final"
    seen: int
    by: str
    text: str
    marks: tuple[int, ...]
    spent: Spent


Record = Intent | Round | Final
_RECORD: TypeAdapter[Record] = TypeAdapter(Record)


class TurnJournal:
    """The records of one turn. `past` are those of the worker that died over it."""

    def __init__(self, seen: int, steps: StepJournal | None, past: Sequence[Record] = ()) -> None:
        self._seen = seen
        self._steps = steps
        self.past = tuple(past)

    async def intend(self, step: int, by: str, calls: Sequence[ToolCall], text: str) -> None:
        """Before calls that act. Raises `LeaseLost`: then they must not run."""
        await self._write(Intent(seen=self._seen, step=step, by=by, calls=tuple(calls), text=text))

    async def note_round(
        self, by: str, calls: Sequence[ToolCall], records: Sequence[ToolRecord], *,
        text: str, bench: Bench, spent: Spent,
    ) -> None:  # fmt: skip
        """After the tools of a step."""
        await self._write(
            Round(
                seen=self._seen, step=spent.steps, by=by, calls=tuple(calls),
                records=tuple(records), text=text, left=Left.on(bench), spent=spent,
            )
        )  # fmt: skip

    async def note_final(self, by: str, text: str, marks: Sequence[int], spent: Spent) -> None:
        """The answer stands; only the commit is left."""
        await self._write(Final(seen=self._seen, by=by, text=text, marks=tuple(marks), spent=spent))

    async def _write(self, record: Record) -> None:
        if self._steps is not None:
            await self._steps.record(record.model_dump(mode="json"))


def read_records(steps: Sequence[dict[str, Any]]) -> list[Record]:
    """The records among `steps`, each once (a lost answer may have written one twice); what is
    not ours or from another version is left out."""
    records: list[Record] = []
    for step in steps:
        try:
            record = _RECORD.validate_python(step, strict=False)
        except ValidationError:
            continue
        if record not in records:
            records.append(record)
    return records


def acted_up_to(records: Sequence[Record]) -> int | None:
    """The sequence up to which a turn had seen when it acted, or was about to; None: it never did.

    Such a turn is resumed as it was; one that never acted starts anew when there is more to see.
    """
    acts = [
        record.seen
        for record in records
        if isinstance(record, Intent) or (isinstance(record, Round) and record.left.acted)
    ]
    return acts[-1] if acts else None


def records_of(records: Sequence[Record], seen: int) -> tuple[Record, ...]:
    """Those of the attempts that had seen exactly so much."""
    return tuple(record for record in records if record.seen == seen)
