"""What the pieces of one streamed completion add up to.

Above: `model`. Below: `core.ports`, `envelope`. Pure: a piece is the JSON of one event.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from core.errors import ModelGarbage, ModelRefused
from core.ports import ModelChunk, ToolCall
from core.specialists.envelope import EnvelopeReader

COMPLETE = object()  # stands for the mark at the end of a stream
_MOST_CALLS = 16


@dataclass
class _Partial:
    """A tool call whose pieces still come in."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])


class Completion:
    """Takes pieces; `reader` is there when calls may stand in the text; `names` are tools by the
    names they have on the wire."""

    def __init__(
        self, model: str, reader: EnvelopeReader | None, names: Mapping[str, str] | None = None
    ) -> None:
        self._names = names or {}
        self._model = model
        self._reader = reader
        self._calls: dict[int, _Partial] = {}
        self._places: dict[int, int] = {}
        self._pieces = 0
        self._finished: str | None = None
        self._complete = False
        self._said = False
        self._tokens = (0, 0)
        self.wrote_calls = False

    def add(self, piece: object) -> str:
        """Take one piece; gives the text in it. Raises `ModelRefused`, and ValueError when it
        is none."""
        if piece is COMPLETE:
            self._complete = True
            return ""
        shape = _mapping(piece)
        if shape.get("error"):
            raise ValueError("an error where a piece is due")
        self._pieces += 1
        if usage := shape.get("usage"):
            counts = _mapping(usage)
            self._tokens = (
                _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
            )  # fmt: skip
        choices = _list(shape.get("choices"))
        if not choices:
            return ""
        choice = _mapping(choices[0])
        self._finished = choice.get("finish_reason") or self._finished
        delta = _mapping(choice.get("delta") or choice.get("message") or {})
        if delta.get("refusal"):
            raise ModelRefused("the model refuses to answer")
        for part in _list(delta.get("tool_calls")):
            self._add_call(_mapping(part))
        text = _text(delta.get("content"))
        self._said = self._said or bool(text or self._calls)
        return self._reader.feed(text) if self._reader else text

    def _add_call(self, part: dict[str, Any]) -> None:
        call = self._calls.setdefault(self._place(part), _Partial())
        if len(self._calls) > _MOST_CALLS:
            raise ValueError("too many tool calls in one answer")
        call.id = str(part.get("id") or call.id)
        function = _mapping(part.get("function") or {})
        call.name = str(function.get("name") or call.name)
        call.arguments.append(_arguments(function.get("arguments")))

    def _place(self, part: dict[str, Any]) -> int:
        """Which call `part` belongs to. Some servers number none of them, or all alike: there a
        name under a new id begins a new call. (A new id alone does not: some make one for every
        piece.)"""
        index = _count(part.get("index"))
        place = self._places.get(index, index)
        known, name = self._calls.get(place), _mapping(part.get("function") or {}).get("name")
        if known and known.name and name and part.get("id") not in {None, "", known.id}:
            place = max(self._calls) + 1
        self._places[index] = place
        return place

    def close(self) -> tuple[str, ModelChunk]:
        """The text that still waited, and the closing chunk. Raises `ModelGarbage` if the stream
        held nothing or was cut."""
        if not self._pieces:
            raise ModelGarbage("the body holds no answer", retryable=True)
        if self._finished is None and not (self._complete and self._said):
            raise ModelGarbage("the stream ended in the middle", code="model_cut", retryable=True)
        if self._finished == "content_filter":
            raise ModelRefused("the model server withheld the answer")
        calls = tuple(
            ToolCall(
                id=call.id or f"call_{index}",
                name=self._names.get(call.name, call.name),
                arguments="".join(call.arguments),
            )
            for index, call in sorted(self._calls.items())
        )
        rest = ""
        if self._reader is not None:
            rest, written = self._reader.finish()
            self.wrote_calls = bool(written) and not calls
            calls = calls or written
        return rest, ModelChunk(
            calls=calls,
            tokens_in=self._tokens[0],
            tokens_out=self._tokens[1],
            model=self._model,
            done=True,
            cut=self._finished == "length",
        )


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("not an object where one is due")
    return cast(dict[str, Any], value)


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError("not a list where one is due")
    return cast(list[Any], value)


def _text(content: object) -> str:
    """The text of a piece; some servers send it as a list of parts."""
    if isinstance(content, list):
        parts = [_mapping(part) for part in cast(list[Any], content)]
        return "".join(_text(part.get("text")) for part in parts if part.get("type") == "text")
    if not isinstance(content, str | None):
        raise ValueError("the text of a piece is none")
    return content or ""


def _arguments(value: object) -> str:
    """Arguments are JSON as text; some servers send the object itself."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value or "")


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
