"""Both directions of the language bridge, for every desk alike.

Above: `channels.desk_acts` (people's words), `follower` (customers' words), buttons that ask for a
translation. Below: `ports`, `core.language`, the log. A translation for people is a note of the
conversation, so every desk sees the same one and nobody pays for it twice; a translation for the
customer is the message itself, with what the person wrote beside it.
"""

from __future__ import annotations

from typing import Protocol

from core.conversation import Accepted, Head
from core.errors import NotFound
from core.ids import ConversationId, EventId
from core.language import LanguageDetector
from core.messages import Address, Author, Entry, Frozen, InboundEvent
from core.translation.ports import TranslationFailed, Translator

NOTE = "translation"
AS_IS = "as is:"
_SURE = 0.5
_QUITE_SURE = 0.8
_FEW_LETTERS = 12
_LOOKED_BACK = 50
_TRANSLATOR = Author(role="ai", name="translator")
_HOUSE = Author(role="system")
_WHY = {
    "lost": "a number, a link or a name would have been lost",
    "language": "the translation came in another language",
    "late": "the translation took too long",
    "budget": "the budget for the language model is used up",
    "long": "it is too long to translate",
}


class Words(Protocol):
    """The part of the log that the bridge needs."""

    async def head(self, conversation: ConversationId) -> Head:
        """See `core.ports.Log`."""
        ...

    async def entries(
        self, conversation: ConversationId, *, after: int = 0, limit: int = 500
    ) -> list[Entry]:
        """See `core.ports.Log`."""
        ...

    async def accept(self, event: InboundEvent) -> Accepted:
        """See `core.ports.Log`."""
        ...

    async def seq_of(self, conversation: ConversationId, name: str) -> int | None:
        """See `core.ports.Log`."""
        ...


class Outgoing(Frozen):
    """A person's words as they go to the customer; `original` is what was written, if that is
    something else. `trouble` says why they go out as they were written though they are in another
    language."""

    text: str
    language: str | None = None
    original: str | None = None
    original_language: str | None = None
    trouble: str | None = None


class Bridge:
    """`translator` is None where there is no language model: then languages are told, no more."""

    def __init__(
        self, log: Words, translator: Translator | None, detector: LanguageDetector, *,
        language: str, seconds: float,
    ) -> None:  # fmt: skip
        self._log = log
        self._translator = translator
        self._detector = detector
        self._language = language
        self._seconds = seconds

    @property
    def can_translate(self) -> bool:
        """True if there is somebody who translates."""
        return self._translator is not None

    def language_of(self, text: str) -> str | None:
        """The language of words, if they tell it."""
        if sum(letter.isalpha() for letter in text) < _FEW_LETTERS:
            short = self._detector.detect(text)
            return short.language if short.score >= _QUITE_SURE else None
        found = self._detector.guess(text)
        return found.language if found.score >= _SURE else None

    async def translate_entry(
        self, conversation: ConversationId, seq: int, *, language: str | None = None
    ) -> Entry | None:
        """The note with the translation of entry `seq` for people: made once for a language,
        however often it is asked for. None: it is in that language already, or has no words.
        Raises `TranslationFailed`, and `NotFound` where there is no such message."""
        target = language or self._language
        name = EventId(f"bridge:{conversation}:{seq}:{target}")
        if (known := await self._log.seq_of(conversation, name)) is not None:
            return await self._entry(conversation, known)
        entry = await self._entry(conversation, seq)
        source = self.language_of(entry.text)
        if entry.kind != "message" or not entry.text.strip() or source in {None, target}:
            return None
        head = await self._log.head(conversation)
        words = await self._translate(entry.text, source, target, head)
        made = InboundEvent(
            id=name, conversation=conversation, kind="note", author=_TRANSLATOR, text=words,
            address=_home(head), reason=NOTE, in_reply_to=seq, language=target,
        )  # fmt: skip
        accepted = await self._log.accept(made)
        return await self._entry(conversation, accepted.seq)

    async def outgoing(self, head: Head, text: str, *, event: EventId) -> Outgoing:
        """A person's words in the customer's language. Never raises for a translation that failed:
        then they go out as they were written, and `trouble` says so. `event` is under which id they
        are said: what was said under it before is said the same way again."""
        if (known := await self._log.seq_of(head.id, event)) is not None:
            said = await self._entry(head.id, known)
            if said.original == text:
                return Outgoing.model_validate(
                    {
                        name: getattr(said, name)
                        for name in Outgoing.model_fields
                        if name != "trouble"
                    }
                )
            return Outgoing(text=text)
        if text[: len(AS_IS)].casefold() == AS_IS:
            return Outgoing(text=text[len(AS_IS) :].lstrip() or text)
        source, target = self.language_of(text), await self._language_of_customer(head)
        if self._translator is None or target is None or source in {None, target}:
            return Outgoing(text=text, language=source)
        try:
            words = await self._translate(text, source, target, head)
        except TranslationFailed as error:
            why = _WHY.get(error.code, "the language model does not answer")
            return Outgoing(
                text=text, language=source, trouble=f"Sent as it was written, in {source}: {why}."
            )
        return Outgoing(text=words, language=target, original=text, original_language=source)

    async def tell(self, head: Head, event: EventId, trouble: str, seq: int) -> None:
        """Tell people that their words went out as they were."""
        note = InboundEvent(
            id=EventId(f"{event}:bridge"), conversation=head.id, kind="note", author=_HOUSE,
            text=trouble, address=_home(head), reason=NOTE, in_reply_to=seq,
        )  # fmt: skip
        await self._log.accept(note)

    async def _language_of_customer(self, head: Head) -> str | None:
        """That of their last words which tell it, else what the engine has found out so far."""
        entries = await self._log.entries(
            head.id, after=max(0, head.seq - _LOOKED_BACK), limit=_LOOKED_BACK
        )
        said = (e.text for e in reversed(entries) if e.author.role == "customer" and e.text)
        found = (self.language_of(text) for text in said)
        return next((language for language in found if language), head.language)

    async def _translate(self, text: str, source: str | None, target: str, head: Head) -> str:
        if self._translator is None:
            raise TranslationFailed("there is nobody who translates", code="model")
        return await self._translator.translate(
            text, source=source, target=target, payer=head.contact or head.id,
            seconds=self._seconds,
        )  # fmt: skip

    async def _entry(self, conversation: ConversationId, seq: int) -> Entry:
        found = await self._log.entries(conversation, after=seq - 1, limit=1)
        if not found or found[0].seq != seq:
            raise NotFound("no such message")
        return found[0]


def _home(head: Head) -> Address:
    return head.address or Address(channel="rest", chat=head.id)
