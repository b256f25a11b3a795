"""Facts of a contact go with them into their next conversation.

Above: `core.engine.carrying`, receipts. Below: `facts`, `core.conversation`. What is known after a
turn stands in its receipt; the archive has the receipts of all conversations of a contact. Only
what was learned of, and is told to, somebody who has proved who they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import structlog
from pydantic import ValidationError

from core.conversation import Claim
from core.errors import SwitchboardError
from core.memory.facts import holding, with_earlier
from core.memory.state import SINGLE, Fact, MemoryState

_log = structlog.get_logger("memory")
LEVEL = 1
_MOST = 20
_DEADLINE_SECONDS = 1.0


class Receipts(Protocol):
    """What the turns of a contact's conversations noted as learned."""

    async def memories_of(
        self, contact: str, *, but: str, limit: int = 100
    ) -> Sequence[dict[str, Any]]:
        """The part `memory` of the last receipt of each but one, the oldest first."""
        ...


def note_of(memory: MemoryState, level: int) -> dict[str, Any]:
    """What is known after a turn, for its receipt."""
    own = [fact for fact in holding(memory.facts) if fact.by != "earlier"]
    return {
        "level": level, "episode": memory.episode.number, "summary_upto": memory.summary.upto,
        "facts": [fact.model_dump(mode="json") for fact in own[-_MOST:]],
    }  # fmt: skip


def facts_from(notes: Iterable[dict[str, Any]]) -> tuple[Fact, ...]:
    """What they know together; of what one has one of at a time the newest counts."""
    facts: dict[tuple[str, str, str], Fact] = {}
    for note in notes:
        if int(note.get("level", 0)) < LEVEL:
            continue
        for fact in _facts_of(note):
            name = (fact.kind, fact.key, "" if fact.kind in SINGLE else fact.value)
            facts.pop(name, None)
            facts[name] = fact
    return tuple(facts.values())[-_MOST:]


async def carry_over(claim: Claim, receipts: Receipts) -> Claim:
    """The claim of a conversation's first turn, with what is known of its contact."""
    head = claim.head
    if claim.state or head.contact is None or head.level < LEVEL:
        return claim
    try:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            notes = await receipts.memories_of(head.contact, but=head.id)
    except (SwitchboardError, TimeoutError) as error:
        _log.warning("facts_not_carried_over", error=type(error).__name__)
        return claim
    facts = with_earlier((), facts_from(notes))
    if not facts:
        return claim
    state = {"memory": MemoryState(facts=facts).model_dump(mode="json")}
    return claim.model_copy(update={"state": state})


def _facts_of(note: dict[str, Any]) -> list[Fact]:
    try:
        return [Fact.model_validate(fact) for fact in note.get("facts") or ()]
    except ValidationError:
        return []
