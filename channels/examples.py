"""Examples for the description of the API, made from the shapes themselves.

Above: `openapi`. Below: nothing. Pure. A field shows its own example where it has one, else what
fields of its name hold, else the least that its type allows; a test holds all of them to their
shapes. Where fields exclude each other the whole example is written out here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

Schema = Mapping[str, Any]

_TIME = "2030-01-31T09:30:00.000Z"
_CONVERSATION = "cv_07_q7dVJ3bBTHu0pYzQm4xkRw"
_WHOLE: dict[str, dict[str, Any]] = {
    "NewConversation": {"text": "Where is my parcel?", "language": "en"},
    "NewMessage": {"text": "Order 1043, please.", "client_id": "m1"},
    "Act": {"reason": "solved"},
    "Closing": {"reason": "solved"},
    "Words": {"text": "I have sent it again.", "name": "Eva"},
    "DraftWords": {"name": "Eva"},
    "Snooze": {"minutes": 60},
    "Duty": {"on": True, "name": "Eva", "languages": ["cs", "en"]},
    "TriageRequest": {"text": "I was charged twice"},
    "TriageCorrection": {"text": "I was charged twice", "specialist": "billing"},
    "KnowledgeProposal": {"question": "How long is the warranty?", "answer": "Two years."},
    "AcceptedProposal": {},
    "NewDocument": {"title": "Warranty", "text": "The warranty is two years.", "language": "en"},
    "NewWebhook": {"url": "https://hooks.example.com/switchboard", "events": []},
    "TicketPatch": {"status": "pending", "note": "Waits for the parcel"},
    "Escalation": {"reason": "complaint", "text": "It arrived broken twice."},
}
# What fields of these names hold, wherever they are.
_KNOWN: dict[str, Any] = {
    "id": _CONVERSATION, "conversation": _CONVERSATION, "channel": "rest", "language": "en",
    "contact": "ct_4Qm2hT8v", "name": "Eva", "text": "Where is my parcel?", "seq": 3,
    "at": _TIME, "created_at": _TIME, "updated_at": _TIME, "expires_at": _TIME, "from": _TIME,
    "to": _TIME, "since": _TIME, "until": _TIME, "proposed_at": _TIME, "asked_at": _TIME,
    "url": "https://shop.example/files/terms.pdf", "title": "Delivery times", "version": "0.1.0",
    "specialist": "billing", "intent": "duplicate_charge", "event": "evt_5rC1x", "type": "message",
    "media_type": "image/png", "email": "jan@customer.example", "subject": "It does not turn",
    "by": "Eva", "created_by": "admin", "question": "How long is the warranty?",
    "answer": "Two years.", "status": "open", "priority": "high", "next": None,
}  # fmt: skip
_DEEPEST = 12


def example_of(schema: Schema, shapes: Mapping[str, Schema]) -> Any:
    """A value of this schema; `shapes` are those that it refers to."""
    return _Maker(shapes).make(schema, "", 0)


class _Maker:
    def __init__(self, shapes: Mapping[str, Schema]) -> None:
        self._shapes = shapes

    def make(self, schema: Schema, name: str, depth: int) -> Any:
        if "$ref" in schema:
            shape = schema["$ref"].rsplit("/", 1)[-1]
            return _WHOLE.get(shape) or self.make(self._shapes[shape], name, depth + 1)
        if "examples" in schema:
            return schema["examples"][0]
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                return self._choose(schema[key], name, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            known = _KNOWN.get(name)
            return known if known in schema["enum"] else schema["enum"][0]
        return self._plain(schema, name, depth)

    def _choose(self, variants: list[Schema], name: str, depth: int) -> Any:
        """Something rather than nothing, unless it is known to be nothing or goes too deep."""
        if depth > _DEEPEST or (name in _KNOWN and _KNOWN[name] is None):
            return None
        return self.make(variants[0], name, depth + 1)

    def _plain(self, schema: Schema, name: str, depth: int) -> Any:
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            items = cast("Schema", schema.get("items", {}))
            wanted = depth <= _DEEPEST and schema.get("maxItems", 1) > 0
            return [self.make(items, name, depth + 1)] if wanted and items else []
        if kind in {"integer", "number"}:
            return max(int(schema.get("minimum", 0)), int(bool(name == "seq")))
        if kind == "boolean":
            return bool(schema.get("default", False))
        if kind == "null":
            return None
        return _text(schema, name)

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        required = schema.get("required", ())
        for name, field in schema.get("properties", {}).items():
            if name in required or "examples" in field:
                made[name] = self.make(field, name, depth + 1)
        return made


def _text(schema: Schema, name: str) -> str:
    if schema.get("type") == "string" and isinstance(_KNOWN.get(name), str):
        return cast("str", _KNOWN[name])[: schema.get("maxLength", 10_000)]
    return _TIME if schema.get("format") == "date-time" else name or "text"
