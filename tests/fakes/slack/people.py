"""Who is in the workspace: members, guests, strangers of shared channels, bots; their groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.slack.workspace import APP, BOT, BOT_USER, TEAM, Workspace


@dataclass
class User:
    """Somebody, as `users.info` tells of them."""

    id: str
    name: str = "Somebody"
    display: str = ""
    team: str = TEAM
    zone: str = "Europe/Prague"
    bot: bool = False
    guest: bool = False
    single_channel: bool = False
    stranger: bool = False
    deleted: bool = False
    picture: str = ""

    def shape(self) -> dict[str, Any]:
        """The object of Slack's."""
        profile = {
            "real_name": self.name, "real_name_normalized": self.name,
            "display_name": self.display, "display_name_normalized": self.display,
        }  # fmt: skip
        if self.picture:
            profile |= {"image_72": self.picture, "image_192": self.picture}
        return {
            "id": self.id, "team_id": self.team, "name": self.id.lower(),
            "real_name": self.name, "deleted": self.deleted, "tz": self.zone,
            "profile": profile, "is_bot": self.bot, "is_app_user": False,
            "is_restricted": self.guest or self.single_channel,
            "is_ultra_restricted": self.single_channel, "is_stranger": self.stranger,
        }  # fmt: skip


@dataclass
class Directory:
    """People and groups; whoever is not named here is an ordinary member."""

    space: Workspace
    users: dict[str, User] = field(default_factory=dict[str, User])
    groups: dict[str, set[str]] = field(default_factory=dict[str, "set[str]"])
    # Members of channels that never wrote there.
    members: dict[str, set[str]] = field(default_factory=dict[str, "set[str]"])

    def add(self, user: str, **fields: Any) -> User:
        """Somebody new."""
        self.users[user] = User(user, **fields)
        return self.users[user]

    def find(self, user: str) -> User | None:
        """Who this is."""
        if user == BOT_USER:
            return User(BOT_USER, "support", bot=True)
        if not user.startswith(("U", "W")):
            return None
        return self.users.get(user) or User(user)

    def of_channel(self, channel: str) -> list[str]:
        """Who is in a channel."""
        return sorted({BOT_USER, *self.members.get(channel, set())})

    def bot(self, bot: str) -> dict[str, Any] | None:
        """What is known of a bot."""
        if bot != BOT:
            return None
        return {"id": BOT, "app_id": APP, "user_id": BOT_USER, "name": "support", "deleted": False}
