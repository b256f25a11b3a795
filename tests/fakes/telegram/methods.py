"""What the methods of the emulated Bot API do."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.telegram.space import Bot, Chat, Json, Space


class ApiError(Exception):
    """Telegram says no."""

    def __init__(self, status: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


@dataclass
class Answer:
    """One call: who asks, and what for."""

    bot: Bot
    space: Space
    fields: Json

    def chat(self) -> Chat:
        """The chat that is meant."""
        found = self.space.chats.get(self.fields["chat_id"])
        if found is None:
            raise ApiError(400, "Bad Request: chat not found")
        return found


def _get_me(call: Answer) -> Json:
    return call.bot.user() | {
        "can_join_groups": True, "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }  # fmt: skip


def _webhook_info(call: Answer) -> Json:
    hook = call.bot.webhook
    info: Json = {
        "url": hook.get("url", ""), "has_custom_certificate": False,
        "pending_update_count": len(call.bot.queue),
    }  # fmt: skip
    if call.bot.last_error is not None:
        info |= {"last_error_date": 1, "last_error_message": call.bot.last_error[1]}
    return info


def _delete_webhook(call: Answer) -> bool:
    call.bot.webhook = {}
    return True


def _set_commands(call: Answer) -> bool:
    call.bot.commands[call.fields.get("language_code", "")] = call.fields["commands"]
    return True


def _send_message(call: Answer) -> Json:
    if not call.fields["text"].strip():
        raise ApiError(400, "Bad Request: message text is empty")
    _check_entities(call.fields)
    kept = ("text", "entities", "reply_markup", "message_thread_id")
    content = {name: call.fields[name] for name in kept if name in call.fields}
    if "message_thread_id" in content:
        content["is_topic_message"] = True
    chat = call.chat()
    chat.drafts.clear()
    return call.space.write(chat, call.bot.user(), **content)


def _draft(call: Answer) -> bool:
    if call.chat().kind != "private":
        raise ApiError(400, "Bad Request: drafts are for private chats")
    if not call.fields["draft_id"]:
        raise ApiError(400, "Bad Request: DRAFT_ID_INVALID")
    call.chat().drafts.append(call.fields)
    return True


def _edit(call: Answer) -> Json:
    message = call.chat().find(call.fields["message_id"])
    if message is None:
        raise ApiError(400, "Bad Request: message to edit not found")
    _check_entities(call.fields)
    kept = ("text", "entities", "reply_markup")
    content = {name: call.fields[name] for name in kept if name in call.fields}
    if {name: message.get(name) for name in kept} == {name: content.get(name) for name in kept}:
        raise ApiError(400, "Bad Request: message is not modified: specified new message content "
                            "and reply markup are exactly the same")  # fmt: skip
    for name in kept:
        message.pop(name, None)
    message.update(content)
    return message


def _delete(call: Answer) -> bool:
    message = call.chat().find(call.fields["message_id"])
    if message is None:
        raise ApiError(400, "Bad Request: message to delete not found")
    call.chat().messages.remove(message)
    return True


def _action(call: Answer) -> bool:
    call.chat().typing += 1
    return True


def _photo(call: Answer) -> Json:
    if len(call.fields["photo"]) > 10_000_000:
        raise ApiError(413, "Request Entity Too Large")
    number = _keep(call, call.fields["photo"])
    size = {"file_id": number, "file_unique_id": f"u{number}", "width": 90, "height": 90,
            "file_size": len(call.fields["photo"])}  # fmt: skip
    return call.space.write(call.chat(), call.bot.user(), photo=[size])


def _document(call: Answer) -> Json:
    upload = call.fields["document"]
    if len(upload) > 50_000_000:
        raise ApiError(413, "Request Entity Too Large")
    number = _keep(call, upload)
    document = {
        "file_id": number, "file_unique_id": f"u{number}", "file_name": upload.filename,
        "mime_type": call.space.files[number].media_type, "file_size": len(upload),
    }  # fmt: skip
    return call.space.write(call.chat(), call.bot.user(), document=document)


def _get_file(call: Answer) -> Json:
    number = call.fields["file_id"]
    found = call.space.files.get(number)
    if found is None:
        raise ApiError(400, "Bad Request: invalid file_id")
    if len(found.content) > 20_000_000:
        raise ApiError(400, "Bad Request: file is too big")
    return {"file_id": number, "file_unique_id": f"u{number}", "file_size": len(found.content),
            "file_path": number}  # fmt: skip


def _answer_query(call: Answer) -> bool:
    if call.fields["callback_query_id"].startswith("old"):
        raise ApiError(400, "Bad Request: query is too old and response timeout expired or query "
                            "ID is invalid")  # fmt: skip
    return True


def _keep(call: Answer, upload: Any) -> str:
    kind = mimetypes.guess_type(upload.filename)[0] or "application/octet-stream"
    return call.space.put_file(bytes(upload), name=upload.filename, media_type=kind)


def _check_entities(fields: Json) -> None:
    """They lie in the text, in its own units."""
    length = len(fields["text"].encode("utf-16-le")) // 2
    for entity in fields.get("entities", ()):
        if entity["offset"] < 0 or entity["length"] < 1:
            raise ApiError(400, "Bad Request: entity is empty")
        if entity["offset"] + entity["length"] > length:
            raise ApiError(400, "Bad Request: entity beyond the end of the text")


METHODS: dict[str, Callable[[Answer], Any]] = {
    "getMe": _get_me,
    "getWebhookInfo": _webhook_info,
    "deleteWebhook": _delete_webhook,
    "setMyCommands": _set_commands,
    "sendMessage": _send_message,
    "sendMessageDraft": _draft,
    "editMessageText": _edit,
    "deleteMessage": _delete,
    "sendChatAction": _action,
    "sendPhoto": _photo,
    "sendDocument": _document,
    "getFile": _get_file,
    "answerCallbackQuery": _answer_query,
}
