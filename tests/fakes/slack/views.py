"""Modals and the App Home: checks views as Slack does, and keeps those that are open.

Above: `methods`, `server`. Below: `schema`. A trigger opens one modal, within three seconds.
"""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.slack.schema import check_blocks

_KINDS = {"modal", "home"}
_FIELDS = {
    "type", "title", "blocks", "close", "submit", "private_metadata", "callback_id",
    "clear_on_close", "notify_on_close", "external_id", "submit_disabled",
}  # fmt: skip
_LABEL, _META, _CALLBACK, _BLOCKS = 24, 3000, 255, 100
TRIGGER_SECONDS = 3.0


def check_view(view: Any) -> str | None:
    """What Slack would call the fault; None if there is none."""
    if not isinstance(view, dict) or view.get("type") not in _KINDS or set(view) - _FIELDS:
        return "invalid_arguments"
    if view["type"] == "modal" and not _is_label(view.get("title")):
        return "invalid_arguments"
    if any(name in view and not _is_label(view[name]) for name in ("submit", "close")):
        return "invalid_arguments"
    blocks = view.get("blocks")
    if not isinstance(blocks, list) or not 0 < len(blocks) <= _BLOCKS:
        return "invalid_arguments"
    if (
        len(view.get("private_metadata", "")) > _META
        or len(view.get("callback_id", "")) > _CALLBACK
    ):
        return "invalid_arguments"
    has_fields = any(block.get("type") == "input" for block in blocks)
    if has_fields and view["type"] == "modal" and "submit" not in view:
        return "invalid_arguments"
    if len(json.dumps(view)) > 250_000:
        return "view_too_large"
    faults = (check_blocks(blocks[at : at + 50]) for at in range(0, len(blocks), 50))
    if next((fault for fault in faults if fault not in {None, "msg_blocks_too_long"}), None):
        return "invalid_arguments"
    return "invalid_arguments" if any(_is_bad_field(block) for block in blocks) else None


def _is_label(text: Any) -> bool:
    if not isinstance(text, dict) or text.get("type") != "plain_text":
        return False
    return 0 < len(text.get("text", "")) <= _LABEL


def _is_bad_field(block: dict[str, Any]) -> bool:
    if block.get("type") != "input":
        return False
    element = block["element"]
    words = [
        block["label"]["text"],
        (block.get("hint") or {}).get("text", ""),
    ]
    if any(len(one) > 2000 for one in words) or not words[0]:
        return True
    if len((element.get("placeholder") or {}).get("text", "")) > 150:
        return True
    most = element.get("max_length", 3000)
    if most > 3000 or len(element.get("initial_value", "")) > most:
        return True
    if "initial_value" in element and not element["initial_value"]:
        return True
    options = element.get("options", [])
    if len(options) > (10 if element["type"] == "radio_buttons" else 100):
        return True
    if any(not 0 < len(o["text"]["text"]) <= 75 or len(o["value"]) > 150 for o in options):
        return True
    first = element.get("initial_option")
    return first is not None and first not in options


@dataclass
class Views:
    """What is open, and what the App Home of each person shows."""

    triggers: dict[str, float] = field(default_factory=dict[str, float])
    open: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    homes: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def trigger(self) -> str:
        """A new trigger, good for one modal."""
        name = f"{time.time_ns()}.{next(self._numbers)}.trigger"
        self.triggers[name] = time.monotonic()
        return name

    def use(self, trigger: Any) -> str | None:
        """What is wrong with a trigger."""
        at = self.triggers.pop(str(trigger), None)
        if at is None:
            return "exchanged_trigger_id"
        return "expired_trigger_id" if time.monotonic() - at > TRIGGER_SECONDS else None

    def add(self, view: dict[str, Any]) -> dict[str, Any]:
        """Show it."""
        shown = {**view, "id": f"V{next(self._numbers):08X}", "state": {"values": {}}}
        if shown["type"] == "modal":
            self.open.append(shown)
        return shown

    def find(self, view: str) -> dict[str, Any] | None:
        """One that is open."""
        return next((one for one in self.open if one["id"] == view), None)


def fill(view: dict[str, Any], typed: dict[str, str]) -> dict[str, Any]:
    """The state of a modal in which this was typed or chosen; the rest stands as it was shown."""
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element, name = block["element"], block["block_id"]
        values[name] = {element["action_id"]: _fill(element, typed.get(name))}
    return values


def _fill(element: dict[str, Any], typed: str | None) -> dict[str, Any]:
    kind = element["type"]
    match kind:
        case "radio_buttons" | "static_select":
            options = {one["value"]: one for one in element["options"]}
            chosen = element.get("initial_option") if typed is None else options[typed]
            return {"type": kind, "selected_option": chosen}
        case "users_select":
            return {"type": kind, "selected_user": typed}
        case "datetimepicker":
            return {"type": kind, "selected_date_time": int(typed) if typed else None}
        case _:
            value = element.get("initial_value") if typed is None else typed
            return {"type": kind, "value": value or None}
