"""What people of a desk do in Slack: press, fill in windows, put signs, ask, look at their home.

Above: tests. Below: `server`, which tells the app of it. What the app answers to a window or a
command comes back with the acknowledgement: `Told.response`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.slack import payloads
from tests.fakes.slack.views import fill
from tests.fakes.slack.workspace import APP, TEAM, Channel

if TYPE_CHECKING:
    from tests.fakes.slack.server import SlackServer
    from tests.fakes.slack.telling import Told


class Deskwork:
    """The people of one workspace."""

    def __init__(self, server: SlackServer) -> None:
        self._server = server

    def press(
        self, channel: Channel, message: dict[str, Any], action: str, *, user: str, **changes: Any
    ) -> Told:
        """Press the button of this action under a message, or under a whisper."""
        block, element = _find(message, action)
        payload = payloads.press(
            channel, message, block, element, user=user, ts=self._server.space.next_ts(),
            api=self._server.url,
        )  # fmt: skip
        payload["trigger_id"] = self._server.desk.views.trigger()
        if message in self._server.desk.whispers:
            del payload["message"]
            payload["container"]["is_ephemeral"] = True
        return self._tell("interactive", {**payload, **changes})

    def press_at_home(self, action: str, *, user: str) -> Told:
        """Press a button of the App Home."""
        view = self._server.desk.views.homes[user]
        block, element = _find(view, action)
        payload = {
            "type": "block_actions", "api_app_id": APP, "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM}, "view": view,
            "container": {"type": "view", "view_id": view["id"]},
            "actions": [{
                "type": "button", "action_id": element["action_id"],
                "block_id": block.get("block_id", ""), "value": element.get("value"),
                "action_ts": self._server.space.next_ts(),
            }],
            "trigger_id": self._server.desk.views.trigger(),
        }  # fmt: skip
        return self._tell("interactive", payload)

    def submit(self, view: dict[str, Any], *, user: str, **typed: str) -> Told:
        """Send a modal in which this was typed."""
        filled = {**view, "state": {"values": fill(view, typed)}, "app_id": APP, "team_id": TEAM}
        payload = {
            "type": "view_submission", "api_app_id": APP, "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM}, "view": filled, "response_urls": [],
            "trigger_id": self._server.desk.views.trigger(),
        }  # fmt: skip
        return self._tell("interactive", payload)

    def ask(self, text: str, *, user: str, channel: str = "C0ANY0001") -> Told:
        """`/switchboard …`"""
        place = self._server.space.channels.get(channel) or Channel(channel, "channel")
        payload = payloads.command(place, "/switchboard", text, user=user, api=self._server.url)
        return self._tell("slash_commands", payload)

    def react(self, channel: Channel, message: dict[str, Any], emoji: str, *, user: str) -> Told:
        """Put a sign on a message."""
        event = {
            "type": "reaction_added", "user": user, "reaction": emoji,
            "item": {"type": "message", "channel": channel.id, "ts": message["ts"]},
            "item_user": message.get("user"), "event_ts": self._server.space.next_ts(),
        }  # fmt: skip
        return self._tell("events_api", payloads.callback(event))

    def look_at_home(self, *, user: str) -> Told:
        """Open the App Home."""
        event = {
            "type": "app_home_opened", "user": user, "channel": f"D{user[1:]}", "tab": "home",
            "event_ts": self._server.space.next_ts(),
        }  # fmt: skip
        return self._tell("events_api", payloads.callback(event))

    def _tell(self, kind: Any, payload: dict[str, Any]) -> Told:
        at = len(self._server.told)
        self._server.tell(kind, payload)
        return self._server.told[at]


def buttons_of(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The buttons under a message or in a view, by their action."""
    found: dict[str, dict[str, Any]] = {}
    for block in message.get("blocks", []):
        for element in [*block.get("elements", []), block.get("accessory") or {}]:
            if element.get("type") == "button":
                found.setdefault(element["action_id"], element)
    return found


def _find(message: dict[str, Any], action: str) -> tuple[dict[str, Any], dict[str, Any]]:
    for block in message["blocks"]:
        for element in [*block.get("elements", []), block.get("accessory") or {}]:
            if element.get("action_id") == action:
                return {"block_id": "b", **block}, element
    raise AssertionError(f"no button {action}")
