"""A language model plays a specialist: stream, run tools, record results, one checked answer.

Above: the turn. Below: `core.ports.LanguageModel`, `tools`, `gate`, `history`.

Raises `ModelError` for everything that is not a sound answer; the turn then answers without a
model. What was shown of a discarded attempt is taken back with `reset`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Protocol

from core.errors import ModelError, ModelGarbage, ModelTimeout
from core.language import LanguageDetector
from core.messages import Citation, Frozen
from core.ports import LanguageModel, ModelChunk, ToolCall
from core.specialists.checks import call_in_text, speaks_other_language, violation
from core.specialists.gate import CheckFailed, SentenceGate
from core.specialists.history import History, ToolRound
from core.specialists.settings import ModelSettings
from core.specialists.tools import Bench, Toolbox, ToolRecord, Wish

_MOST_CALLS = 4
_NO_TIME = 0.5


class Pieces(Protocol):
    """Where checked pieces of the answer go (the engine's delta sink)."""

    async def send(self, text: str) -> None:
        """Show one more piece."""
        ...

    def reset(self) -> None:
        """What was shown is void."""
        ...


class Task(Frozen):
    """What one specialist is asked in one turn."""

    history: History
    tools: tuple[str, ...]
    language: str
    temperature: float | None = None
    model: str | None = None
    max_steps: int | None = None


class Spent(Frozen):
    """What the model cost so far."""

    model: str = ""
    steps: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def plus(self, chunk: ModelChunk) -> Spent:
        """With one more call."""
        return Spent(
            model=chunk.model or self.model,
            steps=self.steps + 1,
            tokens_in=self.tokens_in + chunk.tokens_in,
            tokens_out=self.tokens_out + chunk.tokens_out,
        )

    @property
    def tokens(self) -> int:
        """Read and written."""
        return self.tokens_in + self.tokens_out


class Answer(Frozen):
    """A sound answer of a specialist."""

    text: str
    citations: tuple[Citation, ...]
    wish: Wish | None


class SpecialistLoop:
    """What every run needs; holds no state between them."""

    def __init__(
        self,
        model: LanguageModel,
        toolbox: Toolbox,
        detector: LanguageDetector,
        settings: ModelSettings,
    ) -> None:
        self.model = model
        self.toolbox = toolbox
        self.detector = detector
        self.settings = settings

    def start(self, task: Task, bench: Bench, pieces: Pieces) -> SpecialistRun:
        """A run of `task`, not begun yet."""
        return SpecialistRun(self, task, bench, pieces)


class SpecialistRun:
    """One task on its way. `spent` and the bench's ledger tell what happened, however it ends."""

    def __init__(self, loop: SpecialistLoop, task: Task, bench: Bench, pieces: Pieces) -> None:
        self.spent = Spent()
        self._loop = loop
        self._task = task
        self._bench = bench
        self._pieces = pieces
        self._shown = False
        self._done: dict[str, str] = {}

    async def answer(self, *, deadline: float) -> Answer:
        """One sound answer before `deadline` (on the monotonic clock). Raises `ModelError`."""
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await self._steps(deadline)
        except TimeoutError as late:
            self._take_back()
            raise ModelTimeout("the turn's time is over") from late
        except ModelError:
            self._take_back()
            raise

    async def _steps(self, deadline: float) -> Answer:
        history = self._task.history
        limit = min(self._task.max_steps or 8, self._loop.settings.max_steps)
        tools = self._task.tools
        for step in range(1, limit + 1):
            last = step == limit or self.spent.tokens > self._loop.settings.turn_tokens
            gate, calls = await self._one_call(history, () if last else tools, deadline)
            if not calls:
                return self._finish(gate)
            self._take_back()
            fresh = any(_fingerprint(call) not in self._done for call in calls)
            history = history.with_item(await self._run_tools(calls[:_MOST_CALLS], gate.text))
            # The same calls again bring nothing new: from here on it has to answer.
            tools = tools if fresh else ()
        raise ModelGarbage("no answer within the steps", code="model_steps")

    async def _one_call(
        self, history: History, tools: Sequence[str], deadline: float
    ) -> tuple[SentenceGate, tuple[ToolCall, ...]]:
        """Stream one completion through a gate; gives the gate and the tool calls."""
        gate = SentenceGate(self._check)
        calls: tuple[ToolCall, ...] = ()
        stream = self._loop.model.stream(
            history.as_messages(),
            tools=self._loop.toolbox.describe(tools),
            temperature=self._task.temperature,
            model=self._task.model,
            deadline_seconds=deadline - time.monotonic() - _NO_TIME,
        )
        async with aclosing(stream) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    await self._show(gate.feed(chunk.text))
                if chunk.done:
                    self.spent = self.spent.plus(chunk)
                    calls = chunk.calls
        if not calls and (call := call_in_text(gate.raw, tools)):
            calls = (ToolCall(id=f"text_{self.spent.steps}", name=call[0], arguments=call[1]),)
        if not calls:
            await self._show(gate.finish())
        return gate, calls

    async def _run_tools(self, calls: Sequence[ToolCall], text: str) -> ToolRound:
        """Run the calls of one step side by side and record every result."""
        calls = _with_own_ids(calls)
        results = await asyncio.gather(*(self._run_tool(call) for call in calls))
        for call, record in zip(calls, results, strict=True):
            self._bench.ledger.append(record)
            self._bench.evidence.add(record.result)
            self._done[_fingerprint(call)] = record.result
        return ToolRound(
            calls=tuple(calls), results=tuple(record.result for record in results), text=text
        )

    async def _run_tool(self, call: ToolCall) -> ToolRecord:
        if (known := self._done.get(_fingerprint(call))) is not None:
            return ToolRecord(
                name=call.name, arguments={"repeated": True}, result=known, ok=True, milliseconds=0
            )
        return await self._loop.toolbox.run(call, self._task.tools, self._bench)

    def _finish(self, gate: SentenceGate) -> Answer:
        text = gate.text
        if not any(letter.isalnum() for letter in text):
            raise CheckFailed("empty")
        return Answer(
            text=text, citations=self._bench.shelf.cite(text, gate.marks), wish=self._bench.wish
        )

    def _check(self, sentence: str, before: str) -> str | None:
        """Name of the check that fails. The language is told from all the text so far."""
        if problem := violation(sentence, self._bench.evidence):
            return problem
        so_far = before + sentence
        if speaks_other_language(so_far, self._task.language, self._loop.detector):
            return "language"
        return None

    async def _show(self, text: str) -> None:
        if text:
            self._shown = True
            await self._pieces.send(text)

    def _take_back(self) -> None:
        if self._shown:
            self._pieces.reset()
            self._shown = False


def _fingerprint(call: ToolCall) -> str:
    try:
        arguments = json.dumps(json.loads(call.arguments or "{}"), sort_keys=True)
    except ValueError:
        arguments = call.arguments
    return f"{call.name} {arguments}"


def _with_own_ids(calls: Sequence[ToolCall]) -> list[ToolCall]:
    """Servers repeat ids; inside one round they must differ."""
    if len({call.id for call in calls}) == len(calls):
        return list(calls)
    return [call.model_copy(update={"id": f"call_{n}"}) for n, call in enumerate(calls)]
