"""Who acts: the people of the workspace, with name and picture, and who of them may act here.

Above: `inbox`, `commands`, `home`. Below: `channels.slack.api`, `pictures`. What Slack said is kept
for some minutes, and for an hour when Slack cannot be asked.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import structlog

from channels.slack.api import Json, SlackApi, SlackRefused
from channels.slack.desk.pictures import Pictures
from channels.slack.settings import SlackSettings
from core.errors import ChannelError
from core.messages import Author
from core.text import clean_text

K = TypeVar("K")
V = TypeVar("V")
_log = structlog.get_logger("slack")
_FRESH_SECONDS, _OLD_SECONDS = 300.0, 3600.0
_MOST = 2_000
_MOST_NAME = 80
_PAGES, _PAGE = 20, 1000


@dataclass(frozen=True)
class Person:
    """Somebody who may act. `zone` is their time zone as Slack has it."""

    user: str
    author: Author
    zone: str | None = None


@dataclass(frozen=True)
class Refusal:
    """Somebody who may not; `why` is said to them. `code` is for the log. A bot hears nothing."""

    code: str
    why: str = ""


@dataclass(frozen=True)
class Own:
    """Who we are in this workspace; `address` is the workspace's own."""

    team: str
    user: str
    bot: str
    app: str | None
    address: str


class Kept(Generic[K, V]):
    """What was asked, for a while; older when nobody answers."""

    def __init__(self, ask: Callable[[K], Awaitable[V]]) -> None:
        self._ask = ask
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()

    async def get(self, key: K, *, fresh: float | None = None) -> V:
        """Not older than `fresh` (some minutes). Raises `ChannelError` if it was never known, or
        too long ago."""
        now = asyncio.get_running_loop().time()
        at, value = self._kept.get(key, (None, None))
        if at is not None and now - at < (_FRESH_SECONDS if fresh is None else fresh):
            return cast("V", value)
        try:
            found = await self._ask(key)
        except SlackRefused:
            raise
        except ChannelError:
            if at is None or now - at > _OLD_SECONDS:
                raise
            return cast("V", value)
        self._kept[key] = (now, found)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return found


class People:
    """The people of one workspace."""

    def __init__(self, api: SlackApi, settings: SlackSettings, pictures: Pictures) -> None:
        self._api = api
        self._settings = settings
        self._pictures = pictures
        self._users: Kept[str, Json] = Kept(self._ask_user)
        self._groups: Kept[str, frozenset[str]] = Kept(self._ask_group)
        self._channels: Kept[str, frozenset[str]] = Kept(self._ask_channel)
        self._own: Own | None = None

    async def own(self) -> Own:
        """Who we are. Raises `ChannelError`."""
        if self._own is None:
            answer, _ = await self._api.test()
            self._own = Own(
                team=str(answer.get("team_id")), user=str(answer.get("user_id")),
                bot=str(answer.get("bot_id")), app=await self._ask_app(str(answer.get("bot_id"))),
                address=str(answer.get("url") or ""),
            )  # fmt: skip
        return self._own

    async def admit(
        self, user: str, slack_channel_id: str, *, is_there: bool = False
    ) -> Person | Refusal:
        """May they act for the desk, whose channel this is? `is_there`: they wrote in it, as only
        its members can. Raises `ChannelError` when Slack cannot be asked: it must be asked again,
        nobody is let in unknown."""
        own = await self.own()
        try:
            profile = await self._users.get(user)
            refusal = self._refuse(profile, own) or await self._check_member(
                user, slack_channel_id, is_there=is_there
            )
        except SlackRefused as error:
            return Refusal(error.reason, f"Who may act here cannot be found out: {error}")
        if refusal is not None:
            return refusal
        return Person(user, await self._author(own.team, user, profile), profile.get("tz"))

    async def name(self, user: str) -> str | None:
        """What somebody is called, for a mention of them."""
        try:
            return _name(await self._users.get(user))
        except ChannelError as error:
            _log.info("slack_name_unknown", error=str(error))
            return None

    def _refuse(self, profile: Json, own: Own) -> Refusal | None:
        """Whom nothing helps: bots, strangers, the gone; and guests who were not named."""
        if profile.get("is_bot") or profile.get("id") in {"USLACKBOT", own.user}:
            return Refusal("bot")
        if profile.get("deleted"):
            return Refusal("gone", "Your account in this workspace is closed.")
        teams = _teams(profile)  # an event of another workspace was refused before
        if profile.get("is_stranger") or (teams and own.team not in teams):
            return Refusal(
                "stranger", "Only people of this workspace answer customers from here; what you "
                "wrote stays in Slack.",
            )  # fmt: skip
        guest = profile.get("is_restricted") or profile.get("is_ultra_restricted")
        if guest and profile.get("id") not in self._settings.members:
            return Refusal("guest", "Guests do not answer customers; what you wrote stays here.")
        return None

    async def _check_member(
        self, user: str, slack_channel_id: str, *, is_there: bool
    ) -> Refusal | None:
        """The group's and the named people; without either, who is in the channel."""
        group = self._settings.desk_group
        if user in self._settings.members:
            return None
        if group is not None:
            allowed = user in await self._groups.get(group)
        elif self._settings.members:
            allowed = False
        else:
            allowed = is_there or user in await self._channels.get(slack_channel_id)
            if not allowed:  # who has just come in is not in what was kept
                allowed = user in await self._channels.get(slack_channel_id, fresh=0.0)
        if allowed:
            return None
        return Refusal(
            "not_a_member", "You are not among those who answer customers; what you wrote stays "
            "here. Ask an administrator to add you to the desk's group.",
        )  # fmt: skip

    async def _author(self, team: str, user: str, profile: Json) -> Author:
        picture = await self._pictures.of(f"{team}:{user}", _fields(profile.get("profile")))
        return Author(
            role="human_agent", id=f"slack:{team}:{user}", name=_name(profile), avatar=picture
        )

    async def _ask_user(self, user: str) -> Json:
        return _fields((await self._api.call("users.info", form=True, user=user)).get("user"))

    async def _ask_group(self, group: str) -> frozenset[str]:
        answer = await self._api.call("usergroups.users.list", form=True, usergroup=group)
        return _texts(answer.get("users"))

    async def _ask_channel(self, slack_channel_id: str) -> frozenset[str]:
        found, cursor = frozenset[str](), None
        for _ in range(_PAGES):
            page = await self._api.call(
                "conversations.members", form=True, channel=slack_channel_id, limit=_PAGE,
                cursor=cursor,
            )  # fmt: skip
            found |= _texts(page.get("members"))
            cursor = _fields(page.get("response_metadata")).get("next_cursor")
            if not cursor:
                break
        return found

    async def _ask_app(self, bot: str) -> str | None:
        """Which app we are, if Slack says so."""
        try:
            answer = await self._api.call("bots.info", form=True, bot=bot)
        except SlackRefused:
            return None
        return _fields(answer.get("bot")).get("app_id")


def _teams(profile: Json) -> frozenset[str]:
    """The workspaces somebody is of; in an organisation there are several."""
    own = [profile["team_id"]] if profile.get("team_id") else []
    return _texts(own) | _texts(_fields(profile.get("enterprise_user")).get("teams"))


def _name(user: Json) -> str:
    """The name they go by, as customers read it."""
    profile = _fields(user.get("profile"))
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"))
    found = next((str(one) for one in names if one and str(one).strip()), "Support")
    return " ".join(clean_text(found).split())[:_MOST_NAME]


def _fields(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _texts(value: object) -> frozenset[str]:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return frozenset(str(one) for one in items)
