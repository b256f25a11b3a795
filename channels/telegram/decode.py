"""From an update of Telegram to arrivals. Pure.

Above: `adapter`. Below: aiogram's types, `describe`, `addressed`. One update may be several
arrivals (`/new` closes a conversation and begins one), or none: what other machines say, what
happens in channels, and in groups whatever is not for us.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from aiogram.types import CallbackQuery, InaccessibleMessage, Message, Update, User
from pydantic import ValidationError

from channels.base import Arrival
from channels.telegram.addressed import Me, read_command, strip_mention, was_meant
from channels.telegram.describe import describe, origin_of, read_files
from channels.telegram.mending import without_faults
from core.choices import LANGUAGE
from core.errors import DecodeError
from core.ids import ConversationId, telegram_act_id, telegram_message_id
from core.messages import Address, Author
from core.text import clean_text

ReadLink = Callable[[str], ConversationId | None]
PLATFORM_LEVEL = 1
LANGUAGES = ("en", "cs", "ru", "de", "es")
HUMAN = "human"
_COMMANDS = frozenset({"start", "help", "human", "new", "language"})
_LONGEST_NAME = 100
_MOST_NAMED = 3
_SURROGATE = re.compile("[\ud800-\udfff]")


def no_links(token: str) -> ConversationId | None:
    """Without a reader of links, no token proves anything."""
    return None


def read_update(raw: object) -> Update:
    """The update, if it is one. Raises `DecodeError`. Half a character somewhere is no reason to
    lose what was said: it is replaced. Neither is a part that is not as we know it, because the
    Bot API server is older or newer than our library: it is left out."""
    try:
        clean = _scrub(raw)
        try:
            return Update.model_validate(clean)
        except ValidationError as error:
            return Update.model_validate(without_faults(clean, [one["loc"] for one in
                                                                error.errors()]))  # fmt: skip
    except ValidationError as error:
        places = [
            ".".join(str(part) for part in one["loc"]) for one in error.errors()[:_MOST_NAMED]
        ]
        raise DecodeError(f"not an update as documented: {', '.join(places)}") from None
    except RecursionError:
        raise DecodeError("not an update as documented: too deep") from None


def decode(update: Update, me: Me, read_link: ReadLink = no_links) -> list[Arrival]:
    """What the update says to us."""
    if update.message is not None:
        return _decode_message(update.message, me, read_link)
    if update.edited_message is not None:
        return _decode_edit(update.edited_message, update.update_id, me)
    if update.callback_query is not None:
        return _decode_press(update.callback_query, me)
    return []


def chat_of(update: Update) -> int:
    """The chat in which it happened; updates of one chat are taken in order."""
    message = update.message or update.edited_message
    if message is not None:
        return message.chat.id
    if update.callback_query is not None and update.callback_query.message is not None:
        return update.callback_query.message.chat.id
    return 0


def address_of(message: Message | InaccessibleMessage, me: Me) -> Address:
    """Where it was said: a chat, or a topic of a forum."""
    topic = getattr(message, "is_topic_message", None)
    thread = getattr(message, "message_thread_id", None) if topic else None
    return Address(
        channel="telegram",
        account=me.account,
        chat=str(message.chat.id),
        thread=None if thread is None else str(thread),
    )


def _decode_message(message: Message, me: Me, read_link: ReadLink) -> list[Arrival]:
    if message.migrate_from_chat_id is not None:
        return [_moved(message, message.migrate_from_chat_id, me)]
    sender = message.from_user
    if sender is None or sender.is_bot or not was_meant(message, me):
        return []
    said = _said(message, sender, me)
    command = read_command(message, me)
    if command is not None and command[0] in _COMMANDS:
        return _decode_command(said, command, read_link, message, me)
    if not said.text and not said.attachments:
        return []
    return [said]


def _said(message: Message, sender: User, me: Me) -> Arrival:
    files = read_files(message)
    text = strip_mention(message, me)
    if not text and not files:
        text = describe(message)
    origin = origin_of(message)
    if origin is not None:
        text = f"⤷ {_name(origin)}:\n{text}".rstrip()
    answered = message.reply_to_message
    return Arrival(
        id=telegram_message_id(me.account, message.chat.id, message.message_id),
        address=address_of(message, me),
        author=Author(role="customer", name=_name(sender.full_name)),
        text=text,
        reply_to=None
        if answered is None
        else telegram_message_id(me.account, message.chat.id, answered.message_id),
        attachments=files,
        language=language_of(sender),
        sent_at=message.date,
        contact=f"telegram:{sender.id}",
        level=PLATFORM_LEVEL,
    )


def _decode_command(
    said: Arrival, command: tuple[str, str], read_link: ReadLink, message: Message, me: Me
) -> list[Arrival]:
    """A command reaches the log as what it means; the engine answers it like any word."""
    name, rest = command
    plain = said.model_copy(update={"text": f"/{name}", "attachments": ()})
    if name == "human":
        pressed = {"kind": "control", "action": "button", "value": HUMAN}
        return [plain.model_copy(update=pressed)]
    if name == "new":
        closing = telegram_act_id(me.account, message.chat.id, message.message_id, "close", 0)
        closed = {"id": closing, "kind": "control", "action": "close", "text": ""}
        return [plain.model_copy(update={**closed, "reply_to": None}), plain]
    private = message.chat.type == "private"  # a group is nobody's own place
    if name == "start" and rest and private and read_link(rest) is not None:
        return [plain.model_copy(update={"link": rest})]
    return [plain]


def _decode_edit(message: Message, update: int, me: Me) -> list[Arrival]:
    sender = message.from_user
    if sender is None or sender.is_bot or not was_meant(message, me):
        return []
    said = _said(message, sender, me)
    changed: dict[str, Any] = {
        "id": telegram_act_id(me.account, message.chat.id, message.message_id, "edit", update),
        "kind": "control",
        "action": "edit",
        "value": said.id,
        "attachments": (),
        "reply_to": None,
    }
    return [said.model_copy(update=changed)]


def _decode_press(query: CallbackQuery, me: Me) -> list[Arrival]:
    message = query.message
    if message is None or not query.data or query.from_user.is_bot:
        return []
    chosen = query.data.removeprefix(LANGUAGE) if query.data.startswith(LANGUAGE) else None
    return [
        Arrival(
            id=telegram_act_id(
                me.account, message.chat.id, message.message_id, "press", query.id[:64]
            ),
            address=address_of(message, me),
            kind="control",
            author=Author(role="customer", name=_name(query.from_user.full_name)),
            action="button",
            value=query.data,
            language=chosen if chosen in LANGUAGES else language_of(query.from_user),
            contact=f"telegram:{query.from_user.id}",
            level=PLATFORM_LEVEL,
        )
    ]


def _moved(message: Message, old: int, me: Me) -> Arrival:
    """A group became a supergroup: its conversation goes with it."""
    here = address_of(message, me)
    return Arrival(
        id=telegram_act_id(me.account, message.chat.id, message.message_id, "moved", old),
        address=here,
        former=here.model_copy(update={"chat": str(old)}),
        kind="note",
        author=Author(role="system"),
        text=f"Telegram: {old} → {message.chat.id}",
    )


def language_of(user: User) -> str | None:
    """The language of the customer's app, if it is one of ours."""
    code = (user.language_code or "").partition("-")[0].lower()
    return code if code in LANGUAGES else None


def _name(text: str) -> str:
    return " ".join(clean_text(text).split())[:_LONGEST_NAME]


def _scrub(raw: object) -> Any:
    """The same with lone surrogates replaced."""
    if isinstance(raw, str):
        return _SURROGATE.sub("\ufffd", raw)
    if isinstance(raw, dict):
        fields = cast("dict[object, object]", raw)
        return {_scrub(key): _scrub(value) for key, value in fields.items()}
    if isinstance(raw, list):
        return [_scrub(item) for item in cast("list[object]", raw)]
    return raw
