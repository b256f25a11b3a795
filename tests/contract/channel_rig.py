"""What the channel contract needs of a channel: its platform, and a customer's hands on it.

Above: `channel_scene` and the parts of `channel_contract`. Below: an emulator of the platform that
speaks the real wire over a loopback socket. One rig is one way in (a channel with polling and
webhook has two). docs/channels/writing-an-adapter.md walks through one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from channels.base import Capabilities, ChannelAdapter, House

# What the platform does with the next send: `rate_limit` asks to wait; `temporary` refuses it and
# says so; `permanent` refuses it for good; `unsure` takes it and cuts the line before it answers.
SendFault = Literal["rate_limit", "temporary", "permanent", "unsure"]
# What is no customer's message: of the account itself, of another machine, of a kind that no
# adapter reads (a sticker, a location), not of the platform's shape at all.
Noise = Literal["own", "bot", "unsupported", "garbage"]


@dataclass(frozen=True)
class File:
    """A file that travels."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Shown:
    """What a customer sees now as one message: after edits, as words, without markup.

    `id` is how the platform calls it (not our form of it). `buttons` are labels. `files` have
    their bytes; a file that came as a link is in the text.
    """

    id: str
    text: str
    buttons: tuple[str, ...] = ()
    files: tuple[File, ...] = ()


class NotOnThisWire(AssertionError):
    """A rig was asked for an act that its wire has not: its clause should be exempt."""


class ChannelRig(Protocol):
    """One channel, one way in, on an emulated platform.

    `who` is a short name of a customer (`anna`, `bert`); each has a chat of their own with the one
    account. What a customer does returns when the platform has it, not when we have it.
    """

    @property
    def channel(self) -> str:
        """Its name in `channels.registry`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it says it can carry."""
        ...

    @property
    def exempt(self) -> Mapping[str, str]:
        """Clauses it cannot meet, each with the reason."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown: tokens, passwords, signing secrets."""
        ...

    def make_adapter(self, house: House) -> ChannelAdapter:
        """The adapter as a fresh process makes it. Not called for a pull channel."""
        ...

    def opened_at(self, url: str) -> None:
        """Where the doors of this run listen (`add_routes` of the adapter, or all of a pull
        channel): the platform calls there from now on. Called before `run`."""
        ...

    # ---- the customer's hands

    async def says(self, who: str, text: str, *, files: tuple[File, ...] = (),
                   reply_to: str | None = None) -> str:  # fmt: skip
        """A message; gives the platform's id of it. `reply_to` is a `Shown.id`."""
        ...

    async def edits(self, who: str, message: str, text: str) -> None:
        """The customer changes a message of theirs."""
        ...

    async def deletes(self, who: str, message: str) -> None:
        """The customer takes a message of theirs back."""
        ...

    async def presses(self, who: str, shown: Shown, label: str) -> None:
        """The customer presses a button."""
        ...

    async def noise(self, who: str, kind: Noise) -> None:
        """Something that is no customer's message comes along."""
        ...

    def got(self, who: str) -> list[Shown]:
        """What stands in the customer's chat from us, oldest first."""
        ...

    def saw_typing(self, who: str) -> int:
        """How often the customer was shown that an answer is on its way."""
        ...

    # ---- the platform's side

    async def repeats(self) -> None:
        """The platform delivers its last event once more, though it was taken."""
        ...

    async def redelivers(self) -> None:
        """The platform delivers now what was not taken, instead of by its schedule."""
        ...

    def unacknowledged(self) -> int:
        """How many events the platform has and was not told that we took."""
        ...

    async def cuts(self) -> None:
        """Every open connection between platform and adapter breaks."""
        ...

    def fails(self, kind: SendFault, *, who: str | None = None, after: int = 0,
              seconds: float = 0.0) -> None:  # fmt: skip
        """One of the next sends (to `who`) goes wrong, after `after` good ones; `seconds` is the
        time that `rate_limit` asks for."""
        ...

    def send_attempts(self, who: str) -> int:
        """How often a message to this customer was tried, with whatever outcome."""
        ...


# Opens a rig; the platform runs until the end of the block.
OpenRig = Callable[[], AbstractAsyncContextManager[ChannelRig]]
