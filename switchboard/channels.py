"""The push channels of this process: which are configured, their adapters, services and doors.

Above: `wiring`, `roles`, `doors`. Below: `channels.{registry,service,delivery,previews}`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from channels.arrivals import Arrivals
from channels.attaching import FileDesk
from channels.base import ChannelAdapter, Continues, House, HttpDoor, Publish
from channels.delivery import Accounts, Delivery
from channels.previews import Previews, is_of_use
from channels.registry import build_adapters
from channels.service import ChannelService
from channels.shown import ShownAnswers
from config.settings import Settings
from core.bus.connect import Bus
from core.bus.limits import StoredLimits
from core.bus.proofs import StoredProofs
from core.errors import ConfigError
from core.files.library import Files
from core.identity.links import LinkTokens
from core.phrases import load_phrases
from core.runtime import Service
from switchboard.climbing import letters
from switchboard.files import PlatformFiles, lasting_link

Adapters = dict[str, Sequence[ChannelAdapter]]


@asynccontextmanager
async def open_channels(
    settings: Settings, bus: Bus, names: Sequence[str], *, secret: str, desk: FileDesk
) -> AsyncGenerator[Adapters]:
    """The adapters of these channels; closed at the end. Files of every channel can be fetched
    from now on."""
    folder = settings.config_dir / "phrases"
    house = House(
        phrases=load_phrases(folder, default=settings.engine.default_language),
        open_file=desk.files.read,
        put_file=desk.files.put,
        link=partial(lasting_link, desk),
        limits=StoredLimits(bus.calls, shards=bus.settings.shards),
        secret=secret,
        read_link=LinkTokens(secret).conversation_of,
    )
    adapters: Adapters = {}
    platforms = PlatformFiles(settings, adapters, house)
    desk.files.fetch_with(platforms)
    try:
        for name in names:
            adapters[name] = build_adapters(name, getattr(settings, name), house)
        yield adapters
    finally:
        for accounts in adapters.values():
            for adapter in accounts:
                await adapter.close()
        await platforms.close()


def channel_services(
    settings: Settings, bus: Bus, adapters: Adapters, name: str, *, alone: bool, files: Files,
    links: LinkTokens,
) -> list[Service]:  # fmt: skip
    """Both halves of one channel. Raises `ConfigError` if it was asked for and is not set up."""
    accounts = adapters.get(name)
    if accounts is None:
        if alone:
            return []
        raise ConfigError(f"{name} is not configured: see docs/channels/{name}.md")
    arrivals = Arrivals(
        bus.log, channel=name, turnpike=settings.web.turnpike, files=files, links=links,
        proofs=StoredProofs(bus.calls),
    )  # fmt: skip
    deadline = float(getattr(accounts[0], "deadline_seconds", 20.0))
    sender, by_account = Accounts(accounts), {adapter.account: adapter for adapter in accounts}
    previews = Previews(bus, by_account, name)
    delivery = Delivery(
        bus, sender, deadline_seconds=deadline, grace_seconds=settings.grace_seconds,
        previews=ShownAnswers(bus.log, sender, previews.hush),
        letter=letters(settings, links).letter if name == "email" else None,
    )  # fmt: skip
    shows: list[Service] = [bus.live, previews] if is_of_use(by_account) else []
    return [*(ChannelService(adapter, arrivals) for adapter in accounts), delivery, *shows]


def channel_doors(
    settings: Settings, bus: Bus, adapters: Adapters, files: Files, links: LinkTokens
) -> list[tuple[HttpDoor, Publish]]:
    """The adapters that platforms come to over HTTP, each with where its arrivals go."""
    doors: list[tuple[HttpDoor, Publish]] = []
    for name, accounts in adapters.items():
        publish = Arrivals(
            bus.log, channel=name, turnpike=settings.web.turnpike, files=files, links=links,
            proofs=StoredProofs(bus.calls),
        ).publish  # fmt: skip
        for adapter in accounts:
            door: Any = adapter
            if hasattr(adapter, "add_routes"):
                doors.append((door, publish))
    return doors


def continuing(adapters: Adapters) -> dict[str, Continues]:
    """For each channel that can take a conversation over by a link, the account that does."""
    found: dict[str, Continues] = {}
    for name, accounts in adapters.items():
        power: Any = next((adapter for adapter in accounts if hasattr(adapter, "link_to")), None)
        if power is not None:
            found[name] = power
    return found
