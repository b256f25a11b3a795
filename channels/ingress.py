"""The one door in: whatever a channel decoded becomes an event in a conversation's log.

Above: the adapters. Below: `core.ports.Log`, `core.text`. Returns only when the log has it, so an
adapter that acknowledges afterwards never acknowledges what could be lost.
"""

from __future__ import annotations

import re
import time

from channels.amending import find_own
from core import observing, telemetry
from core.bus.log import RedisLog
from core.conversation import Accepted, Turnpike
from core.errors import BusUnavailable, Conflict, InputError, NotFound, TooLarge
from core.messages import CHANGES, InboundEvent
from core.rating import as_rating
from core.text import clean_text

MAX_TEXT = 4_000

_END = re.compile(r"[.!?…。！？)\]\"'”»]\s*$|\n\s*$")
_GOES_ON = re.compile(
    r"([,;:\-–—(]|\b(and|or|but|because|a|the|i|my|to|ale|a|nebo|protože|že|и|или|но|а|что|und|oder"
    r"|aber|weil|der|die|das|y|o|pero|porque|que|el|la))\s*$",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^\W*(how|what|where|when|why|who|which|can|could|do|does|is|are|will|jak|co|kde|kdy|proč|kdo"
    r"|kolik|který|můžu|mohu|как|что|где|когда|почему|кто|сколько|можно|wie|was|wo|wann|warum|wer"
    r"|welche|kann|cómo|como|qué|que|dónde|donde|cuándo|cuando|cuánto|cuanto|puedo)\b",
    re.IGNORECASE,
)
_FINISHED_WORDS = 5


def reads_finished(text: str) -> bool:
    """True if nothing suggests that more is coming: an end mark, a question, or a full sentence."""
    bare = text.strip()
    if not bare or _GOES_ON.search(bare):
        return False
    if _END.search(bare):
        return True
    words = len(bare.split())
    return words >= _FINISHED_WORDS or (words >= 3 and _ASKS.match(bare) is not None)


def check_text(text: object, *, most: int = MAX_TEXT, empty: bool = False) -> str:
    """The cleaned text. Raises `InputError` or `TooLarge`."""
    if not isinstance(text, str):
        raise InputError("text must be a string")
    if len(text) > most * 2:
        raise TooLarge(f"text may have {most} characters at most")
    clean = clean_text(text).strip()
    if len(clean) > most:
        raise TooLarge(f"text may have {most} characters at most")
    if not clean and not empty:
        raise InputError("text must not be empty")
    return clean


class Ingress:
    """Accepts events of one channel."""

    def __init__(self, log: RedisLog, *, channel: str, turnpike: Turnpike) -> None:
        self._log = log
        self._turnpike = turnpike
        self._channel = channel
        counter = telemetry.EVENTS
        self._stored = counter.labels(channel, "stored")
        self._repeated = counter.labels(channel, "repeated")
        self._conflict = counter.labels(channel, "conflict")
        self._refused = counter.labels(channel, "refused")

    async def accept(self, event: InboundEvent) -> Accepted:
        """Raises `BusUnavailable` (say 503, never OK), `Conflict` (same id, other words), and
        `NotFound` for a person's change of what is no message of a person."""
        if event.author.role == "human_agent" and event.action in CHANGES:
            await self._check_change(event)
        began = time.perf_counter()
        event = as_rating(event)
        finished = event.kind != "message" or reads_finished(event.text)
        try:
            accepted = await self._log.accept(event, turnpike=self._turnpike, finished=finished)
        except BusUnavailable:
            telemetry.INTAKE_REFUSED.inc()
            self._refused.inc()
            raise
        if accepted.conflict:
            self._conflict.inc()
            raise Conflict("this id was used for another message", code="id_reused")
        (self._repeated if accepted.duplicate else self._stored).inc()
        if not accepted.duplicate:
            spent = time.perf_counter() - began
            observing.accepted(event.conversation, accepted.seq, self._channel, spent)
        return accepted

    async def _check_change(self, event: InboundEvent) -> None:
        """People change what people said; the AI's words stay as they were."""
        if await find_own(self._log, event.conversation, event.value or "") is None:
            raise NotFound("there is no such message of a person in this conversation")
        if event.action == "edit" and not event.text.strip():
            raise InputError("an edit needs words; to withdraw a message is `delete`")
