"""What a model is shown, in a shape that cannot be wrong.

Above: `loop`, `core.memory.window`. Below: `core.ports`.

A tool call exists here only inside a `ToolRound`, and a `ToolRound` cannot be made without one
result for each call: a history with an unanswered call has no representation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import model_validator

from core.messages import Frozen
from core.ports import ToolCall


class Said(Frozen):
    """Words of one side. `assistant` covers the AI and human colleagues."""

    role: Literal["customer", "assistant"]
    text: str


class Noted(Frozen):
    """Something the house tells the model between the words of others."""

    text: str


class ToolRound(Frozen):
    """Tool calls of one step with all their results, in the order of the calls."""

    calls: tuple[ToolCall, ...]
    results: tuple[str, ...]
    text: str = ""

    @model_validator(mode="after")
    def _every_call_has_its_result(self) -> ToolRound:
        if not self.calls or len(self.calls) != len(self.results):
            raise ValueError("a round has one result for each call, and at least one call")
        if len({call.id for call in self.calls}) != len(self.calls):
            raise ValueError("the calls of a round have different ids")
        return self


Item = Said | Noted | ToolRound


class History(Frozen):
    """System prompt first (the stable prefix), then what was said and done."""

    system: str
    items: tuple[Item, ...] = ()

    def with_item(self, item: Item) -> History:
        """This history and one more item."""
        return History(system=self.system, items=(*self.items, item))

    def as_messages(self) -> list[dict[str, Any]]:
        """The messages of the chat-completions wire."""
        messages: list[dict[str, Any]] = [{"role": "system", "content": self.system}]
        for item in self.items:
            messages.extend(_wire(item))
        return messages


def merge_said(items: Sequence[Said]) -> tuple[Said, ...]:
    """Neighbours of the same role become one: some servers insist on alternation."""
    merged: list[Said] = []
    for item in items:
        if merged and merged[-1].role == item.role:
            merged[-1] = Said(role=item.role, text=f"{merged[-1].text}\n{item.text}")
        else:
            merged.append(item)
    return tuple(merged)


def _wire(item: Item) -> list[dict[str, Any]]:
    if isinstance(item, Said):
        role = "user" if item.role == "customer" else "assistant"
        return [{"role": role, "content": item.text}]
    if isinstance(item, Noted):
        return [{"role": "system", "content": item.text}]
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in item.calls
    ]
    asked: dict[str, Any] = {"role": "assistant", "content": item.text or None, "tool_calls": calls}
    pairs = zip(item.calls, item.results, strict=True)
    answers = [
        {"role": "tool", "tool_call_id": call.id, "content": result} for call, result in pairs
    ]
    return [asked, *answers]
