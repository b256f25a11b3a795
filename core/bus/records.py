"""Between the store's bytes and the house's values. Pure.

Above: `log`, `live`, `journal`. Below: `core.messages`, `core.conversation`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from core.conversation import Head, HeadChange, Turnpike
from core.ids import ConversationId
from core.messages import Address, Entry, EntryBody, InboundEvent, body_of

RawEntry = tuple[bytes, Sequence[bytes]]


def event_digest(event: InboundEvent | EntryBody) -> str:
    """What tells two events with the same id apart: their content. The entry of an event has the
    same."""
    return content_digest(event.kind, event.action, event.value, event.author.role, event.text)


def content_digest(kind: str, action: str | None, value: str | None, role: str, text: str) -> str:
    """See `event_digest`."""
    content = f"{kind}\0{action}\0{value}\0{role}\0{text}"
    return hashlib.blake2s(content.encode(), digest_size=9).hexdigest()


def event_json(event: InboundEvent) -> str:
    """The body of the entry this event becomes."""
    return body_json(body_of(event))


def body_json(body: EntryBody) -> str:
    """An entry's body as it is stored: without defaults, sequence and time."""
    return body.model_dump_json(exclude_defaults=True)


@lru_cache(maxsize=4096)
def moment(milliseconds: bytes | str | int) -> datetime:
    """The store's clock as aware UTC."""
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def make_entry(seq: int, body: bytes, at: bytes, epoch: bytes) -> Entry:
    """An entry from its stored pieces; the body was validated when it was written."""
    parsed = _parse_body(body)
    return Entry.model_construct(
        _fields_set=None, **parsed.__dict__, seq=seq, at=moment(at), epoch=int(epoch)
    )


@lru_cache(maxsize=2048)
def _parse_body(body: bytes) -> EntryBody:
    """In one process the same entry is claimed, shown live and archived within a moment."""
    return EntryBody.model_validate_json(body)


@lru_cache(maxsize=2048)
def _parse_address(address: bytes) -> Address:
    return Address.model_validate_json(address)


def pair(flat: Any) -> dict[bytes, bytes]:
    """Field-value pairs as a dict, whichever shape the protocol version gives."""
    if isinstance(flat, dict):
        return cast("dict[bytes, bytes]", flat)
    items: list[Any] = list(flat)
    if items and isinstance(items[0], (list, tuple)):
        return dict(items)
    return dict(zip(items[::2], items[1::2], strict=True))


def stream_records(answer: Any) -> list[tuple[bytes, Sequence[Any]]]:
    """XREAD's or XREADGROUP's answer as (stream, records), whichever protocol version it is."""
    if not answer:
        return []
    if not isinstance(answer, dict):
        return [(key, records) for key, records in answer]
    pairs: list[tuple[bytes, Sequence[Any]]] = []
    streams = cast("dict[bytes, list[Any]]", answer)
    for key, records in streams.items():  # RESP3 wraps the records of a stream once more
        lines = records
        if lines and isinstance(lines[0], list) and not _is_record(lines[0]):
            lines = cast("list[Any]", lines[0])
        pairs.append((key, lines))
    return pairs


def _is_record(item: Any) -> bool:
    return len(item) == 2 and isinstance(item[0], bytes)


def parse_entries(raw: Iterable[Any]) -> list[Entry]:
    """Entries of the log stream, in the order given."""
    return [parse_entry(identifier, fields) for identifier, fields in raw]


def parse_entry(identifier: bytes, flat: Any) -> Entry:
    """One entry of the log stream; its id is `<seq>-0`."""
    fields = pair(flat)
    seq = int(identifier.split(b"-", 1)[0])
    return make_entry(seq, fields[b"b"], fields[b"t"], fields[b"e"])


def parse_head(conversation: str, flat: Any) -> Head:
    """The head hash as a value."""
    raw = pair(flat)

    def text(name: str) -> str | None:
        value = raw.get(name.encode())
        return value.decode() if value else None

    def number(name: str) -> int:
        return int(raw.get(name.encode()) or 0)

    address = raw.get(b"addr")
    owner, status = text("owner") or "ai", text("status") or "open"
    return Head.model_construct(
        id=ConversationId(conversation),
        seq=number("seq"),
        owner=owner,  # pyright: ignore[reportArgumentType] -- written by our scripts only
        status=status,  # pyright: ignore[reportArgumentType]
        epoch=number("epoch"),
        address=_parse_address(address) if address else None,
        contact=text("contact"),
        level=number("level"),
        specialist=text("specialist"),
        language=text("language"),
        sentiment=text("sentiment"),
        priority=text("priority"),
        summary=text("summary"),
        ticket=text("ticket"),
        tokens_used=number("tokens"),
        cost=float(raw.get(b"cost") or 0),
        created_at=moment(raw.get(b"created") or b"0"),
        updated_at=moment(raw.get(b"updated") or b"0"),
        engine_cursor=number("c:engine"),
        customer_cursor=number("c:customer"),
        last_customer_seq=number("lcs"),
        scheduled=b"w:engine" in raw,
        each=raw.get(b"each") == b"1",
        steps=number("steps"),
        case=number("case"),
        case_closed=number("casex"),
        desk=text("desk"),
        seen=number("shown"),
        seen_at=moment(raw[b"shownat"]) if b"shownat" in raw else None,
        said=number("said"),
        climbed=number("climbed"),
        climbed_after=number("climbedafter"),
        is_away=b"home" in raw,
        places=tuple(
            _parse_address(value) for name, value in sorted(raw.items()) if name[:3] == b"at:"
        ),
        email=text("email"),
        sealed=number("sealed"),
        sealed_at=moment(raw[b"sealedat"]) if b"sealedat" in raw else None,
        proved=tuple(
            _parse_address(value) for name, value in sorted(raw.items()) if name[:3] == b"pv:"
        ),
    )


def window_ms(pike: Turnpike, *, finished: bool) -> int:
    """How long a message waits for more before its turn begins."""
    if pike.policy == "each" or (pike.policy == "adaptive" and finished):
        return 0
    return int(pike.window_seconds * 1000)


def head_fields(change: HeadChange) -> list[str]:
    """The fields that a turn sets in the head: name, value, name, value …"""
    set_fields = change.model_dump(exclude_none=True)
    return [part for item in set_fields.items() for part in item]
