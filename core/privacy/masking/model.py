"""A language model that sees tokens where others see people: around any `LanguageModel`.

Above: the engine, the translator. Below: `tokens`. Everything that goes out is masked, whatever its
role; everything that comes back (pieces, the whole text, arguments of tools) is restored before
anybody reads it. So tools, checks, memory and customers know nothing of tokens.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from typing import Any, cast

from core.ports import LanguageModel, ModelChunk
from core.privacy.masking.finding import Known, Mode
from core.privacy.masking.tokens import Stream, Tokens

_CURRENT: ContextVar[Tokens | None] = ContextVar("masks", default=None)
# Requests outside a conversation.
_NOBODYS = secrets.token_hex(16)
_NAMED = re.compile(r"^[\s*-]*(?:customer|name|full name)\s*:\s*([^\n,;(]{3,80})", re.I | re.M)
# Next to these a `name` is a person's, not a product's.
_OF_PEOPLE = frozenset({"email", "phone", "tier", "customer", "address", "language"})
_DEEPEST = 6


@contextmanager
def masks_of(conversation: str, mode: Mode, known: Known) -> Generator[None]:
    """Within this block requests are about this conversation."""
    mark = _CURRENT.set(Tokens(conversation, mode, known))
    try:
        yield
    finally:
        _CURRENT.reset(mark)


class MaskingModel:
    """Implements `core.ports.LanguageModel` around another one; whatever else that can do, this
    can too."""

    def __init__(self, model: LanguageModel, mode: Mode) -> None:
        self.unmasked = model
        self._mode: Mode = mode

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unmasked, name)

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
        """See the port."""
        tokens = _CURRENT.get() or Tokens(_NOBODYS, self._mode)
        learn_from(messages, tokens)
        stream = Stream(tokens)
        chunks = self.unmasked.stream(
            [mask_message(message, tokens) for message in messages], tools=tools,
            temperature=temperature, model=model, deadline_seconds=deadline_seconds, shape=shape,
        )  # fmt: skip
        async with aclosing(chunks):
            async for chunk in chunks:
                text = stream.add(chunk.text)
                if chunk.done:
                    text += stream.close()
                calls = tuple(
                    call.model_copy(
                        update={"arguments": tokens.restore(call.arguments, in_json=True)}
                    )
                    for call in chunk.calls
                )
                if text or chunk.done or calls:
                    yield chunk.model_copy(update={"text": text, "calls": calls})


def mask_message(message: dict[str, Any], tokens: Tokens) -> dict[str, Any]:
    """With tokens in its words and in the arguments of earlier calls."""
    changed = dict(message)
    content = message.get("content")
    if isinstance(content, str):
        changed["content"] = tokens.mask(content)
    elif isinstance(content, list):
        changed["content"] = [_mask_part(part, tokens) for part in cast("list[Any]", content)]
    if calls := message.get("tool_calls"):
        changed["tool_calls"] = [_mask_call(call, tokens) for call in calls]
    return changed


def learn_from(messages: Sequence[dict[str, Any]], tokens: Tokens) -> None:
    """Names and addresses that the house itself put into the request: records of customers."""
    names: list[str] = []
    addresses: list[str] = []
    for message in messages:
        content = message.get("content")
        if not isinstance(content, str) or message.get("role") in {"user", "assistant"}:
            continue
        names += [one[1].strip() for one in _NAMED.finditer(content)]
        if content.lstrip()[:1] in {"{", "["}:
            try:
                _look_into(json.loads(content), names, addresses, _DEEPEST)
            except ValueError:
                continue
    if names or addresses:
        tokens.learn(Known(names=tuple(names), addresses=tuple(addresses)))


def _look_into(value: Any, names: list[str], addresses: list[str], depth: int) -> None:
    if depth == 0:
        return
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if isinstance(name := fields.get("name"), str) and _OF_PEOPLE & fields.keys():
            names.append(name)
        if isinstance(address := fields.get("address"), str) and len(address) > 5:
            addresses.append(address)
        for inner in fields.values():
            _look_into(inner, names, addresses, depth - 1)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            _look_into(inner, names, addresses, depth - 1)


def _mask_part(part: Any, tokens: Tokens) -> Any:
    if not isinstance(part, dict):
        return part
    fields = cast("dict[str, Any]", part)
    text = fields.get("text")
    return {**fields, "text": tokens.mask(text)} if isinstance(text, str) else fields


def _mask_call(call: dict[str, Any], tokens: Tokens) -> dict[str, Any]:
    function: dict[str, Any] = call.get("function") or {}
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        return call
    return {**call, "function": {**function, "arguments": tokens.mask(arguments)}}
