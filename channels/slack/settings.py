"""Settings of Slack. Above: the composition root. Below: pydantic."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,30}\Z")
_USER = re.compile(r"[UW][A-Z0-9]{2,30}\Z")


class SlackSettings(BaseModel):
    """The app in a workspace. With an app token it connects by Socket Mode; with a signing secret
    Slack comes to us over HTTP; with both, both doors are open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bot_token: SecretStr | None = Field(default=None, description="The app's bot token (xoxb-…).")
    app_token: SecretStr | None = Field(
        default=None, description="The app-level token (xapp-…) for Socket Mode."
    )
    signing_secret: SecretStr | None = Field(
        default=None, description="Checks what Slack sends over HTTP."
    )
    api_url: str = Field(
        default="https://slack.com/api/", description="Another Web API server, if one is used."
    )
    desk_channel: str | None = Field(
        default=None, description="Slack channel where people answer customers."
    )
    desk_group: str | None = Field(
        default=None, pattern=r"^S[A-Z0-9]{2,30}$",
        description="Slack user group (S…) whose members may act for the desk. Without it and "
        "desk_members: the members of the desk's channel who are no guests.",
    )  # fmt: skip
    desk_members: str = Field(
        default="",
        description="Slack users (U…, separated by commas) who may act for the desk, beside the "
        "group's; the only way in for a guest.",
    )
    desk_undo_seconds: float = Field(
        default=30.0, ge=0,
        description="So long a reply can be taken back by a button; 0 offers none.",
    )  # fmt: skip
    desk_undo_emoji: str = Field(
        default="leftwards_arrow_with_hook",
        description="Reacting with it to one's own reply takes it back as well.",
    )
    team_id: str | None = Field(
        default=None,
        pattern=r"^[TE][A-Z0-9]{2,30}$",
        description="The workspace (T…). When set, it is the name of the account, and events of "
        "other workspaces are refused.",
    )
    channels: str = Field(
        default="",
        description="Slack channels (C…, separated by commas) in which every message is a "
        "customer's; elsewhere only direct messages and mentions of the app are.",
    )
    sockets: int = Field(
        default=2, ge=1, le=10, description="Socket Mode connections that are kept open."
    )
    silent_seconds: float = Field(
        default=600.0,
        gt=0,
        description="A socket that brought nothing for so long is replaced by a new one.",
    )
    messages_per_second: float = Field(
        default=1.0, gt=0, description="Messages into one Slack channel or direct message."
    )

    keep_withdrawn: bool = Field(
        default=True,
        description="People at the desk may still read what a customer took back.",
    )

    @field_validator("channels")
    @classmethod
    def _check_channels(cls, text: str) -> str:
        for one in _listed(text):
            if not _CHANNEL.match(one):
                raise ValueError(f"{one!r} is no id of a Slack channel (C0123ABCD)")
        return text

    @field_validator("desk_members")
    @classmethod
    def _check_members(cls, text: str) -> str:
        for one in _listed(text):
            if not _USER.match(one):
                raise ValueError(f"{one!r} is no id of a Slack user (U0123ABCD)")
        return text

    @property
    def is_configured(self) -> bool:
        """True if there is an app."""
        return self.bot_token is not None

    @property
    def has_desk(self) -> bool:
        """True if people answer customers from Slack."""
        return self.is_configured and self.desk_channel is not None

    @property
    def account(self) -> str:
        """The account's name in addresses."""
        return self.team_id or "default"

    @property
    def members(self) -> frozenset[str]:
        """Who may act for the desk by name."""
        return frozenset(_listed(self.desk_members))

    @property
    def allowed(self) -> frozenset[str]:
        """The channels in which every message counts, without the desk's."""
        return frozenset(_listed(self.channels)) - {self.desk_channel}


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]
