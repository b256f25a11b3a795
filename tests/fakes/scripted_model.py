"""A language model that plays a script; what is not asked for, or asked for too often, fails.

model = ScriptedModel(says("Hello."), calls("search_knowledge", query="x"), fails(ModelTimeout()))
...
model.assert_done()
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.ports import ModelChunk, ToolCall


@dataclass(frozen=True)
class Step:
    """One answer of the script: pieces of text, then calls, or an error after the pieces."""

    pieces: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    error: Exception | None = None
    hangs: bool = False
    cut: bool = False


def says(*pieces: str) -> Step:
    """Streams these pieces."""
    return Step(pieces=pieces)


def calls(name: str, *, before: str = "", raw: str | None = None, **arguments: Any) -> Step:
    """Calls one tool; `raw` is sent instead of proper arguments."""
    text = raw if raw is not None else json.dumps(arguments)
    call = ToolCall(id="call_1", name=name, arguments=text)
    return Step(pieces=(before,) if before else (), calls=(call,))


def calls_many(*named: tuple[str, dict[str, Any]]) -> Step:
    """Calls several tools in one answer."""
    return Step(
        calls=tuple(
            ToolCall(id=f"call_{n}", name=name, arguments=json.dumps(arguments))
            for n, (name, arguments) in enumerate(named)
        )
    )


def fails(error: Exception, *pieces: str) -> Step:
    """Streams the pieces, then raises."""
    return Step(pieces=pieces, error=error)


def hangs(*pieces: str) -> Step:
    """Streams the pieces, then is silent for ever."""
    return Step(pieces=pieces, hangs=True)


@dataclass
class Request:
    """What the model was asked."""

    messages: list[dict[str, Any]]
    tools: list[str]
    model: str | None


@dataclass
class ScriptedModel:
    """Implements `core.ports.LanguageModel`; every call reports `tokens` read and written."""

    steps: list[Step] = field(default_factory=list[Step])
    requests: list[Request] = field(default_factory=list[Request])
    tokens: tuple[int, int] = (100, 10)

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests = []
        self.tokens = (100, 10)

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
        """The next step of the script."""
        names = [str(tool["function"]["name"]) for tool in tools]
        self.requests.append(Request(list(messages), names, model))
        assert self.steps, f"unexpected call number {len(self.requests)} of the model"
        step = self.steps.pop(0)
        for piece in step.pieces:
            yield ModelChunk(text=piece)
        if step.hangs:
            await asyncio.Event().wait()
        if step.error is not None:
            raise step.error
        yield ModelChunk(
            calls=step.calls, tokens_in=self.tokens[0], tokens_out=self.tokens[1],
            model="scripted", done=True, cut=step.cut,
        )  # fmt: skip

    def assert_done(self) -> None:
        """Every step was asked for."""
        assert not self.steps, f"{len(self.steps)} steps of the script were never asked for"
