"""Slack as a channel: one app in one workspace.

Above: `channels.registry`, `service`, `delivery`, the HTTP server. Below: `sockets` and `events`
(the two ways in), `decode`, `sending`, `previews`. Both ways in end in `_take`: what a payload says
is published before anything is acknowledged, and what is said in one place in order.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

import structlog
from aiohttp import web

from channels.base import BARE_HOUSE, Arrival, Capabilities, Finding, House, Publish, Report
from channels.slack.api import Json, SlackApi
from channels.slack.checks import check_app
from channels.slack.decode import PLATFORM_LEVEL, Asked, Rules, channel_of, decode, stamp_of
from channels.slack.desk.backing import Backing
from channels.slack.desk.commands import ASKED_ELSEWHERE
from channels.slack.desk.inbox import DeskInbox, Taken
from channels.slack.desk.inbox_reading import COMMAND
from channels.slack.encode import CAPABILITIES
from channels.slack.events import EventDoor
from channels.slack.files import check_address, file_id
from channels.slack.ordering import Places
from channels.slack.pacing import Pacer
from channels.slack.previews import Previews
from channels.slack.sending import Sender
from channels.slack.settings import SlackSettings
from channels.slack.sockets import Sockets, wait_forever
from core.errors import ConfigError, DecodeError, InputError, PermanentDeliveryError, TooLarge
from core.messages import Address, Attachment, Entry, Outbound, Receipt
from core.runtime import running

_log = structlog.get_logger("slack")
_MOST_ROOMS = 10_000


class SlackAdapter:
    """See `channels.base.ChannelAdapter`; also `HttpDoor`, `ShowsTyping`, `ShowsPreview`,
    `DropsPreview`, `ChangesSent`, `FetchesFiles` and `Checks`."""

    name = "slack"
    # A long answer is several messages, one a second.
    deadline_seconds = 60.0

    def __init__(self, settings: SlackSettings, house: House = BARE_HOUSE) -> None:
        if settings.bot_token is None:
            raise ConfigError("Slack needs SLACK_BOT_TOKEN: see docs/channels/slack.md")
        if settings.app_token is None and settings.signing_secret is None:
            raise ConfigError(
                "Slack needs a way in: SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET "
                "(HTTP); see docs/channels/slack.md"
            )
        self._settings = settings
        self._rules = Rules(settings.account, settings.team_id, settings.allowed)
        self._api = SlackApi(settings.bot_token, url=settings.api_url)
        self._previews = Previews(self._api, account=settings.account)
        self._sender = Sender(
            self._api,
            Pacer(settings.messages_per_second),
            self._previews,
            account=settings.account,
            house=house,
        )
        self._house = house
        self._desk: DeskInbox | None = None
        self._places = Places()
        self._rooms: OrderedDict[str, str] = OrderedDict()

    @property
    def account(self) -> str:
        """The workspace, or `default` if the settings do not name it."""
        return self._settings.account

    @property
    def capabilities(self) -> Capabilities:
        """What Slack carries."""
        return CAPABILITIES

    async def run(self, publish: Publish, ready: asyncio.Event) -> None:
        """Receive by sockets; without an app token Slack comes to us over HTTP."""
        if self._desk is None:
            await self._receive(publish, ready)
            return
        async with running(self._desk.keep_up(), name="slack-desk-catch-up"):
            await self._receive(publish, ready)

    async def _receive(self, publish: Publish, ready: asyncio.Event) -> None:
        token = self._settings.app_token
        if token is None:
            ready.set()
            await wait_forever()
            return

        async def take(payload: Json) -> Json | None:
            return await self._take(payload, publish)

        sockets = Sockets(
            self._api, token, take,
            count=self._settings.sockets, silent_seconds=self._settings.silent_seconds,
        )  # fmt: skip
        await sockets.run(ready)

    def add_routes(self, app: web.Application, publish: Publish) -> None:
        """See `HttpDoor`. Without a signing secret there is no door."""
        if self._settings.signing_secret is None:
            return

        async def take(payload: Json) -> Json | None:
            return await self._take(payload, publish)

        EventDoor(self._settings.signing_secret, take).add_to(app)

    async def send(self, message: Outbound, report: Report) -> Receipt:
        """See `ChannelAdapter.send`."""
        return await self._sender.send(message, report)

    async def show_typing(self, to: Address) -> None:
        """See `ShowsTyping`."""
        await self._previews.show_typing(to)

    async def show_preview(self, to: Address, text: str, before: str | None) -> str | None:
        """See `ShowsPreview`."""
        return await self._previews.show(to, text, before)

    async def drop_preview(self, to: Address, preview: str) -> None:
        """See `DropsPreview`."""
        await self._previews.drop(preview)

    async def edit_sent(
        self, to: Address, platform_ids: Sequence[str], before: Entry, text: str
    ) -> None:
        """See `ChangesSent`."""
        await self._sender.edit(platform_ids, before, text)

    async def withdraw_sent(self, to: Address, platform_ids: Sequence[str]) -> None:
        """See `ChangesSent`."""
        await self._sender.withdraw(platform_ids)

    async def check(self) -> Sequence[Finding]:
        """See `Checks`."""
        return await check_app(self._api, self._settings)

    async def fetch(self, attachment: Attachment, *, most_bytes: int) -> bytes:
        """See `FetchesFiles`. The token goes to Slack's own hosts only."""
        if attachment.size > most_bytes:
            raise TooLarge(f"a file may have {most_bytes} bytes at most")
        address = attachment.ref
        if (number := file_id(address)) is not None:
            answer = await self._api.call("files.info", form=True, file=number)
            file: Json = answer["file"]
            address = str(file.get("url_private_download") or file.get("url_private") or "")
        if not address:
            raise PermanentDeliveryError("the file has no address")
        checked = check_address(address, self._settings.api_url)
        return await self._api.download(checked, most_bytes=most_bytes)

    def open_desk(self, backing: Backing) -> None:
        """From now on people answer customers from here, too."""
        self._desk = DeskInbox(self._api, self._settings, backing, self._house)

    async def close(self) -> None:
        """Let go of connections."""
        if self._desk is not None:
            await self._desk.close()
        await self._api.close()

    async def _take(self, payload: Json, publish: Publish) -> Json | None:
        """Store what a payload says; gives what Slack is to show for it. Raises `BusUnavailable`:
        it must come again. What is wrong with it will not be better next time: it is logged once
        and taken as done."""
        try:
            done = await self._take_desk(payload)
            if done is not None:
                return done.answer
        except (DecodeError, InputError) as error:
            _log.warning("slack_desk_dropped", code=error.code, error=str(error))
            return None
        await self._take_customer(payload, publish)
        return None

    async def _take_desk(self, payload: Json) -> Taken | None:
        """What is the desk's is never a customer's."""
        if self._desk is not None:
            return await self._desk.take(payload)
        if payload.get("command") == COMMAND:
            return Taken({"response_type": "ephemeral", "text": ASKED_ELSEWHERE})
        return None

    async def _take_customer(self, payload: Json, publish: Publish) -> None:
        async with self._places.turn(channel_of(payload), stamp_of(payload)):
            try:
                found = decode(payload, self._rules)
                if isinstance(found, Asked):
                    found = await self._to_arrival(found)
                if found is not None:
                    self._previews.remember(found.address, found.contact)
                    await publish(found)
            except (DecodeError, InputError) as error:
                _log.warning("slack_event_dropped", code=error.code, error=str(error))

    async def _to_arrival(self, asked: Asked) -> Arrival:
        """A command is answered in the direct messages with who gave it."""
        room = self._rooms.get(asked.user)
        if room is None:
            answer = await self._api.call("conversations.open", users=asked.user)
            room = str(answer["channel"]["id"])
            _keep_room(self._rooms, asked.user, room)
        return Arrival(
            id=asked.id,
            address=Address(channel=self.name, account=self.account, chat=room),
            text=asked.text,
            contact=f"slack:{asked.team}:{asked.user}",
            level=PLATFORM_LEVEL,
        )


def _keep_room(rooms: OrderedDict[str, str], user: str, room: str) -> None:
    rooms[user] = room
    while len(rooms) > _MOST_ROOMS:
        rooms.popitem(last=False)


def build(settings: SlackSettings, house: House = BARE_HOUSE) -> list[SlackAdapter]:
    """The one account. Raises `ConfigError`."""
    return [SlackAdapter(settings, house)]
