"""A language model that plays the script of a story, and errs on request.

Above: `playing`. Below: `core.ports`.

A fault stands in for one call of the model; the words of the script come at the next call, so that
an engine that repairs gets on, and one that does not is found out.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import ModelError, ModelGarbage
from core.ports import ModelChunk, ToolCall


@dataclass(frozen=True)
class Move:
    """One answer of the model: words, calls (name, raw arguments), or an error after the words."""

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    error: bool = False


@dataclass
class ScriptedModel:
    """Implements `core.ports.LanguageModel`; `begin` is called before each turn."""

    moves: list[Move] = field(default_factory=list[Move])
    asked: int = 0
    fault: Fault | None = None
    at: int = 0
    overrun: bool = False

    def begin(self, moves: Sequence[Move], fault: Fault | None = None, at: int = 0) -> None:
        """The script of one turn; `fault` replaces the call number `at` (from 0)."""
        self.moves, self.fault, self.at = list(moves), fault, at
        self.asked, self.overrun = 0, False

    async def stream(
        self,
        messages: Sequence[dict[str, Any]],
        *,
        tools: Sequence[dict[str, Any]] = (),
        temperature: float | None = None,
        model: str | None = None,
        deadline_seconds: float,
        shape: dict[str, Any] | None = None,
    ) -> AsyncGenerator[ModelChunk, None]:
        """The next move, or the fault that stands in for it."""
        names = [str(tool["function"]["name"]) for tool in tools]
        move = self._next(names)
        for start in range(0, len(move.text), 12):
            yield ModelChunk(text=move.text[start : start + 12])
        if move.error:
            raise ModelError("the stream was cut", code="model_cut")
        calls = tuple(
            ToolCall(id=f"call_{number}", name=name, arguments=arguments)
            for number, (name, arguments) in enumerate(move.calls)
        )
        yield ModelChunk(calls=calls, tokens_in=100, tokens_out=20, model="script", done=True)

    def _next(self, tools: list[str]) -> Move:
        index, self.asked = self.asked, self.asked + 1
        if self.fault is not None and self.fault.strikes(index, self.at, tools):
            return self.fault.move(index - self.at, tools)
        if not self.moves:
            self.overrun = True
            raise ModelGarbage("the script is over", code="script_over")
        return self.moves.pop(0)


@dataclass(frozen=True)
class Fault:
    """A way in which models err. `times` is how often in a row (0: until it can no more)."""

    name: str
    move: Callable[[int, list[str]], Move]
    times: int = 1

    def strikes(self, index: int, at: int, tools: list[str]) -> bool:
        """True if the call number `index` is struck when the fault begins at number `at`."""
        if self.times == 0:
            return index >= at and (self.name != "endless_loop" or bool(tools))
        return at <= index < at + self.times


def _handoff(*targets: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        ("handoff", json.dumps({"to": target, "specialist": target, "brief": "Go on, please."}))
        for target in targets
    )


_SEARCH = ("search_knowledge", json.dumps({"query": "the customer's question"}))


def _other(number: int) -> Move:
    return Move(calls=_handoff(("billing", "general")[number % 2]))


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("tool_with_handoff", lambda n, tools: Move(calls=(_SEARCH, *_handoff("sales")))),
        Fault("two_handoffs", lambda n, tools: Move(calls=_handoff("billing", "sales"))),
        Fault(
            "promised_not_called",
            lambda n, tools: Move(text="I am transferring you to my colleague in billing now."),
        ),
        Fault("ping_pong", lambda n, tools: _other(n), times=2),
        Fault("unknown_tool", lambda n, tools: Move(calls=(("open_the_vault", "{}"),))),
        Fault("broken_arguments", lambda n, tools: Move(calls=((_SEARCH[0], '["oops"'),))),
        Fault("empty", lambda n, tools: Move(text="")),
        Fault(
            "false_act",
            lambda n, tools: Move(text="I have refunded you 4,711.00 EUR and sent you a receipt."),
        ),
        Fault(
            "wrong_language",
            lambda n, tools: Move(
                text="Bonjour, je suis vraiment désolé, mais je ne peux répondre qu'en français."
            ),
        ),
        Fault("cut_stream", lambda n, tools: Move(text="Well, the thing is that", error=True)),
        Fault("endless_loop", lambda n, tools: Move(calls=(_SEARCH,)), times=0),
        Fault("dead", lambda n, tools: Move(error=True), times=0),
    )
}
