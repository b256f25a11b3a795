"""From an entry to messages of Telegram: text with entities, buttons, files. Pure.

Above: `sending`. Below: `channels.rendering`, aiogram's types. Nothing is marked up: what is bold
or a link is said beside the text, so no character of it can mean anything. Telegram counts in
UTF-16.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity

from channels.base import Capabilities
from channels.rendering import Piece, Span, render, split_text
from core.choices import short_value
from core.messages import Attachment, Button, Entry
from core.phrases import Phrases

CAPABILITIES = Capabilities(
    max_text=4096,
    units="utf16",
    markup="entities",
    buttons=8,
    files=True,
    max_file=50_000_000,
    edits=True,
    typing=True,
    preview_seconds=1.0,
)
MOST_CALLBACK_BYTES = 64
MOST_PHOTO_BYTES = 10_000_000
_MOST_ENTITIES = 100
_PHOTOS = frozenset({"image/jpeg", "image/png", "image/webp"})
_LONGEST_LABEL = 64
Link = Callable[[Attachment], str | None]


@dataclass(frozen=True)
class Words:
    """One text message."""

    text: str
    entities: tuple[MessageEntity, ...] = ()
    keyboard: InlineKeyboardMarkup | None = None


@dataclass(frozen=True)
class Parcel:
    """One file. `is_photo`: Telegram shows it as a picture."""

    file: Attachment
    is_photo: bool


def encode(
    entry: Entry, phrases: Phrases | None = None, link: Link | None = None, *, files: bool = True
) -> list[Words | Parcel]:
    """The messages of an entry, in order. Raises `UnsupportedContent`."""
    able = CAPABILITIES if files else CAPABILITIES.model_copy(update={"files": False})
    return [_message_of(piece) for piece in render(entry, able, phrases, link)]


def preview_text(text: str) -> str:
    """So much of an unfinished answer as one message takes."""
    pieces = split_text(text, CAPABILITIES.max_text, "utf16")
    return pieces[0] if pieces else ""


def keyboard_of(buttons: tuple[Button, ...]) -> InlineKeyboardMarkup | None:
    """A button a row: labels are sentences, and a telephone is narrow."""
    if not buttons:
        return None
    rows = [
        [
            InlineKeyboardButton(
                text=button.label[:_LONGEST_LABEL] or "?",
                callback_data=short_value(button.value, MOST_CALLBACK_BYTES),
            )
        ]
        for button in buttons
    ]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _message_of(piece: Piece) -> Words | Parcel:
    file = piece.attachment
    if file is not None:
        small = 0 <= file.size <= MOST_PHOTO_BYTES
        return Parcel(file, is_photo=file.media_type in _PHOTOS and small)
    piece = _spell_out(piece)
    return Words(piece.text, _entities_of(piece), keyboard_of(piece.buttons))


def _spell_out(piece: Piece) -> Piece:
    """Addresses that Telegram makes no links of (mail, telephone) stand behind their words."""
    for span in piece.spans:
        address = (span.url or "").partition(":")[2]
        said = piece.text[span.start : span.end]
        if span.kind != "link" or _is_web(span.url) or not address or address in said:
            continue
        added = f" ({address})"
        if _units(piece.text) + _units(added) > CAPABILITIES.max_text:
            continue
        text = piece.text[: span.end] + added + piece.text[span.end :]
        moved = tuple(_moved(one, span.end, len(added)) for one in piece.spans if one is not span)
        return _spell_out(replace(piece, text=text, spans=moved))
    return piece


def _moved(span: Span, at: int, by: int) -> Span:
    start = span.start + by if span.start >= at else span.start
    end = span.end + by if span.end > at else span.end
    return replace(span, start=start, end=end)


def _is_web(url: str | None) -> bool:
    return (url or "").startswith(("http://", "https://"))


def _entities_of(piece: Piece) -> tuple[MessageEntity, ...]:
    made = (_entity_of(span, piece.text) for span in piece.spans)
    return tuple(entity for entity in made if entity is not None)[:_MOST_ENTITIES]


def _entity_of(span: Span, text: str) -> MessageEntity | None:
    start = _units(text[: span.start])
    length = _units(text[span.start : span.end])
    if span.kind == "item" or not text[span.start : span.end].strip():
        return None
    if span.kind != "link":
        return MessageEntity(
            type=span.kind, offset=start, length=length,
            language=span.language if span.kind == "pre" else None,
        )  # fmt: skip
    url = span.url or ""
    if url == text[span.start : span.end] or not _is_web(url):
        return None  # Telegram sees an address in a text by itself
    return MessageEntity(type="text_link", offset=start, length=length, url=url)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2
