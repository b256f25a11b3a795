"""The desk's way in: what people do in Slack becomes their acts, and nobody else's.

Above: `channels.slack.adapter`, which gives each payload here first and acknowledges when this
returns. Below: `inbox_reading`, `people`, `inbox_words`, `actions`, `commands`, `home`. The same
thing by socket, by HTTP and again is one act, because acts are named after the place and time at
Slack.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from channels.base import BARE_HOUSE, House
from channels.slack.api import Json, SlackApi
from channels.slack.desk.actions import Actions
from channels.slack.desk.backing import Backing
from channels.slack.desk.catch_up import CatchUp
from channels.slack.desk.commands import Commands
from channels.slack.desk.home import Home
from channels.slack.desk.inbox_case import Cases
from channels.slack.desk.inbox_reading import (
    Commanded,
    Deed,
    HomeOpened,
    Origin,
    Pressed,
    Reacted,
    Said,
    Submitted,
    channel_of_event,
    read_deed,
    read_origin,
    thread_of_event,
)
from channels.slack.desk.inbox_words import ThreadWords
from channels.slack.desk.people import People
from channels.slack.desk.pictures import Pictures
from channels.slack.desk.telling import Teller
from channels.slack.ordering import Places
from channels.slack.settings import SlackSettings

_log = structlog.get_logger("slack")
_FOREIGN = "Only people of this workspace answer customers from here."


@dataclass(frozen=True)
class Taken:
    """It was the desk's. `answer` goes back to Slack with the acknowledgement."""

    answer: Json | None = None


class DeskInbox:
    """The desk of one workspace."""

    def __init__(
        self, api: SlackApi, settings: SlackSettings, backing: Backing, house: House = BARE_HOUSE
    ) -> None:
        self._channels = backing.channels
        self._people = People(api, settings, Pictures(api, house.put_file))
        self._teller = Teller(api)
        self._cases = Cases(api, settings, backing, self._people)
        self._words = ThreadWords(api, settings, backing, self._people, self._cases, self._teller)
        self._home = Home(api, backing, self._people, self._cases)
        self._actions = Actions(
            api, backing, self._people, self._cases, self._teller, self._words, self._home
        )
        self._commands = Commands(backing, self._people, self._cases)
        self._places = Places()
        self._catch_up = CatchUp(api, backing, self._people, self._words)

    async def keep_up(self) -> None:
        """Until cancelled: take what people wrote while nobody of us heard it."""
        await self._catch_up.run()

    async def take(self, body: Json) -> Taken | None:
        """Do what the payload says; None if it is none of the desk's. Raises `DecodeError` for what
        cannot be read, `BusUnavailable` and `ChannelError` when it must come again."""
        deed = read_deed(body)
        if deed is None:
            return Taken() if await self._is_talk(body) else None
        if not await self._is_ours(deed):
            return None
        if not await self._is_from_home(read_origin(body), deed):
            return Taken()
        async with self._places.turn(*_place(deed)):
            return Taken(await self._do(deed))

    async def close(self) -> None:
        """Finish what is begun."""
        await self._teller.close()

    async def _is_talk(self, body: Json) -> bool:
        """People talking beside the cases, and mentions: in the desk's channels nobody is a
        customer."""
        channel, thread = channel_of_event(body), thread_of_event(body)
        if not channel or channel.startswith("D"):
            return False
        if channel in self._channels:
            return True
        return bool(thread) and await self._cases.of_thread(channel, thread) is not None

    async def _is_ours(self, deed: Deed) -> bool:
        """Messages and signs count in the desk's channels and in threads of cases, wherever those
        are by now; everything else is ours by its name."""
        if isinstance(deed, Reacted):
            return deed.channel in self._channels
        if not isinstance(deed, Said) or deed.channel in self._channels:
            return True
        if deed.channel.startswith("D"):
            return False
        return await self._cases.of_thread(deed.channel, deed.thread) is not None

    async def _is_from_home(self, origin: Origin, deed: Deed) -> bool:
        """It is for our app in our workspace."""
        own = await self._people.own()
        if own.app is not None and origin.app and origin.app != own.app:
            _log.warning("slack_desk_refused", reason="other_app", app=origin.app)
            return False
        if origin.team and origin.team != own.team:
            _log.warning("slack_desk_refused", reason="other_team", team=origin.team)
            if isinstance(deed, Pressed) and deed.channel:
                await self._teller.whisper(deed.user, deed.channel, deed.thread, _FOREIGN)
            return False
        return True

    async def _do(self, deed: Deed) -> Json | None:
        match deed:
            case Said():
                await self._words.take(deed)
            case Reacted():
                await self._words.take_sign(deed)
            case Pressed():
                await self._actions.press(deed)
            case Submitted():
                return await self._actions.submit(deed)
            case Commanded():
                return await self._commands.answer(deed)
            case HomeOpened():
                await self._teller.later(self._home.publish(deed.user))
        return None


def _place(deed: Deed) -> tuple[str, float]:
    """Where it happened, in which one thing comes after the other; and when."""
    match deed:
        case Said():
            return f"{deed.channel}:{deed.thread}", deed.stamp
        case Reacted():
            return f"{deed.channel}:{deed.ts}", deed.at
        case Pressed():
            return f"{deed.channel}:{deed.thread}", float(deed.stamp)
        case Submitted():
            return str(deed.kept.get("c") or deed.view), 0.0
        case Commanded() | HomeOpened():
            return f"user:{deed.user}", 0.0
