"""What a message of Telegram carries: its files, and in words what is neither text nor file. Pure.

Above: `decode`. Below: aiogram's types. Descriptions use signs and the sender's own words, so they
read the same in every language.
"""

from __future__ import annotations

from aiogram.types import (
    Message,
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginHiddenUser,
    MessageOriginUser,
)

from core.messages import Attachment

# Kinds that are something the customer sent, though we cannot read them.
_NAMED = (
    "story", "paid_media", "checklist", "game", "invoice", "giveaway", "gift", "unique_gift",
    "successful_payment", "users_shared", "chat_shared", "passport_data", "web_app_data",
    "rich_message", "live_photo",
)  # fmt: skip


def read_files(message: Message) -> tuple[Attachment, ...]:
    """The files of a message; the biggest size of a photo."""
    if message.photo:
        best = max(message.photo, key=lambda size: size.width * size.height)
        return (_file(best.file_id, f"photo-{message.message_id}.jpg", "image/jpeg",
                      best.file_size),)  # fmt: skip
    for kind, ending, usual in (
        ("animation", "mp4", "video/mp4"),
        ("document", "bin", "application/octet-stream"),
        ("voice", "ogg", "audio/ogg"),
        ("audio", "mp3", "audio/mpeg"),
        ("video", "mp4", "video/mp4"),
        ("video_note", "mp4", "video/mp4"),
    ):
        found = getattr(message, kind)
        if found is not None:
            name = getattr(found, "file_name", None) or f"{kind}-{message.message_id}.{ending}"
            media_type = getattr(found, "mime_type", None) or usual
            return (_file(found.file_id, name, media_type, found.file_size),)
    return ()


def describe(message: Message) -> str:
    """What came, if it is neither text nor file; empty for what nobody said."""
    if message.sticker is not None:
        return message.sticker.emoji or "[sticker]"
    if message.venue is not None:
        place = message.venue.location
        return (
            f"📍 {message.venue.title}, {message.venue.address} "
            f"({place.latitude:.6f}, {place.longitude:.6f})"
        )
    if message.location is not None:
        return f"📍 {message.location.latitude:.6f}, {message.location.longitude:.6f}"
    if message.contact is not None:
        names = (message.contact.first_name, message.contact.last_name)
        name = " ".join(part for part in names if part)
        return f"👤 {name}: {message.contact.phone_number}"
    if message.poll is not None:
        options = "\n".join(f"• {option.text}" for option in message.poll.options)
        return f"📊 {message.poll.question}\n{options}"
    if message.dice is not None:
        return f"{message.dice.emoji} {message.dice.value}"
    return next((f"[{kind}]" for kind in _NAMED if getattr(message, kind, None) is not None), "")


def origin_of(message: Message) -> str | None:
    """Who wrote a forwarded message first."""
    origin = message.forward_origin
    if isinstance(origin, MessageOriginUser):
        return origin.sender_user.full_name
    if isinstance(origin, MessageOriginHiddenUser):
        return origin.sender_user_name
    if isinstance(origin, MessageOriginChat):
        return origin.sender_chat.title or origin.sender_chat.full_name
    if isinstance(origin, MessageOriginChannel):
        return origin.chat.title or "?"
    return None if origin is None else "?"


def _file(ref: str, name: str, media_type: str, size: int | None) -> Attachment:
    return Attachment(name=name, media_type=media_type, size=-1 if size is None else size, ref=ref)
