"""Whether a message is for us, and what it says besides our name. Pure.

Above: `decode`. Below: aiogram's types. In a private chat everything is for us; in a group only
what mentions us, answers us, or is a command that no other bot was named with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiogram.types import Message, MessageEntity

_COMMAND = re.compile(r"/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{1,64})?(?=\s|\Z)")
_AT_FIRST = ("bot_command", 0)


@dataclass(frozen=True)
class Me:
    """Who we are: the bot's number, and its name once it is known."""

    account: str
    username: str | None = None


def was_meant(message: Message, me: Me) -> bool:
    """True if the message is for us."""
    if message.chat.type == "private":
        return True
    if message.chat.type not in {"group", "supergroup"}:
        return False
    answered = message.reply_to_message
    author = answered.from_user if answered is not None else None
    if author is not None and str(author.id) == me.account:
        return True
    return read_command(message, me) is not None or bool(_mentions(message, me))


def read_command(message: Message, me: Me) -> tuple[str, str] | None:
    """The command that the message begins with, and what follows; None for another bot's."""
    text = message.text or ""
    first = next(iter(message.entities or ()), None)
    if first is None:  # not every server of the Bot API marks what it carries
        match = _COMMAND.match(text)
        said = match[0] if match else ""
    else:
        said = first.extract_from(text) if (first.type, first.offset) == _AT_FIRST else ""
    if not said:
        return None
    name, _, bot = said.removeprefix("/").partition("@")
    if bot and bot.casefold() != (me.username or "").casefold():
        return None
    return name.casefold(), text[len(said) :].strip()


def strip_mention(message: Message, me: Me) -> str:
    """The text or caption, without our name at its beginning or end; links behind words are
    told."""
    text = _with_links(message)
    if message.chat.type == "private":
        return text
    for entity in _mentions(message, me):
        name = entity.extract_from(message.text or message.caption or "")
        bare = text.strip()
        if bare.startswith(name):
            text = bare[len(name) :].lstrip(" ,:;-–—").strip()
        elif bare.endswith(name):
            text = bare[: -len(name)].rstrip(" ,").strip()
    return text


def _with_links(message: Message) -> str:
    """The text or caption, each address that it hides behind words."""
    text = message.text if message.text is not None else message.caption or ""
    entities = message.entities if message.text is not None else message.caption_entities
    units = text.encode("utf-16-le", "surrogatepass")
    for entity in sorted(entities or (), key=lambda one: one.offset, reverse=True):
        bare = (entity.url or "").partition("://")[2].rstrip("/")
        if entity.type == "text_link" and entity.url and bare not in text:
            end = 2 * (entity.offset + entity.length)
            added = f" ({entity.url})".encode("utf-16-le", "surrogatepass")
            units = units[:end] + added + units[end:]
    return units.decode("utf-16-le", "replace")


def _mentions(message: Message, me: Me) -> list[MessageEntity]:
    """Where our name stands."""
    text = message.text if message.text is not None else message.caption or ""
    entities = message.entities if message.text is not None else message.caption_entities
    if not entities:  # see `read_command`
        entities = _find_name(text, me)
    found: list[MessageEntity] = []
    for entity in entities:
        named = entity.type == "mention" and me.username is not None
        if named and entity.extract_from(text).casefold() == f"@{me.username}".casefold():
            found.append(entity)
        linked = entity.user if entity.type == "text_mention" else None
        if linked is not None and str(linked.id) == me.account:
            found.append(entity)
    return found


def _find_name(text: str, me: Me) -> list[MessageEntity]:
    name = re.escape(f"@{me.username}") if me.username else "(?!)"
    match = re.search(rf"(?<!\w){name}(?!\w)", text, re.IGNORECASE)
    if match is None:
        return []
    before, said = (len(part.encode("utf-16-le", "replace")) // 2 for part in
                    (text[: match.start()], match[0]))  # fmt: skip
    return [MessageEntity(type="mention", offset=before, length=said)]
