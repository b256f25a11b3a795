"""One typed answer of a model: asked with a JSON Schema, checked, mended once.

Above: triage in its uncertain band, and whoever needs a decision instead of words. Below:
`core.ports.LanguageModel`. A server that cannot be told a schema is told it in words.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import aclosing
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import ModelError, ModelGarbage, ModelRefused
from core.messages import Frozen
from core.ports import LanguageModel

ShapeT = TypeVar("ShapeT", bound=BaseModel)
_LONGEST = 8_000
_FENCE = re.compile(r"\A\s*```(?:json)?\s*|\s*```\s*\Z")
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_IN_WORDS = "Answer with one JSON object only, no other words, that fits this JSON Schema:\n"
_MEND = "That does not fit: {fault}. Answer again with the JSON object only."


class Use(Frozen):
    """What the calls of one question cost."""

    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


async def ask_shape(
    model: LanguageModel,
    system: str,
    text: str,
    shape: type[ShapeT],
    *,
    name: str | None = None,
    deadline_seconds: float,
    attempts: int = 3,
) -> tuple[ShapeT, Use]:
    """The model's answer as a `shape`, and what it cost; `name` is the model to use, if it matters.
    `attempts` counts answers; with one, nothing is mended.

    Raises `ModelError`; `ModelGarbage` when the answer does not fit the second time either.
    """
    schema = schema_of(shape)
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    deadline = time.monotonic() + deadline_seconds
    told: dict[str, Any] | None = schema
    use = Use()
    answers = 0
    while answers < attempts:
        try:
            answer, use = await _ask(model, messages, told, name, deadline, use)
            answers += 1
        except ModelRefused as error:
            if told is None or error.code != ModelRefused.code:
                raise
            told = None  # it takes no schema: say it in words
            messages[0] = {"role": "system", "content": f"{system}\n\n{_IN_WORDS}{_json(schema)}"}
            continue
        try:
            return shape.model_validate_json(_object_in(answer)), use
        except ValidationError as error:
            if answers == attempts:
                break
            fault = "; ".join(item["msg"] for item in error.errors()[:3])
            messages += [
                {"role": "assistant", "content": answer[:2_000]},
                {"role": "user", "content": _MEND.format(fault=fault)},
            ]
    raise ModelGarbage("the answer does not fit its schema", code="model_shape")


def schema_of(shape: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of `shape` as strict servers want it: every field required, none beside."""
    schema = shape.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("type") == "object":
            part["additionalProperties"] = False
            part["required"] = list(part.get("properties", {}))
            for field in part.get("properties", {}).values():
                field.pop("default", None)
                field.pop("title", None)
        part.pop("title", None)
    return schema


async def _ask(
    model: LanguageModel, messages: list[dict[str, str]], schema: dict[str, Any] | None,
    name: str | None, deadline: float, use: Use,
) -> tuple[str, Use]:  # fmt: skip
    words: list[str] = []
    extra: dict[str, Any] = {} if schema is None else {"shape": schema}
    left = deadline - time.monotonic()
    if left <= 0:
        raise ModelError("no time is left to ask", code="model_timeout")
    stream = model.stream(messages, temperature=0.0, model=name, deadline_seconds=left, **extra)
    async with aclosing(stream) as chunks:
        async for chunk in chunks:
            words.append(chunk.text)
            if sum(map(len, words)) > _LONGEST:
                raise ModelGarbage("the answer has no end", code="model_shape")
            use = Use(
                model=chunk.model or use.model,
                tokens_in=use.tokens_in + chunk.tokens_in,
                tokens_out=use.tokens_out + chunk.tokens_out,
            )
    return "".join(words), use


def _object_in(text: str) -> str:
    """The JSON object in an answer that may have a fence, thoughts or a word around it."""
    bare = _FENCE.sub("", _THOUGHT.sub("", text))
    start, end = bare.find("{"), bare.rfind("}")
    return bare[start : end + 1] if 0 <= start < end else bare


def _json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False)
