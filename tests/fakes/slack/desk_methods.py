"""The Web API for a desk: whispers, signs, views, who people are and which groups they are in.

Above: `server`, which puts them into the table. Below: `methods`, `people`, `views`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.slack.methods import Args, Methods, Refusal
from tests.fakes.slack.people import Directory
from tests.fakes.slack.schema import check_blocks
from tests.fakes.slack.views import Views, check_view
from tests.fakes.slack.workspace import Channel, Workspace

SCOPES = frozenset({
    "channels:read", "groups:read", "reactions:read", "reactions:write", "usergroups:read",
    "users:read",
})  # fmt: skip
_READ = {"channel": "channels:read", "group": "groups:read", "im": "im:read", "mpim": "mpim:read"}


class DeskMethods:
    """See the module."""

    def __init__(self, methods: Methods, space: Workspace) -> None:
        self._methods = methods
        self._space = space
        self.people = Directory(space)
        self.views = Views()
        self.whispers: list[dict[str, Any]] = []
        self.table: dict[str, Callable[[Args], Args]] = {
            "bots.info": self._bot,
            "chat.postEphemeral": self._whisper,
            "conversations.members": self._members,
            "reactions.add": self._react,
            "usergroups.users.list": self._group,
            "users.info": self._user,
            "views.open": self._open,
            "views.publish": self._publish,
            "views.update": self._update,
        }

    def _need(self, scope: str) -> None:
        if scope not in self._methods.scopes:
            given = ",".join(sorted(self._methods.scopes))
            raise Refusal("missing_scope", needed=scope, provided=given)

    def _channel(self, args: Args) -> Channel:
        channel = self._space.channels.get(str(args.get("channel", "")))
        if channel is None:
            raise Refusal("channel_not_found")
        if not channel.has_app:
            raise Refusal("not_in_channel")
        if channel.archived:
            raise Refusal("is_archived")
        return channel

    def _whisper(self, args: Args) -> Args:
        self._need("chat:write")
        channel = self._channel(args)
        if not args.get("text") and not args.get("blocks"):
            raise Refusal("no_text")
        if args.get("blocks") and (fault := check_blocks(args["blocks"])) is not None:
            raise Refusal(fault)
        if self.people.find(str(args.get("user", ""))) is None:
            raise Refusal("user_not_in_channel")
        ts = self._space.next_ts()
        shown = {key: args[key] for key in ("text", "blocks", "user", "thread_ts") if key in args}
        self.whispers.append({**shown, "channel": channel.id, "ts": ts})
        return {"message_ts": ts}

    def _react(self, args: Args) -> Args:
        self._need("reactions:write")
        message = self._channel(args).find(str(args.get("timestamp")))
        if message is None:
            raise Refusal("message_not_found")
        signs = message.setdefault("reactions", [])
        if any(one["name"] == args["name"] for one in signs):
            raise Refusal("already_reacted")
        signs.append({"name": args["name"], "count": 1})
        return {}

    def _members(self, args: Args) -> Args:
        channel = self._channel(args)
        self._need(_READ[channel.kind])
        wrote = {str(one["user"]) for one in channel.messages if one.get("user")}
        members = sorted({*wrote, *self.people.of_channel(channel.id)})
        start, limit = int(args.get("cursor") or 0), int(args.get("limit") or 100)
        cursor = str(start + limit) if start + limit < len(members) else ""
        return {
            "members": members[start : start + limit],
            "response_metadata": {"next_cursor": cursor},
        }

    def _group(self, args: Args) -> Args:
        self._need("usergroups:read")
        members = self.people.groups.get(str(args.get("usergroup")))
        if members is None:
            raise Refusal("no_such_subteam")
        return {"users": sorted(members)}

    def _user(self, args: Args) -> Args:
        self._need("users:read")
        user = self.people.find(str(args.get("user", "")))
        if user is None:
            raise Refusal("user_not_found")
        return {"user": user.shape()}

    def _bot(self, args: Args) -> Args:
        self._need("users:read")
        bot = self.people.bot(str(args.get("bot")))
        if bot is None:
            raise Refusal("bot_not_found")
        return {"bot": bot}

    def _open(self, args: Args) -> Args:
        if (fault := self.views.use(args.get("trigger_id"))) is not None:
            raise Refusal(fault)
        return self._show(args.get("view"), "modal")

    def _publish(self, args: Args) -> Args:
        user = str(args.get("user_id", ""))
        if self.people.find(user) is None:
            raise Refusal("user_not_found")
        shown = self._show(args.get("view"), "home")
        self.views.homes[user] = shown["view"]
        return shown

    def _update(self, args: Args) -> Args:
        view = self.views.find(str(args.get("view_id")))
        if view is None:
            raise Refusal("not_found")
        if (fault := check_view(args.get("view"))) is not None:
            raise Refusal(fault)
        view.update(args["view"])
        return {"view": view}

    def _show(self, view: Any, kind: str) -> Args:
        if (fault := check_view(view)) is not None or view["type"] != kind:
            raise Refusal(fault or "invalid_arguments")
        return {"view": self.views.add(view)}
