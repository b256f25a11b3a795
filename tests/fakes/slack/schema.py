"""Checks blocks as Slack does: their form by the schema of its own types, then the lengths.

The schema (`block_kit.schema.json`) is derived from @slack/types 3.2.0, MIT licence, by
ts-json-schema-generator; it knows no lengths, so those are here.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

_MOST_BLOCKS, _MOST_ALL = 50, 13_200
_TEXTS = {"section": 3000, "header": 150, "markdown": 12_000}
_ELEMENTS = {"actions": 25, "context": 10}


@cache
def _validator() -> Draft7Validator:
    schema = json.loads(Path(__file__).with_name("block_kit.schema.json").read_text("utf-8"))
    return Draft7Validator(schema)


def check_blocks(blocks: Any) -> str | None:
    """What Slack would call the fault; None if there is none."""
    if not isinstance(blocks, list) or not all(isinstance(one, dict) for one in blocks):
        return "invalid_blocks_format"
    if len(blocks) > _MOST_BLOCKS:
        return "invalid_blocks"
    if next(_validator().iter_errors({"blocks": blocks}), None) is not None:
        return "invalid_blocks"
    if any(_is_too_long(block) for block in blocks):
        return "invalid_blocks"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        return "invalid_blocks"
    return "msg_blocks_too_long" if _length(blocks) > _MOST_ALL else None


def _is_too_long(block: dict[str, Any]) -> bool:
    text = block.get("text") or {}
    words = text if isinstance(text, str) else text.get("text", "")
    if len(words) > _TEXTS.get(block["type"], _MOST_ALL) or (text and not words):
        return True
    if len(block.get("block_id", "")) > 255:
        return True
    elements = block.get("elements", [])
    if len(elements) > _ELEMENTS.get(block["type"], 1000):
        return True
    names = [one.get("action_id") for one in elements if "action_id" in one]
    return len(names) != len(set(names)) or any(_is_bad_button(one) for one in elements)


def _is_bad_button(element: dict[str, Any]) -> bool:
    if element.get("type") != "button":
        return False
    return (
        not 0 < len(element["text"]["text"]) <= 75
        or len(element.get("value", "")) > 2000
        or len(element.get("action_id", "")) > 255
        or len(element.get("url", "")) > 3000
    )


def _length(part: Any) -> int:
    """All words of all blocks."""
    if isinstance(part, dict):
        own = len(part["text"]) if isinstance(part.get("text"), str) else 0
        return own + sum(_length(value) for value in part.values())
    return sum(_length(one) for one in part) if isinstance(part, list) else 0
