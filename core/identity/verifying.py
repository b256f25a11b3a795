"""Proof by a one-time code: it is mailed to an address and entered where the customer writes.

Above: the engine's `proving`, REST. Below: `addresses`, `core.limits`, the log, a `Postman`.

The code is kept as a digest, for one conversation and the place that asked for it, for ten minutes
and five tries; it works once. Whatever address is given, the answer is the same: nobody learns who
is a customer here. Codes are counted per address, per conversation and for all together, so that
nobody is flooded with mail.
"""

from __future__ import annotations

import hmac
import json
import secrets
from hashlib import blake2s
from typing import Any, Literal, Protocol

import structlog

from core.conversation import ONE_TIME_CODE, PROVED_BY_CHANNEL, SIGNED_BY_PAGE, Head
from core.errors import InputError, SwitchboardError
from core.identity.addresses import normalise_email
from core.identity.claims import LINKED, VERIFIED, note_of_place
from core.identity.settings import ProofSettings
from core.ids import ConversationId
from core.limits import Limits, Window
from core.messages import Address, Frozen
from core.ports import Log

_log = structlog.get_logger("proof")
_HOUR, _DAY = 3_600, 86_400


class Postman(Protocol):
    """Mails that belong to no turn: they are told nowhere else."""

    async def mail_code(self, to: str, code: str, *, minutes: int, language: str | None) -> None:
        """The code. Raises `ChannelError`."""
        ...

    async def mail_proved(
        self, to: str, conversation: ConversationId, seq: int, *, language: str | None
    ) -> None:
        """That it was entered; an answer to this mail is a word in the conversation. Raises
        `ChannelError`."""
        ...


class Proofs(Protocol):
    """Where it is kept whose a conversation is."""

    async def prove(
        self, conversation: ConversationId, place: Address, *, contact: str, email: str, level: int
    ) -> int:
        """The sequence of the proof; 0: there is no such conversation."""
        ...


class Asked(Frozen):
    """What came of asking for a code. `invalid`: no mail address; `limited`: too many."""

    outcome: Literal["sent", "invalid", "limited"]


class Entered(Frozen):
    """What came of a code. `gone`: there is none that is good here."""

    outcome: Literal["proved", "wrong", "gone"]
    left: int = 0
    email: str | None = None


class Verifier:
    """Asks for proof and takes it."""

    def __init__(
        self, log: Log, proofs: Proofs, limits: Limits, postman: Postman, *, secret: str,
        settings: ProofSettings,
    ) -> None:  # fmt: skip
        self._log = log
        self._proofs = proofs
        self._limits = limits
        self._postman = postman
        self._key = blake2s(secret.encode(), person=b"swcode1").digest()
        self._settings = settings

    @property
    def minutes(self) -> int:
        """So long a code is good."""
        return max(1, round(self._settings.minutes))

    async def ask(
        self, head: Head, place: Address, email: str, *, language: str | None, key: str = ""
    ) -> Asked:
        """Mail a code; once for each `key`, so that a turn may be done again. Raises
        `BusUnavailable`. A mail that cannot be sent is no other answer."""
        try:
            address = normalise_email(email)
        except InputError:
            return Asked(outcome="invalid")
        earlier = _read(await self._limits.kept(_slot(head.id, place)))
        if key and earlier is not None and earlier["key"] == key:
            return Asked(outcome="sent")
        if await self._is_too_many(head.id, address):
            _log.info("code_refused", conversation=head.id)
            return Asked(outcome="limited")
        code = _new_code(self._settings.digits)
        name = secrets.token_urlsafe(12)
        kept = {
            "email": address, "name": name, "key": key, "digest": self._digest(name, code),
        }  # fmt: skip
        await self._limits.keep(_slot(head.id, place), json.dumps(kept), self._seconds)
        _log.info("code_mailed", conversation=head.id)
        try:
            await self._postman.mail_code(address, code, minutes=self.minutes, language=language)
        except (SwitchboardError, TimeoutError) as error:
            _log.warning("code_not_mailed", conversation=head.id, error=type(error).__name__)
        return Asked(outcome="sent")

    async def enter(self, head: Head, place: Address, code: str) -> Entered:
        """Try a code, from the place that asked for it. Raises `BusUnavailable`."""
        kept = _read(await self._limits.kept(_slot(head.id, place)))
        if kept is None:
            return Entered(outcome="gone")
        name, email = kept["name"], kept["email"]
        used = await self._count_try(name)
        if used is None:
            return Entered(outcome="gone")
        digits = "".join(letter for letter in code if letter.isdigit() and letter.isascii())
        if not hmac.compare_digest(kept["digest"], self._digest(name, digits)):
            left = self._settings.tries - used
            _log.info("code_wrong", conversation=head.id, left=left)
            return Entered(outcome="wrong" if left else "gone", left=left)
        if await self._limits.take(f"code-used:{name}", secrets.token_hex(8), [Window(_DAY, 1)]):
            return Entered(outcome="gone")
        await self._limits.keep(_slot(head.id, place), "", 1)
        await self._prove(head, place, email)
        return Entered(outcome="proved", email=email)

    async def _prove(self, head: Head, place: Address, email: str) -> None:
        """The conversation is theirs; the log says so, and so does a mail."""
        contact = head.contact if head.level == SIGNED_BY_PAGE and head.contact else email
        sealed = await self._proofs.prove(
            head.id, place, contact=contact, email=email, level=ONE_TIME_CODE
        )
        if not sealed:
            return
        came = f"proof:{head.id}:{secrets.token_hex(6)}"
        if head.level == PROVED_BY_CHANNEL and head.contact and _is_of(head.contact, place):
            await self._log.accept(
                note_of_place(
                    f"{came}:from", head.id, place, LINKED, head.contact, "The customer wrote."
                )
            )
        text = "The customer entered the code that was mailed to them: level 3."
        done = await self._log.accept(note_of_place(came, head.id, place, VERIFIED, email, text))
        _log.info("customer_proved", conversation=head.id, channel=place.channel)
        try:
            await self._postman.mail_proved(email, head.id, done.seq, language=head.language)
        except (SwitchboardError, TimeoutError) as error:
            _log.warning("proof_not_mailed", conversation=head.id, error=type(error).__name__)

    async def _is_too_many(self, conversation: str, email: str) -> bool:
        settings, mark = self._settings, secrets.token_hex(8)
        for name, most in (
            (f"code-for:{conversation}", settings.per_conversation_hour),
            (f"code-to:{email}", settings.per_address_hour),
            ("codes", settings.per_hour),
        ):
            if await self._limits.take(name, mark, [Window(_HOUR, most)]) is not None:
                return True
        return False

    async def _count_try(self, name: str) -> int | None:
        """Which try it is; None: there were enough. Counted before anything is compared."""
        for number in range(1, self._settings.tries + 1):
            first = [Window(_DAY, 1)]
            mark = secrets.token_hex(8)
            if await self._limits.take(f"code-try:{name}:{number}", mark, first) is None:
                return number
        return None

    @property
    def _seconds(self) -> float:
        return self._settings.minutes * 60

    def _digest(self, name: str, code: str) -> str:
        return blake2s(f"{name}\0{code}".encode(), key=self._key).hexdigest()


def _new_code(digits: int) -> str:
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def _slot(conversation: str, place: Address) -> str:
    return f"code:{conversation}:{place.channel}:{place.account}:{place.chat}"


def _read(text: str | None) -> dict[str, Any] | None:
    return json.loads(text) if text else None


def _is_of(contact: str, place: Address) -> bool:
    return contact.startswith(f"{place.channel}:")
