"""An update without the parts that are not as our library knows them. Pure.

Above: `decode`. Below: nothing. Telegram adds kinds and fields, and Bot API servers that people run
themselves are older than the library: who wrote what, where, must be right; anything else of a
message may be missing, and is then named like what cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

_NEEDED = frozenset({"message_id", "date", "chat", "from", "text"})
# Parts that are something the customer sent: if one is left out, it is said that it came.
_SENT = frozenset(
    {"animation", "audio", "contact", "dice", "document", "location", "photo", "poll", "sticker",
     "venue", "video", "video_note", "voice"}
)  # fmt: skip
Place = tuple[int | str, ...]


def without_faults(raw: Any, places: Iterable[Place]) -> Any:
    """The same without what stands at these places, as a whole: a poll with a faulty option is
    left out. What every message needs stays, faults and all."""
    if not isinstance(raw, dict):
        return raw
    update = cast("dict[str, Any]", raw)
    for place in places:
        kind = str(place[0]) if place else ""
        if len(place) >= 2 and isinstance(update.get(kind), dict):
            update = {**update, kind: _mend(kind, update[kind], place[1:])}
    return update


def _mend(kind: str, body: dict[str, Any], place: Place) -> dict[str, Any]:
    name = str(place[0])
    if kind == "callback_query":
        return _mend_press(body, place)
    if name in {"from_user", *_NEEDED}:
        return body
    rest = {key: value for key, value in body.items() if key != name}
    if name in _SENT and name in body:
        said = "caption" if rest.get("caption") else "text"
        rest[said] = f"{rest.get(said) or ''}\n[{name}]".strip()
    return rest


def _mend_press(body: dict[str, Any], place: Place) -> dict[str, Any]:
    """Of a press the message under which the button stood is needed, but not what it says."""
    name = str(place[0])
    if name == "chat_instance":
        return {**body, name: ""}
    inner = [one for one in place[1:] if one not in {"Message", "InaccessibleMessage"}]
    message = body.get("message")
    if name == "message" and inner and isinstance(message, dict):
        return {**body, "message": _mend("message", cast("dict[str, Any]", message), tuple(inner))}
    return body
