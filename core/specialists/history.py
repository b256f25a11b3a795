"""What a model is shown, in a shape that cannot be wrong.

Above: `loop`, `core.memory.window`. Below: `core.ports`.

A tool call exists here only inside a `ToolRound`, and a `ToolRound` cannot be made without one
result for each call: a history with an unanswered call has no representation. Cutting drops whole
items, so it cannot part a call from its result either.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

from pydantic import model_validator

from core.messages import Frozen
from core.ports import ToolCall
from core.specialists.budget import estimate_tokens
from core.specialists.sight import CATEGORIES, shown_result

NoteRole = Literal["system", "user"]
_PIECES = 4


class Said(Frozen):
    """Words of one side. `assistant` covers the AI and human colleagues."""

    role: Literal["customer", "assistant"]
    text: str


class Noted(Frozen):
    """Something the house tells the model between the words of others. `about` is the category of
    customer data in it, which not every specialist sees."""

    text: str
    about: str | None = None


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
    """System prompt first (the stable prefix), then what was said and done.

    `notes_as` is the role in which notes are told: `user` for servers that take no system message
    after the first; then neighbours of one role become one message, for those also want them to
    alternate. `sees` are the categories of data that the specialist is shown: what was looked up
    for others stays in the history, by its outcome only.
    """

    system: str
    items: tuple[Item, ...] = ()
    notes_as: NoteRole = "system"
    sees: tuple[str, ...] = CATEGORIES

    def with_item(self, item: Item) -> History:
        """This history and one more item."""
        return self.model_copy(update={"items": (*self.items, item)})

    def as_messages(self) -> list[dict[str, Any]]:
        """The messages of the chat-completions wire."""
        messages: list[dict[str, Any]] = [{"role": "system", "content": self.system}]
        for item in self.shown:
            messages.extend(_wire(item, self.notes_as))
        return _joined(messages) if self.notes_as == "user" else messages

    @property
    def tokens(self) -> int:
        """An estimate of what reading it costs."""
        return estimate_tokens(self.system) + sum(_size(item) for item in self.shown)

    @property
    def shown(self) -> tuple[Item, ...]:
        """The items as this specialist is shown them."""
        kept = (item for item in self.items if not _is_hidden(item, self.sees))
        return tuple(_as_seen(i, self.sees) if isinstance(i, ToolRound) else i for i in kept)

    def within(self, tokens: int) -> History:
        """This history with the oldest words left out until it fits.

        The last words of the customer, what follows them and the rounds of this turn stay: without
        them there is nothing to answer. It is cut in large pieces, so that the same beginning
        stands for several turns and a server's cache of it is worth something.
        """
        excess = self.tokens - tokens
        if excess <= 0:
            return self
        piece = max(1, tokens // _PIECES)
        excess = -(-excess // piece) * piece
        kept: list[Item] = []
        keep_from = _last_words(self.items)
        for place, item in enumerate(self.items):
            if excess > 0 and place < keep_from and isinstance(item, Said):
                excess -= _size(item)
            else:
                kept.append(item)
        return self.model_copy(update={"items": tuple(kept)})


def _is_hidden(item: Item, sees: Collection[str]) -> bool:
    return isinstance(item, Noted) and item.about is not None and item.about not in sees


def _as_seen(done: ToolRound, sees: Collection[str]) -> ToolRound:
    pairs = zip(done.calls, done.results, strict=True)
    results = tuple(shown_result(call.name, result, sees) for call, result in pairs)
    return done if results == done.results else done.model_copy(update={"results": results})


def merge_said(items: Sequence[Said]) -> tuple[Said, ...]:
    """Neighbours of the same role become one: some servers insist on alternation."""
    merged: list[Said] = []
    for item in items:
        if merged and merged[-1].role == item.role:
            merged[-1] = Said(role=item.role, text=f"{merged[-1].text}\n{item.text}")
        else:
            merged.append(item)
    return tuple(merged)


def _last_words(items: Sequence[Item]) -> int:
    """The place of the customer's last words."""
    places = [
        place
        for place, item in enumerate(items)
        if isinstance(item, Said) and item.role == "customer"
    ]
    return places[-1] if places else 0


def _size(item: Item) -> int:
    if isinstance(item, ToolRound):
        words = [item.text, *item.results, *(call.arguments for call in item.calls)]
        return estimate_tokens("".join(words))
    return estimate_tokens(item.text)


def _wire(item: Item, notes_as: NoteRole) -> list[dict[str, Any]]:
    if isinstance(item, Said):
        role = "user" if item.role == "customer" else "assistant"
        return [{"role": role, "content": item.text}]
    if isinstance(item, Noted):
        return [{"role": notes_as, "content": item.text}]
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


def _joined(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    joined: list[dict[str, Any]] = []
    for message in messages:
        if joined and message["role"] == "user" == joined[-1]["role"]:
            joined[-1] = {
                "role": "user", "content": f"{joined[-1]['content']}\n\n{message['content']}"
            }  # fmt: skip
        else:
            joined.append(message)
    return joined
