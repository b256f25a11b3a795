"""From a line of the pager service to an arrival. Pure.

Above: `adapter`. Below: the vocabulary of `core`. An adapter of the product makes its ids in
`core/ids.py`; an example keeps them here.
"""

from __future__ import annotations

from typing import Any

from channels.base import Arrival
from core.errors import DecodeError
from core.ids import EventId
from core.messages import Address, Attachment, Author


def pager_id(account: str, chat: str, message: str) -> EventId:
    """The id of a message, ours or the customer's."""
    return EventId(f"pager:{account}:{chat}:{message}")


def message_of(platform_id: str) -> str:
    """The service's own id in one of ours."""
    return platform_id.split(":")[3]


def decode(event: Any, account: str) -> Arrival | None:
    """The arrival; None for what is nobody's question. Raises `DecodeError`."""
    try:
        return _READERS[event["type"]](event, account)
    except (KeyError, TypeError, ValueError) as error:
        raise DecodeError(f"no event of the pager: {type(error).__name__}") from None


def _message(event: Any, account: str) -> Arrival | None:
    if event["from"] != "customer":
        return None
    reply_to = event.get("reply_to")
    return Arrival(
        id=pager_id(account, event["chat"], event["id"]),
        address=Address(channel="pager", account=account, chat=event["chat"]),
        author=Author(role="customer", name=event.get("name", "")),
        text=event["text"],
        reply_to=pager_id(account, event["chat"], reply_to) if reply_to else None,
        attachments=tuple(
            Attachment(name=f["name"], media_type=f["type"], size=f["size"], ref=f["id"])
            for f in event.get("files", ())
        ),
        contact=f"pager:{event['chat']}",
        level=1,
    )


def _sticker(event: Any, account: str) -> Arrival | None:
    return _message({**event, "text": "[sticker]"}, account)


def _act(event: Any, account: str) -> Arrival:
    message = pager_id(account, event["chat"], event["id"])
    return Arrival(
        id=EventId(f"{message}:{event['type']}:{int(event['n'])}"),
        address=Address(channel="pager", account=account, chat=event["chat"]),
        kind="control",
        action=event["type"],
        value=message,
        text=event.get("text", ""),
    )


def _choice(event: Any, account: str) -> Arrival:
    return Arrival(
        id=pager_id(account, event["chat"], event["id"]),
        address=Address(channel="pager", account=account, chat=event["chat"]),
        kind="control",
        action="button",
        value=event["value"],
        reply_to=pager_id(account, event["chat"], event["message"]),
    )


_READERS = {
    "message": _message, "sticker": _sticker, "edit": _act, "delete": _act, "choice": _choice,
}  # fmt: skip
