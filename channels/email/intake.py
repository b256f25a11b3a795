"""What becomes of a mail: a message, a note for people, a bounce to remember, or nothing.

Above: `adapter`, for mailbox and listener alike. Below: the reading of mails (in child processes),
`loops`. Returning means that the mail was dealt with and may be marked; `BusUnavailable` leaves it
where it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2s

import structlog

from channels.base import Arrival, House, Publish
from channels.email.loops import LoopGuard
from core import telemetry
from core.errors import Conflict, DecodeError, InputError, NotFound
from core.ids import EventId
from core.localise import write_size
from core.messages import Author

_log = structlog.get_logger("email")


@dataclass(frozen=True)
class Bounced:
    """Mail of ours came back: to whom it was, why, and whether for good."""

    recipient: str
    reason: str
    final: bool


@dataclass(frozen=True)
class Incoming:
    """A mail that was read: what it says (None: nothing for us), from whom, and whether a machine
    wrote it, by its own account. `whole` is all of it with what was left out or could not be read,
    for people; empty when the arrival says it all."""

    arrival: Arrival | None
    sender: str
    automatic: str | None = None
    bounce: Bounced | None = None
    whole: str = ""


# Reads a raw mail. Raises `DecodeError` when it is none, or harms who reads it.
Read = Callable[[bytes], Awaitable[Incoming]]


class Intake:
    """The way in of one mailbox."""

    def __init__(
        self, account: str, *, read: Read, guard: LoopGuard, house: House, most_bytes: int
    ) -> None:
        self._account = account
        self._read = read
        self._guard = guard
        self._house = house
        self._most = most_bytes

    async def take(self, raw: bytes, publish: Publish) -> None:
        """A whole mail. What cannot be read is logged and stays in the mailbox for people."""
        try:
            incoming = await self._read(raw)
        except DecodeError as error:
            self._drop("unreadable", error)
            return
        await self._sort(incoming, publish, blake2s(raw, digest_size=8).hexdigest())

    async def take_large(self, head: bytes, size: int, publish: Publish) -> None:
        """The beginning of a mail that is too large: it is answered, and the customer is told."""
        try:
            incoming = await self._read(head)
        except DecodeError as error:
            self._drop("unreadable", error)
            return
        arrival = incoming.arrival
        await self._sort(incoming, publish, blake2s(head, digest_size=8).hexdigest())
        phrases = self._house.phrases
        if arrival is None or incoming.automatic or incoming.bounce or phrases is None:
            return
        language = arrival.language or "en"
        told = phrases.say(
            "mail_too_large", language,
            size=write_size(size, language), most=write_size(self._most, language),
        )  # fmt: skip
        await self._publish(publish, Arrival(
            id=EventId(f"{arrival.id}:too-large"), address=arrival.address,
            author=Author(role="system"), text=told, conversation=arrival.conversation,
            language=arrival.language,
        ))  # fmt: skip

    async def _sort(self, incoming: Incoming, publish: Publish, digest: str) -> None:
        if incoming.bounce is not None:
            await self._take_bounce(incoming, incoming.bounce, publish)
            return
        arrival = incoming.arrival
        if arrival is None:
            self._guard.note(incoming.automatic or "nothing_in_it")
            return
        if incoming.automatic is not None:
            self._guard.note(incoming.automatic)
            await self._note(arrival, publish)
            return
        if await self._guard.repeats(incoming.sender, arrival.text, arrival.id):
            await self._note(arrival, publish)
            return
        await self._guard.heard_from(incoming.sender)
        await self._publish(publish, arrival, digest)
        if incoming.whole:
            # Behind the message, so that a crash between the two reads the mail again.
            whole = arrival.model_copy(
                update={"id": EventId(f"{arrival.id}:whole"), "text": incoming.whole}
            )
            await self._note(whole.model_copy(update={"attachments": ()}), publish)

    async def _take_bounce(self, incoming: Incoming, bounce: Bounced, publish: Publish) -> None:
        """People see why nobody answers. The address is left alone for a while if the bounce shows
        a mail of ours: anybody can write one that does not."""
        _log.warning("mail_bounced", account=self._account, final=bounce.final)
        telemetry.DELIVERIES.labels("email", "bounced" if bounce.final else "delayed").inc()
        proved = incoming.arrival is not None and incoming.arrival.conversation is not None
        if bounce.final and bounce.recipient and proved:
            await self._guard.bounced(bounce.recipient, bounce.reason)
        if incoming.arrival is not None:
            await self._note(incoming.arrival, publish)

    async def _note(self, arrival: Arrival, publish: Publish) -> None:
        """For people, in the conversation that it belongs to; else for nobody."""
        note = arrival.model_copy(update={
            "kind": "note", "author": Author(role="system", name=arrival.address.chat),
            "action": None, "value": None,
        })  # fmt: skip
        try:
            await self._publish(publish, note)
        except NotFound:
            _log.info("automatic_mail_ignored", account=self._account)

    async def _publish(self, publish: Publish, arrival: Arrival, digest: str = "") -> None:
        try:
            await publish(arrival)
        except Conflict:
            # A Message-ID that was used for other words before: another mail all the same.
            if digest:
                again = EventId(f"{arrival.id}:{digest}")
                await self._publish(publish, arrival.model_copy(update={"id": again}))
        except NotFound:
            raise
        except InputError as error:
            self._drop("refused", error)

    def _drop(self, reason: str, error: Exception) -> None:
        self._guard.note(reason)
        _log.error("mail_dropped", account=self._account, reason=reason, error=str(error))
