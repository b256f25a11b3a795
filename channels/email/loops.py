"""Two machines must not write to each other for ever: what may still be answered, and sent.

Above: `adapter`. Below: `core.limits`, whose counts all processes share. What a mail says of itself
(RFC 3834 and its relatives) is read by `mail`; here is what remains: machines that do not say so.
"""

from __future__ import annotations

from hashlib import blake2s

import structlog

from core import telemetry
from core.errors import PermanentDeliveryError
from core.limits import Limits, Window
from core.messages import Outbound

_log = structlog.get_logger("email")

# To one address, of what nobody wrote by hand. A lively customer, who gets an answer to each mail,
# must fit in; a machine that says nothing of itself and varies its words is stopped here.
WINDOWS = tuple(
    Window(minutes * 60, most)
    for minutes, most in ((10, 30), (30, 45), (60, 60), (180, 120), (600, 250))
)
# The same words again from the same sender: people do not repeat a paragraph within the hour.
_SAME_WORDS = (Window(3600, 1),)
_WORDS_LEAST = 24


class LoopGuard:
    """Guards one mailbox."""

    def __init__(self, account: str, limits: Limits, *, unreachable_seconds: float) -> None:
        self._account = account
        self._limits = limits
        self._unreachable = unreachable_seconds

    async def repeats(self, sender: str, text: str, mark: str) -> bool:
        """True if this sender sent these words within the hour, in another mail."""
        words = " ".join(text.split()).casefold()
        if len(words) < _WORDS_LEAST:
            return False
        digest = blake2s(words.encode(), digest_size=12).hexdigest()
        name = f"email:same:{self._account}:{sender.casefold()}:{digest}"
        if await self._limits.take(name, mark, _SAME_WORDS) is None:
            return False
        self._count("repeated")
        return True

    def note(self, reason: str) -> None:
        """A mail says itself that a machine sent it."""
        self._count(reason)

    async def check(self, recipient: str, message: Outbound) -> None:
        """Before something is sent. Raises `PermanentDeliveryError` with the reason."""
        reason = await self._limits.blocked(self._unreachable_name(recipient))
        if reason is not None:
            self._count("unreachable")
            raise PermanentDeliveryError(f"the address is unreachable: {reason}")
        if message.entry.author.role == "human_agent":
            return
        name = f"email:to:{self._account}:{recipient.casefold()}"
        mark = f"{message.conversation}:{message.entry.seq}"
        full = await self._limits.take(name, mark, WINDOWS)
        if full is not None:
            self._count("window")
            _log.error(
                "loop_stopped", account=self._account, conversation=message.conversation,
                seq=message.entry.seq, most=full.most, minutes=full.seconds // 60,
            )  # fmt: skip
            raise PermanentDeliveryError(
                f"{full.most} automatic mails to this address in {full.seconds // 60} minutes: "
                "it looks like a loop"
            )

    async def bounced(self, recipient: str, reason: str) -> None:
        """Mail to this address came back for good: it is not written to for a while."""
        self._count("bounce")
        await self._limits.block(self._unreachable_name(recipient), reason, self._unreachable)

    async def heard_from(self, sender: str) -> None:
        """Whoever writes can be written to."""
        await self._limits.unblock(self._unreachable_name(sender))

    def _unreachable_name(self, address: str) -> str:
        return f"email:unreachable:{address.casefold()}"

    def _count(self, reason: str) -> None:
        telemetry.MAIL_LOOPS.labels(reason).inc()
