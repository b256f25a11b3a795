"""How memory grows: by the entries a turn reads, and by what the turn did.

Above: the turn. Below: `facts`, `episodes`, `summary`. Pure: a turn that is run again remembers the
same; only its commit keeps it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from core.memory.episodes import begin_episode
from core.memory.facts import holding, with_entry, with_noted
from core.memory.secrets import mask_secrets
from core.memory.state import Deed, Fact, MemoryState, Mood, Promise
from core.memory.summary import find_cut, fold_in, promises_in, without_stale
from core.messages import Entry, format_time
from core.specialists.tools.base import NewFact, ToolRecord

_MOODS = 12
_PROMISES = 12
_DEEDS = 12
_RESULT = 300
# Characters of a flood that are looked through for facts: nobody may hold up a worker.
_MOST_READ = 20_000


def read_entries(memory: MemoryState, entries: Sequence[Entry], language: str) -> MemoryState:
    """The memory at the begin of a turn: `entries` are its window and what is new, in order."""
    new = [entry for entry in entries if entry.seq > memory.read_to]
    if not new:
        return memory
    facts, promises, read = memory.facts, list(memory.promises), 0
    for entry in new:
        if entry.kind != "message":
            continue
        if entry.author.role == "customer":
            read += len(entry.text)
            if read <= _MOST_READ:
                facts = with_entry(facts, entry, language)
        else:
            promises += _promises_of(entry)
    memory = memory.model_copy(
        update={
            "facts": facts, "promises": tuple(promises[-_PROMISES:]), "read_to": new[-1].seq,
        }
    )  # fmt: skip
    return compact(begin_episode(memory, new, entries), entries)


def compact(memory: MemoryState, entries: Sequence[Entry]) -> MemoryState:
    """Take older entries into the summary, if it is time; nothing untrue stays in it."""
    summary = memory.summary
    cut = find_cut(entries, summary.upto)
    if cut is not None:
        summary = fold_in(summary, entries, cut)
    valid = {fact.value.casefold() for fact in holding(memory.facts)}
    stale = [
        fact.value for fact in memory.facts
        if not fact.holds and fact.value.casefold() not in valid
    ]  # fmt: skip
    return memory.model_copy(update={"summary": without_stale(summary, stale)})


def remember(
    memory: MemoryState, *, seq: int, at: datetime, language: str, mood: str | None = None,
    noted: Sequence[NewFact] = (), ledger: Sequence[ToolRecord] = (), acts: Collection[str] = (),
) -> MemoryState:  # fmt: skip
    """The memory behind a turn that answered up to `seq`: what it did and had remembered.

    `acts` are the names of the tools that change something of the customer's.
    """
    facts: tuple[Fact, ...] = memory.facts
    for new in noted:
        facts = with_noted(
            facts, new.key, new.value, seq=seq, at=format_time(at), language=language
        )
    deeds = [_deed(record, seq) for record in ledger if record.ok and record.name in acts]
    moods = (*memory.moods, Mood(seq=seq, mood=mood)) if mood else memory.moods
    return memory.model_copy(
        update={
            "facts": facts, "deeds": (*memory.deeds, *deeds)[-_DEEDS:], "moods": moods[-_MOODS:],
        }
    )  # fmt: skip


def _promises_of(entry: Entry) -> list[Promise]:
    by = "human_agent" if entry.author.role == "human_agent" else "specialist"
    return [
        Promise(seq=entry.seq, by=by, text=mask_secrets(text)) for text in promises_in(entry.text)
    ]


def _deed(record: ToolRecord, seq: int) -> Deed:
    given = ", ".join(f"{name}={value}" for name, value in record.arguments.items())
    return Deed(
        seq=seq, name=record.name, arguments=mask_secrets(given)[:_RESULT],
        result=mask_secrets(record.result)[:_RESULT],
    )  # fmt: skip
