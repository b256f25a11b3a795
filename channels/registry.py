"""Every channel in one place: its name, what it can carry, and how its adapter is made.

Above: the composition root. Below: `base`; the adapters' modules are imported when asked for, so a
process pays only for the channels it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from channels.base import Capabilities, ChannelAdapter
from core.errors import ConfigError

Build = Callable[[Any], ChannelAdapter]


@dataclass(frozen=True)
class Channel:
    """A line of the table. `build` takes the channel's settings; a pull channel has none, because
    its door is the HTTP server (`channels.server`)."""

    name: str
    capabilities: Capabilities
    build: Build | None = None


CHANNELS: Mapping[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel("web", Capabilities(max_text=16_000, buttons=8, pull=True)),
        Channel("rest", Capabilities(max_text=16_000, buttons=8, pull=True)),
    )
}


def find_channel(name: str) -> Channel:
    """Raises `ConfigError` for a channel that there is none of."""
    channel = CHANNELS.get(name)
    if channel is None:
        raise ConfigError(f"no channel is called {name!r}: there are {', '.join(CHANNELS)}")
    return channel


def build_adapter(name: str, settings: Any) -> ChannelAdapter:
    """The adapter of a push channel. Raises `ConfigError`."""
    channel = find_channel(name)
    if channel.build is None:
        raise ConfigError(f"{name} has no adapter: its door is the web server (the role web)")
    return channel.build(settings)
