"""Every channel in one place: its name, what it can carry, and how its adapter is made.

Above: the composition root. Below: `base`; the adapters' modules are imported when asked for, so a
process pays only for the channels it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.base import BARE_HOUSE, Capabilities, ChannelAdapter, House
from core.errors import ConfigError

# From the channel's settings, and what the house gives it, to an adapter for each account.
Build = Callable[[Any, House], Sequence[ChannelAdapter]]


@dataclass(frozen=True)
class Channel:
    """A line of the table. A pull channel has nothing to build: its door is the HTTP server
    (`channels.server`), and its capabilities are said here."""

    name: str
    capabilities: Capabilities | None = None
    build: Build | None = None


def _build_email(settings: Any, house: House) -> Sequence[ChannelAdapter]:
    from channels.email.adapter import build

    return build(settings, house)


def _build_slack(settings: Any, house: House) -> Sequence[ChannelAdapter]:
    from channels.slack.adapter import build

    return build(settings, house)


def _build_telegram(settings: Any, house: House) -> Sequence[ChannelAdapter]:
    from channels.telegram.adapter import build

    return build(settings, house)


# A push channel adds its line here, and its settings under the same name in `config.settings`.
CHANNELS: Mapping[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel("web", Capabilities(max_text=16_000, buttons=8, files=True, pull=True)),
        Channel("rest", Capabilities(max_text=16_000, buttons=8, files=True, pull=True)),
        Channel("telegram", build=_build_telegram),
        Channel("slack", build=_build_slack),
        Channel("email", build=_build_email),
    )
}


def push_channels() -> list[str]:
    """The channels whose customers must be told."""
    return [channel.name for channel in CHANNELS.values() if channel.build is not None]


def build_adapters(name: str, settings: Any, house: House = BARE_HOUSE) -> Sequence[ChannelAdapter]:
    """An adapter for each account of a push channel. Raises `ConfigError`."""
    channel = CHANNELS.get(name)
    if channel is None:
        raise ConfigError(f"no channel is called {name!r}: there are {', '.join(CHANNELS)}")
    if channel.build is None:
        raise ConfigError(f"{name} has no adapter: its door is the web server (the role web)")
    return channel.build(settings, house)
