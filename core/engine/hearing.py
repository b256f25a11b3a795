"""The turn of somebody who spoke: voice notes are written down before they are read.

Above: the worker. Below: another `TurnRunner`, `core.ports.Hearing`, the file store's reader.

A voice note is a customer's message of sound without words. It is heard once: that it was begun
and what came of it are in the journal of the turn, so that neither a crash nor a repeat sends it
again. The transcript is what the turn reads, and a note that people see and later turns read. What
cannot be heard stays without words, and the turn asks the customer to write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import structlog

from core.conversation import Claim, TurnCommit
from core.engine.runner import DeltaSink, TurnRunner
from core.errors import SwitchboardError, TooLarge
from core.files.sniffing import HEAD_BYTES, ending_of, sniff
from core.ids import ConversationId, EntryId
from core.messages import Address, Attachment, Author, Entry, EntryBody
from core.ports import Hearing, StepJournal
from core.specialists.settings import HearingSettings
from core.text import clean_text

_log = structlog.get_logger("hearing")
TRANSCRIPT = "transcript"
_LONGEST = 4_000
_MOST_NOTES = 5


class ReadFile(Protocol):
    """Gives the bytes of an attachment (`core.files.library.Files.read`)."""

    async def __call__(
        self, attachment: Attachment, *, address: Address | None = None,
        conversation: str | None = None,
    ) -> bytes:  # fmt: skip
        """Raises `SwitchboardError`."""
        ...


class HearingTurn:
    """Implements `TurnRunner` around another one."""

    def __init__(
        self, turn: TurnRunner, hearing: Hearing, read: ReadFile, settings: HearingSettings
    ) -> None:
        self._turn = turn
        self._hearing = hearing
        self._read = read
        self._settings = settings

    @property
    def window(self) -> int:
        """See `TurnRunner`."""
        return self._turn.window

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        """See `TurnRunner`."""
        claim = _with_words(claim, _written_down((*claim.history, *claim.entries)))
        notes = [entry for entry in claim.entries if is_voice_note(entry)]
        if not notes or claim.head.owner != "ai" or claim.head.status != "open":
            return await self._turn.run(claim, deltas, steps)
        heard = await self._hear_all(notes, claim.conversation, steps)
        commit = await self._turn.run(_with_words(claim, heard), deltas, steps)
        written = tuple(_note(claim.conversation, seq, text) for seq, text in heard.items())
        return commit.model_copy(update={"entries": (*commit.entries, *written)})

    async def apologise(self, claim: Claim, error: BaseException) -> TurnCommit:
        """See `TurnRunner`."""
        return await self._turn.apologise(claim, error)

    async def _hear_all(
        self, notes: Sequence[Entry], conversation: ConversationId, steps: StepJournal
    ) -> dict[int, str]:
        """The words of those that could be heard, by sequence."""
        tried = _tried(await steps.load())
        for entry in notes[:_MOST_NOTES]:
            if entry.seq in tried:
                continue
            await steps.record({"kind": "hearing", "seq": entry.seq})
            text = await self._hear(entry, conversation)
            tried[entry.seq] = text
            await steps.record({"kind": "heard", "seq": entry.seq, "text": text})
        return {entry.seq: text for entry in notes if (text := tried.get(entry.seq))}

    async def _hear(self, entry: Entry, conversation: ConversationId) -> str | None:
        """The words; None when they cannot be had. Never raises for a note that failed."""
        voice = next(file for file in entry.attachments if _is_sound(file))
        try:
            async with asyncio.timeout(self._settings.seconds):
                text = await self._transcribe(voice, entry, conversation)
        except (SwitchboardError, TimeoutError, OSError) as error:
            code = error.code if isinstance(error, SwitchboardError) else type(error).__name__
            _log.warning("voice_not_heard", conversation=conversation, seq=entry.seq, code=code)
            return None
        return clean_text(text).strip()[:_LONGEST] or None

    async def _transcribe(
        self, voice: Attachment, entry: Entry, conversation: ConversationId
    ) -> str:
        if voice.size > self._settings.max_bytes:
            raise TooLarge("the voice note is too long to be heard")
        data = await self._read(voice, address=entry.address, conversation=conversation)
        if len(data) > self._settings.max_bytes:
            raise TooLarge("the voice note is too long to be heard")
        name = f"voice{ending_of(sniff(data[:HEAD_BYTES], voice=True))}"
        return await self._hearing.transcribe(
            data, name=name, deadline_seconds=self._settings.seconds
        )


def is_voice_note(entry: Entry) -> bool:
    """True for a customer's message of sound without words."""
    by_customer = entry.author.role == "customer" and entry.kind == "message"
    return by_customer and not entry.text.strip() and any(map(_is_sound, entry.attachments))


def _is_sound(file: Attachment) -> bool:
    return file.media_type.startswith("audio/")


def _tried(steps: Sequence[dict[str, Any]]) -> dict[int, str | None]:
    """What came of the notes that were begun before; one that never ended has no words."""
    tried: dict[int, str | None] = {}
    for step in steps:
        seq, text = step.get("seq"), step.get("text")
        if step.get("kind") in {"hearing", "heard"} and isinstance(seq, int):
            tried[seq] = text if isinstance(text, str) else tried.get(seq)
    return tried


def _written_down(entries: Sequence[Entry]) -> dict[int, str]:
    """The transcripts that earlier turns left."""
    return {
        entry.in_reply_to: entry.text
        for entry in entries
        if entry.kind == "note" and entry.reason == TRANSCRIPT and entry.in_reply_to is not None
    }


def _with_words(claim: Claim, words: dict[int, str]) -> Claim:
    """The claim with what was said in place of silence."""
    if not words:
        return claim

    def fill(entries: Sequence[Entry]) -> tuple[Entry, ...]:
        return tuple(
            entry.model_copy(update={"text": words[entry.seq]})
            if entry.seq in words and not entry.text.strip()
            else entry
            for entry in entries
        )

    return claim.model_copy(update={"entries": fill(claim.entries), "history": fill(claim.history)})


def _note(conversation: ConversationId, seq: int, text: str) -> EntryBody:
    """The transcript as people see it; its id is derived, so that it is written once."""
    return EntryBody(
        id=EntryId(f"{conversation}:{TRANSCRIPT}:{seq}"),
        kind="note",
        author=Author(role="system", name="engine"),
        text=text,
        in_reply_to=seq,
        reason=TRANSCRIPT,
    )
