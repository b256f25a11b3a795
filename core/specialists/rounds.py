"""The tools of one step: run side by side, every result recorded, before anything else happens.

Above: `loop`. Below: `tools.toolbox`, `journal`, `history`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from core.ports import ToolCall
from core.specialists.checks.evidence import Source
from core.specialists.history import ToolRound
from core.specialists.journal import Round, TurnJournal
from core.specialists.task import Spent
from core.specialists.tools.base import Bench, ToolRecord, error_result
from core.specialists.tools.toolbox import Toolbox

_MOST_CALLS = 6
_FINDS = frozenset({"search_knowledge", "consult"})  # words of articles, not of records
_CUT = "… (the rest was cut)"


class ToolRounds:
    """Runs the calls of a turn's steps; the same call is never run twice in a turn."""

    def __init__(
        self, toolbox: Toolbox, bench: Bench, journal: TurnJournal, *, longest: int
    ) -> None:
        self._toolbox = toolbox
        self._bench = bench
        self._journal = journal
        self._longest = longest
        self._done: dict[str, str] = {}

    def brings_news(self, calls: Sequence[ToolCall]) -> bool:
        """False when all of them have been run in this turn already."""
        return any(fingerprint(call) not in self._done for call in calls)

    async def run(
        self, by: str, calls: Sequence[ToolCall], allowed: Sequence[str], *,
        text: str, spent: Spent, intended: bool = False,
    ) -> ToolRound:  # fmt: skip
        """Run the calls of one step, record the results, and note the round in the journal.

        Calls that act are noted before they run (`intended`: that was done by a worker that died).
        """
        calls = _with_own_ids(calls)
        acts = [call for call in calls if self._toolbox.acts(call.name, allowed)]
        if acts and not intended:
            await self._journal.intend(spent.steps, by, calls, text)
        records = await self._run_all(calls, allowed, spent.steps)
        made = self._take_over(calls, records, text)
        await self._journal.note_round(
            by, calls, records, text=text, bench=self._bench, spent=spent
        )
        return made

    def restore(self, past: Round) -> ToolRound:
        """A round that a worker before us ran: nothing runs again."""
        past.left.put_on(self._bench)
        return self._take_over(past.calls, past.records, past.text)

    def _take_over(
        self, calls: Sequence[ToolCall], records: Sequence[ToolRecord], text: str
    ) -> ToolRound:
        for call, record in zip(calls, records, strict=True):
            self._bench.ledger.append(record)
            self._bench.evidence.add(record.result, _source_of(record.name))
            self._done[fingerprint(call)] = record.result
        return ToolRound(
            calls=tuple(calls), results=tuple(record.result for record in records), text=text
        )

    async def _run_all(
        self, calls: Sequence[ToolCall], allowed: Sequence[str], step: int
    ) -> list[ToolRecord]:
        """Each different call once; its twins in the same reply get the same result."""
        prints = [fingerprint(call) for call in calls]
        fresh = [n for n, mark in enumerate(prints) if prints.index(mark) == n]
        results = await asyncio.gather(
            *(self._run_one(calls[n], allowed, step, n, over=n >= _MOST_CALLS) for n in fresh)
        )
        by_print = {prints[n]: record for n, record in zip(fresh, results, strict=True)}
        return [
            by_print[mark] if n in fresh else _repeated(calls[n], by_print[mark].result)
            for n, mark in enumerate(prints)
        ]

    async def _run_one(
        self, call: ToolCall, allowed: Sequence[str], step: int, number: int, *, over: bool
    ) -> ToolRecord:
        if (known := self._done.get(fingerprint(call))) is not None:
            return _repeated(call, known)
        if over:
            text = error_result("too many calls at once: this one was not run, ask again")
            return ToolRecord(name=call.name[:60], arguments={}, result=text, ok=False,
                              milliseconds=0)  # fmt: skip
        key = self._bench.key(step, number)
        record = await self._toolbox.run(call, allowed, self._bench, key=key)
        if len(record.result) <= self._longest:
            return record
        return record.model_copy(update={"result": record.result[: self._longest] + _CUT})


def _source_of(name: str) -> Source:
    if name in _FINDS:
        return "passage"
    return "outside" if "." in name else "tool"


def fingerprint(call: ToolCall) -> str:
    """What makes two calls the same."""
    try:
        arguments = json.dumps(json.loads(call.arguments or "{}"), sort_keys=True)
    except ValueError:
        arguments = call.arguments
    return f"{call.name} {arguments}"


def _repeated(call: ToolCall, result: str) -> ToolRecord:
    return ToolRecord(
        name=call.name[:60], arguments={"repeated": True}, result=result, ok=True, milliseconds=0
    )


def _with_own_ids(calls: Sequence[ToolCall]) -> list[ToolCall]:
    """Servers repeat ids; inside one round they must differ."""
    if len({call.id for call in calls}) == len(calls):
        return list(calls)
    return [call.model_copy(update={"id": f"call_{n}"}) for n, call in enumerate(calls)]
