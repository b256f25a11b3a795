"""What a desk socket sends and gets: its session, the fields of a payload, the events as packets.

Above: `desk`, `desk_work`. Below: `session.encode`, the vocabulary. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from channels.rates import Bucket
from channels.web.session import encode
from core.bus.live import LiveDelta, LiveEntry, LiveEvent, LiveState, LiveTyping
from core.conversation import Head
from core.errors import InputError, NotFound
from core.ids import ConversationId, is_client_id, is_conversation_id
from core.messages import Author

NAMESPACE = "/desk"
Link = Callable[[str], str] | None


@dataclass(eq=False)
class DeskSession:
    """The server's side of one desk socket; `watched` are the conversations that are open in it."""

    author: Author
    scope: str
    send: Callable[[str], None]
    bucket: Bucket
    strikes: int = 0
    caller: str = ""
    typed_at: float = 0.0
    watched: set[str] = field(default_factory=set[str])
    forget: Callable[[], None] = lambda: None


def packet_of(conversation: str, event: LiveEvent, link: Link) -> str | None:
    """The event as this namespace sends it."""
    where = {"conversation": conversation}
    if isinstance(event, LiveEntry):
        return encode("entry", where | event.entry.public(link, desk=True), NAMESPACE)
    if isinstance(event, LiveDelta):
        return encode("delta", event.delta.model_dump(), NAMESPACE)
    if isinstance(event, LiveState):
        state = {"owner": event.owner, "specialist": event.specialist, "status": event.status}
        return encode("state", where | state, NAMESPACE)
    if isinstance(event, LiveTyping):
        return encode("typing", where | {"author": event.author}, NAMESPACE)
    return None


def state_of(head: Head) -> dict[str, Any]:
    """Owner, specialist, status."""
    return {"owner": head.owner, "specialist": head.specialist, "status": head.status}


def conversation_of(fields: dict[str, Any]) -> ConversationId:
    """Which conversation it is about. Raises `NotFound`."""
    conversation = fields.get("conversation")
    if not is_conversation_id(conversation):
        raise NotFound("no such conversation")
    return ConversationId(cast("str", conversation))


def client_id_of(fields: dict[str, Any]) -> str:
    """The client's own id of what it says. Raises `InputError`."""
    client_id = fields.get("client_id")
    if not isinstance(client_id, str) or not is_client_id(client_id):
        raise InputError("client_id must be 1 to 64 of A-Z a-z 0-9 . _ : -")
    return client_id


def text_of(fields: dict[str, Any], name: str) -> str:
    """A string that must be there. Raises `InputError`."""
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise InputError(f"{name} must be a text")
    return value


def texts_of(fields: dict[str, Any], name: str, *, most: int) -> list[str]:
    """A list of strings; none is none. Raises `InputError`."""
    given: Any = fields.get(name) or []
    if not isinstance(given, list) or len(cast("list[Any]", given)) > most:
        raise InputError(f"{name} must be a list of {most} at most")
    found = cast("list[Any]", given)
    if not all(isinstance(one, str) for one in found):
        raise InputError(f"{name} must be a list of texts")
    return cast("list[str]", found)
