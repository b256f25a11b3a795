"""The Web API's methods: what each wants, what it refuses, what it does.

Above: `server`, which reads the call and checks the token. Below: `workspace`, `schema`. Each
method gets the arguments as they were given, and raises `Refusal` with Slack's word for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.fakes.slack.payloads import file_fields
from tests.fakes.slack.schema import check_blocks
from tests.fakes.slack.workspace import BOT, BOT_USER, TEAM, Channel, Workspace

Args = dict[str, Any]
ALL_SCOPES = frozenset({
    "app_mentions:read", "assistant:write", "channels:history", "chat:write",
    "chat:write.customize", "commands",
    "files:read", "files:write", "groups:history", "im:history", "im:write", "mpim:history",
    "users:read",
})  # fmt: skip
_HISTORY = {
    "im": "im:history", "channel": "channels:history", "group": "groups:history",
    "mpim": "mpim:history",
}  # fmt: skip
_READ = {"im": "im:read", "channel": "channels:read", "group": "groups:read", "mpim": "mpim:read"}


_FACE = ("username", "icon_emoji", "icon_url")
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_]{1,255}")
_MOST_METADATA = 8_000


class Refusal(Exception):
    """`ok: false`."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.fields = {"ok": False, "error": error, **more}


class Methods:
    """All methods that the adapter calls."""

    def __init__(self, workspace: Workspace) -> None:
        self._space = workspace
        self.scopes = set(ALL_SCOPES)
        # What became of the installation (token_revoked, account_inactive); None: it works.
        self.ended: str | None = None
        self.files_url = self.upload_url = self.socket_url = ""
        self.on_posted: Callable[[Channel, dict[str, Any]], None] = lambda *_: None
        self.table: dict[str, Callable[[Args], Args]] = {
            "apps.connections.open": self._open_connection,
            "assistant.threads.setStatus": self._set_status,
            "auth.test": self._auth_test,
            "chat.appendStream": self._append_stream,
            "chat.delete": self._delete,
            "chat.getPermalink": self._permalink,
            "chat.postMessage": self._post,
            "chat.startStream": self._start_stream,
            "chat.stopStream": self._stop_stream,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.info": self._info,
            "conversations.open": self._open,
            "conversations.replies": self._replies,
            "files.completeUploadExternal": self._complete_upload,
            "files.delete": self._delete_file,
            "files.getUploadURLExternal": self._get_upload,
            "files.info": self._file_info,
            "users.info": self._user_info,
        }

    def _need(self, scope: str) -> None:
        if scope not in self.scopes:
            raise Refusal("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def _channel(self, args: Args, name: str = "channel", *, write: bool = True) -> Channel:
        channel = self._space.channels.get(str(args.get(name, "")))
        if channel is None:
            raise Refusal("channel_not_found")
        if not channel.has_app:
            raise Refusal("not_in_channel")
        if write and channel.archived:
            raise Refusal("is_archived")
        return channel

    def _auth_test(self, args: Args) -> Args:
        return {
            "url": "https://example.slack.com/", "team": "Example", "team_id": TEAM,
            "user": "support", "user_id": BOT_USER, "bot_id": BOT, "is_enterprise_install": False,
        }  # fmt: skip

    def _open_connection(self, args: Args) -> Args:
        return {"url": self.socket_url}

    def _set_status(self, args: Args) -> Args:
        self._need("chat:write")
        channel = self._channel(args, "channel_id")
        if not isinstance(args.get("status"), str) or channel.find(str(args["thread_ts"])) is None:
            raise Refusal("invalid_arguments")
        self._space.statuses.append(args)
        return {}

    def _post(self, args: Args) -> Args:
        self._need("chat:write")
        channel = self._channel(args)
        root = _root(args)
        if root is not None and channel.find(root) is None and root in channel.removed:
            raise Refusal("thread_not_found")
        message = self._space.add_bot_message(
            channel, **_content(args), **self._face(args), thread_ts=root
        )
        self.on_posted(channel, message)
        return {"channel": channel.id, "ts": message["ts"], "message": message}

    def _face(self, args: Args) -> Args:
        """Under another name and picture, which wants a right of its own."""
        face = {name: args[name] for name in _FACE if args.get(name) is not None}
        if face:
            self._need("chat:write.customize")
        if "username" in face and not 0 < len(str(face["username"])) <= 80:
            raise Refusal("invalid_arguments")
        if "icon_url" in face and not str(face["icon_url"]).startswith("https://"):
            raise Refusal("invalid_arguments")
        return face

    def _update(self, args: Args) -> Args:
        self._need("chat:write")
        channel, message = self._own(args)
        if (channel.id, message["ts"]) in self._space.streams:
            raise Refusal("streaming_state_conflict")
        message.pop("blocks", None)
        message.update(_content(args))
        message["edited"] = {"user": BOT_USER, "ts": self._space.next_ts()}
        return {"channel": channel.id, "ts": message["ts"], "text": message["text"]}

    def _delete(self, args: Args) -> Args:
        self._need("chat:write")
        channel, message = self._own(args, "cant_delete_message")
        channel.remove(message)
        return {"channel": channel.id, "ts": message["ts"]}

    def _permalink(self, args: Args) -> Args:
        channel = self._channel(args, write=False)
        message = channel.find(str(args.get("message_ts")))
        if message is None:
            raise Refusal("message_not_found")
        place = f"https://example.slack.com/archives/{channel.id}/p{message['ts'].replace('.', '')}"
        root = message.get("thread_ts")
        more = f"?thread_ts={root}&cid={channel.id}" if root not in {None, message["ts"]} else ""
        return {"channel": channel.id, "permalink": place + more}

    def _own(
        self, args: Args, refusal: str = "cant_update_message"
    ) -> tuple[Channel, dict[str, Any]]:
        channel = self._channel(args)
        message = channel.find(str(args.get("ts")))
        if message is None:
            raise Refusal("message_not_found")
        if message.get("bot_id") != BOT:
            raise Refusal(refusal)
        return channel, message

    def _start_stream(self, args: Args) -> Args:
        self._need("chat:write")
        channel = self._channel(args)
        root = _root(args)
        if root is None or channel.find(root) is None:
            raise Refusal("invalid_thread_ts")
        person = args.get("recipient_user_id") and args.get("recipient_team_id")
        if channel.kind != "im" and not person:
            raise Refusal("missing_recipient_user_id")
        text = _markdown(args)
        message = self._space.add_bot_message(channel, text=text, thread_ts=root)
        self._space.streams.add((channel.id, message["ts"]))
        return {"channel": channel.id, "ts": message["ts"]}

    def _append_stream(self, args: Args) -> Args:
        channel, message = self._streaming(args)
        message["text"] += _markdown(args)
        return {"channel": channel.id, "ts": message["ts"]}

    def _stop_stream(self, args: Args) -> Args:
        channel, message = self._streaming(args)
        if args.get("markdown_text"):
            message["text"] += _markdown(args)
        if "blocks" in args and (fault := check_blocks(args["blocks"])) is not None:
            raise Refusal(fault)
        message.update({k: args[k] for k in ("blocks", "metadata") if k in args})
        self._space.streams.discard((channel.id, message["ts"]))
        return {"channel": channel.id, "ts": message["ts"], "message": message}

    def _streaming(self, args: Args) -> tuple[Channel, dict[str, Any]]:
        channel, message = self._own(args)
        if (channel.id, message["ts"]) not in self._space.streams:
            raise Refusal("message_not_in_streaming_state")
        return channel, message

    def _history(self, args: Args) -> Args:
        channel = self._channel(args, write=False)
        self._need(_HISTORY[channel.kind])
        roots = [one for one in channel.messages if one.get("thread_ts") in {None, one["ts"]}]
        return _page(args, list(reversed(roots)))

    def _replies(self, args: Args) -> Args:
        channel = self._channel(args, write=False)
        self._need(_HISTORY[channel.kind])
        root = str(args.get("ts"))
        if channel.find(root) is None:
            raise Refusal("thread_not_found")
        thread = [one for one in channel.messages if root in {one["ts"], one.get("thread_ts")}]
        return _page(args, thread)

    def _info(self, args: Args) -> Args:
        channel = self._space.channels.get(str(args.get("channel", "")))
        if channel is None or (channel.kind == "group" and not channel.has_app):
            raise Refusal("channel_not_found")
        self._need(_READ[channel.kind])
        found = {"id": channel.id, "is_archived": channel.archived, "is_member": channel.has_app}
        return {"channel": found}

    def _open(self, args: Args) -> Args:
        self._need("im:write")
        user = str(args.get("users", ""))
        if not user.startswith(("U", "W")):
            raise Refusal("user_not_found")
        return {"channel": {"id": self._space.direct(user).id}}

    def _user_info(self, args: Args) -> Args:
        self._need("users:read")
        user = str(args.get("user", ""))
        return {"user": {"id": user, "team_id": TEAM, "real_name": "Somebody", "is_bot": False}}

    def _file_info(self, args: Args) -> Args:
        self._need("files:read")
        file = self._space.files.get(str(args.get("file")))
        if file is None:
            raise Refusal("file_not_found")
        return {"file": file_fields(file, self.files_url)}

    def _delete_file(self, args: Args) -> Args:
        self._need("files:write")
        file = self._space.files.pop(str(args.get("file")), None)
        if file is None:
            raise Refusal("file_not_found")
        for channel in self._space.channels.values():
            for message in list(channel.messages):
                left = [one for one in message.get("files") or [] if one["id"] != file.id]
                if len(left) != len(message.get("files") or []):
                    message["files"] = left
                    if not left and not message.get("text"):
                        channel.messages.remove(message)
        return {}

    def _get_upload(self, args: Args) -> Args:
        self._need("files:write")
        length = int(args.get("length") or 0)
        if not args.get("filename") or length <= 0:
            raise Refusal("invalid_arguments")
        file = self._space.add_file(str(args["filename"]), b"", "application/octet-stream")
        file.length = length
        return {"upload_url": f"{self.upload_url}{file.id}", "file_id": file.id}

    def _complete_upload(self, args: Args) -> Args:
        self._need("files:write")
        channel = self._channel(args, "channel_id")
        shown: list[Args] = []
        for one in args.get("files") or []:
            file = self._space.files.get(str(one.get("id")))
            if file is None or not file.content or file.shared:
                raise Refusal("file_not_found")
            file.shared = True
            shown.append(file_fields(file, self.files_url) | {"title": one.get("title")})
        message = self._space.add_bot_message(
            channel, text="", files=shown, thread_ts=_root(args), subtype="file_share"
        )
        self.on_posted(channel, message)
        return {"files": [{"id": one["id"], "title": one["title"]} for one in shown]}


def _content(args: Args) -> Args:
    """Checked words, blocks and metadata of a message."""
    text, blocks, metadata = args.get("text") or "", args.get("blocks"), args.get("metadata")
    if not text and not blocks:
        raise Refusal("no_text")
    if len(text) > 40_000:
        raise Refusal("msg_too_long")
    if blocks is not None and (fault := check_blocks(blocks)) is not None:
        raise Refusal(fault)
    content: Args = {"text": text}
    if blocks is not None:
        content["blocks"] = blocks
    if metadata is not None:
        _check_metadata(metadata)
        content["metadata"] = metadata
    return content


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise Refusal("invalid_metadata_format")
    if not _EVENT_TYPE.fullmatch(str(metadata["event_type"])):
        raise Refusal("invalid_metadata_format")
    if not isinstance(metadata["event_payload"], dict):
        raise Refusal("invalid_metadata_schema")
    if len(json.dumps(metadata)) > _MOST_METADATA:
        raise Refusal("metadata_too_large")


def _markdown(args: Args) -> str:
    text = args.get("markdown_text")
    if not isinstance(text, str) or not text:
        raise Refusal("no_text")
    if len(text) > 12_000:
        raise Refusal("msg_too_long")
    return text


def _root(args: Args) -> str | None:
    root = args.get("thread_ts")
    if root is not None and (not isinstance(root, str) or "." not in root):
        raise Refusal("invalid_thread_ts")
    return root


def _page(args: Args, messages: list[dict[str, Any]]) -> Args:
    """A page, with the metadata only if it was asked for."""
    oldest, limit = float(args.get("oldest") or 0), int(args.get("limit") or 100)
    start = int(args.get("cursor") or 0)
    latest = float(args.get("latest") or "inf")
    found = [one for one in messages if oldest < float(one["ts"]) < latest]
    page = found[start : start + limit]
    if str(args.get("include_all_metadata", "")).lower() not in {"true", "1"}:
        page = [{k: v for k, v in one.items() if k != "metadata"} for one in page]
    more = start + limit < len(found)
    cursor = str(start + limit) if more else ""
    return {"messages": page, "has_more": more, "response_metadata": {"next_cursor": cursor}}
