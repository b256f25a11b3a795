"""One-time codes as this installation mails them.

Above: `wiring`, `doors`. Below: `core.identity.verifying`, the mail adapter, phrases. Without a
mailbox there are no codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol, cast

import structlog

from channels.base import ChannelAdapter, House
from channels.registry import build_adapters
from config.settings import Settings
from core.bus.connect import Bus
from core.bus.limits import StoredLimits
from core.bus.proofs import StoredProofs
from core.engine.proving import ProvingTurn
from core.engine.runner import TurnRunner
from core.errors import ConfigError
from core.identity.verifying import Verifier
from core.ids import ConversationId
from core.phrases import Phrases, load_phrases
from switchboard.files import lasting_link
from switchboard.wiring import Parts, need

_log = structlog.get_logger("proof")


class Posts(Protocol):
    """The mailbox that codes leave from."""

    async def post(
        self, to: str, subject: str, text: str, *, conversation: str | None = None, seq: int = 0
    ) -> None:
        """Raises `ChannelError`."""
        ...


class HousePost:
    """Implements `core.identity.verifying.Postman`."""

    def __init__(self, mailbox: Posts, phrases: Phrases) -> None:
        self._mailbox = mailbox
        self._phrases = phrases

    async def mail_code(self, to: str, code: str, *, minutes: int, language: str | None) -> None:
        """See the port."""
        say = partial(self._phrases.say, language=language or "")
        text = say("code_mail", code=code, minutes=str(minutes))
        await self._mailbox.post(to, say("code_mail_subject"), text)

    async def mail_proved(
        self, to: str, conversation: ConversationId, seq: int, *, language: str | None
    ) -> None:
        """See the port."""
        say = partial(self._phrases.say, language=language or "")
        await self._mailbox.post(
            to, say("proved_mail_subject"), say("proved_mail"), conversation=conversation, seq=seq
        )


def proving_turn(parts: Parts, turn: TurnRunner) -> TurnRunner:
    """The engine's turn, for customers who have to prove who they are."""
    settings = parts.settings
    phrases = load_phrases(
        settings.config_dir / "phrases", default=settings.engine.default_language
    )
    return ProvingTurn(
        turn, parts.bus.log, phrases, open_verifier(parts),
        links=parts.links, page=settings.climbing.page,
    )  # fmt: skip


def open_verifier(parts: Parts) -> Verifier | None:
    """None where no mail can be sent."""
    settings = parts.settings
    if not settings.email.is_configured:
        return None
    try:
        accounts: Sequence[Any] = parts.channels.get("email") or _own_mailbox(parts)
    except ConfigError as error:  # mail can come, but not leave
        _log.warning("no_codes", error=str(error))
        return None
    return make_verifier(settings, parts.bus, cast("Posts", accounts[0]), parts.secret)


def make_verifier(settings: Settings, bus: Bus, mailbox: Posts, secret: str) -> Verifier:
    """Over this mailbox."""
    folder = settings.config_dir / "phrases"
    phrases = load_phrases(folder, default=settings.engine.default_language)
    return Verifier(
        bus.log, StoredProofs(bus.calls), StoredLimits(bus.calls, shards=bus.settings.shards),
        HousePost(mailbox, phrases), secret=secret, settings=settings.proof,
    )  # fmt: skip


def _own_mailbox(parts: Parts) -> Sequence[ChannelAdapter]:
    """For a process that does not run the channel: it only sends."""
    settings, desk = parts.settings, need(parts.files)
    house = House(
        phrases=load_phrases(
            settings.config_dir / "phrases", default=settings.engine.default_language
        ),
        open_file=desk.files.read, put_file=desk.files.put, link=partial(lasting_link, desk),
        limits=StoredLimits(parts.bus.calls, shards=parts.bus.settings.shards),
        secret=parts.secret,
    )  # fmt: skip
    return build_adapters("email", settings.email, house)
