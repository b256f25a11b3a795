"""One call of the model: within the budget, through the gate, calls and text told apart.

Above: `loop`. Below: `core.ports.LanguageModel`, `gate`, `budget`, `envelope`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from core.errors import ModelError
from core.metering import Amount, Purse
from core.ports import LanguageModel, ModelChunk, ToolCall
from core.specialists.budget import (
    BudgetExceeded,
    TurnBudget,
    estimate_request,
    estimate_tokens,
)
from core.specialists.checks import violation_of
from core.specialists.envelope import calls_in_text
from core.specialists.gate import CheckFailed, SentenceGate
from core.specialists.history import History
from core.specialists.settings import ModelSettings
from core.specialists.task import Part, Pieces, Spent
from core.specialists.tools.toolbox import Toolbox

_NO_TIME = 0.5

Price = Callable[[str, int, int], float]


@dataclass(frozen=True)
class Reply:
    """What the model answered: calls to run, or words that passed; `marks` are its citations."""

    text: str = ""
    marks: tuple[int, ...] = ()
    calls: tuple[ToolCall, ...] = ()


class Screen:
    """What the customer sees of the answer in the making."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._shown = False

    async def show(self, text: str) -> None:
        """One more checked piece."""
        if text:
            self._shown = True
            await self._pieces.send(text)

    def take_back(self) -> None:
        """What was shown is void."""
        if self._shown:
            self._pieces.reset()
            self._shown = False


class Bill:
    """What a turn has cost so far, and what it may cost; colleagues who are asked write on it.
    `low` is the purse for which the smaller model answers; None: the usual ones do."""

    def __init__(self, budget: TurnBudget) -> None:
        self.budget = budget
        self.spent = Spent()
        self.low: Purse | None = None


class Asker:
    """Asks the model; `screen` is None when nobody watches."""

    def __init__(
        self, model: LanguageModel, toolbox: Toolbox, settings: ModelSettings, price: Price,
        bill: Bill, screen: Screen | None,
    ) -> None:  # fmt: skip
        self._model = model
        self._toolbox = toolbox
        self._settings = settings
        self._price = price
        self._screen = screen
        self.bill = bill
        self.heard = False

    def unseen(self) -> Asker:
        """The same, with nobody watching."""
        return Asker(
            self._model, self._toolbox, self._settings, self._price, self.bill, screen=None
        )

    async def ask(
        self, part: Part, history: History, tools: Sequence[str], gate: SentenceGate, *,
        deadline: float,
    ) -> Reply:  # fmt: skip
        """One reply. `heard` tells afterwards whether the model had begun to speak.

        Raises `ModelError`: `CheckFailed`, `BudgetExceeded`, or what the server did.
        """
        self.heard = False
        if self.bill.low is not None:
            part = self._made_small(part)
        messages = history.within(self._settings.history_tokens).as_messages()
        definitions = self._toolbox.describe(tools)
        reading = estimate_request(messages, definitions)
        if not self.bill.budget.allows_tools(self._amount(part, reading)):
            tools, definitions = (), []
        part, reserved = await self._reserve(part, reading)
        written: list[str] = []
        last: ModelChunk | None = None
        stream = self._model.stream(
            messages,
            tools=definitions,
            temperature=part.temperature,
            model=part.model,
            deadline_seconds=deadline - time.monotonic() - _NO_TIME,
        )
        try:
            async with aclosing(stream) as chunks:
                async for chunk in chunks:
                    if chunk.text:
                        self.heard = True
                        written.append(chunk.text)
                        await self._show(gate.feed(chunk.text))
                    if chunk.done:
                        last = chunk
        except ModelError:
            await self._settle(part, reserved, reading, "".join(written), last)
            raise
        await self._settle(part, reserved, reading, "".join(written), last)
        return await self._read(gate, last, tools)

    async def _reserve(self, part: Part, reading: int) -> tuple[Part, Amount]:
        """What the call may cost, taken from the purses; where the usual model's call costs more
        than is left, the smaller model's. Raises `BudgetExceeded`."""
        reserved, budget = self._amount(part, reading), self.bill.budget
        try:
            await budget.reserve(reserved)
        except BudgetExceeded as full:
            if self._settings.small_model is None or self.bill.low is not None:
                raise
            part = self._made_small(part)
            reserved = self._amount(part, reading)
            await budget.reserve(reserved)
            self.bill.low = full.purse
        return part, reserved

    def _made_small(self, part: Part) -> Part:
        return part.model_copy(update={"model": self._settings.small_model})

    async def _read(
        self, gate: SentenceGate, last: ModelChunk | None, tools: Sequence[str]
    ) -> Reply:
        calls = last.calls if last else ()
        if not calls:
            calls = calls_in_text(gate.raw, tools)
        if calls:
            return Reply(text=gate.text, calls=calls)
        cut = last is not None and last.cut
        if not cut:  # else its last sentence ends in the middle: what passed before is the answer
            await self._show(gate.finish())
        if not any(letter.isalnum() for letter in gate.text):
            raise CheckFailed(violation_of("length" if cut else "empty"))
        return Reply(text=gate.text, marks=gate.marks)

    async def _show(self, text: str) -> None:
        if self._screen is not None:
            await self._screen.show(text)

    async def _settle(
        self, part: Part, reserved: Amount, reading: int, written: str, last: ModelChunk | None
    ) -> None:
        """Count what it cost; what the server does not tell is estimated."""
        heard = last is not None or self.heard
        read = (last.tokens_in if last else 0) or (reading if heard else 0)
        wrote = (last.tokens_out if last else 0) or (estimate_tokens(written) if heard else 0)
        model = last.model if last and last.model else part.model or ""
        chunk = ModelChunk(tokens_in=read, tokens_out=wrote, model=model)
        used = Amount(tokens=read + wrote, money=self._price(model, read, wrote))
        self.bill.spent = self.bill.spent.plus(chunk, used.money)
        await self.bill.budget.settle(reserved, used)

    def _amount(self, part: Part, read: int) -> Amount:
        write = self._settings.max_tokens
        money = self._price(part.model or self.bill.spent.model, read, write)
        return Amount(tokens=read + write, money=money)
