"""Episodes: after a closing, or a return from a person, a new stretch of the conversation begins.

Above: `update`. Below: `state`, `summary`. Pure. What the people decided and promised stays, as a
typed record; what was open between the AI and the customer before does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.memory.fold import split_sentences
from core.memory.secrets import mask_secrets
from core.memory.state import Episode, MemoryState, Resolved, Returned
from core.memory.summary import first_matter, is_filler, promises_in
from core.messages import Entry, format_time
from core.returning import ReturnRecord, read_return

_BORDERS = frozenset({"release", "close"})
_KEPT = 5
_LONGEST = 300
_MOST_PROMISES = 4


def begin_episode(
    memory: MemoryState, new: Sequence[Entry], entries: Sequence[Entry]
) -> MemoryState:
    """The memory with every border among the `new` entries; `entries` are those before, too."""
    for entry in new:
        if entry.kind == "control" and entry.action in _BORDERS:
            memory = _end_episode(memory, entry, [e for e in entries if e.seq <= entry.seq])
    return memory


def _end_episode(memory: MemoryState, border: Entry, entries: Sequence[Entry]) -> MemoryState:
    episode = Episode(
        number=memory.episode.number + 1, began=border.seq,
        by_people=border.author.role != "customer",
    )  # fmt: skip
    of_it = [entry for entry in entries if entry.seq > memory.episode.began]
    update: dict[str, object] = {"episode": episode}
    record = _returned(border, of_it)
    if record is not None:
        update["returns"] = (*memory.returns, record)[-_KEPT:]
    if border.action == "close":
        issue = _matter_of(of_it)
        if issue:
            told = border.reason or (record.decided if record else "") or _decided(memory)
            how = mask_secrets(told)[:_LONGEST]
            done = Resolved(seq=border.seq, issue=issue, how=how)
            update["resolved"] = (*memory.resolved, done)[-_KEPT:]
    return memory.model_copy(update=update)


def _matter_of(entries: Sequence[Entry]) -> str:
    """What the customer came with."""
    for entry in entries:
        is_theirs = entry.kind == "message" and entry.author.role == "customer"
        if is_theirs and (words := first_matter(entry.text)):
            return words
    return ""


def _decided(memory: MemoryState) -> str:
    """What people decided when they gave back the stretch that ends now."""
    last = memory.returns[-1] if memory.returns else None
    return last.decided if last is not None and last.seq == memory.episode.began else ""


def _returned(border: Entry, entries: Sequence[Entry]) -> Returned | None:
    """What the people said who had it, and what they left on record; None: nobody had."""
    said = [e for e in entries if e.author.role == "human_agent" and e.kind == "message"]
    record = read_return(border) or ReturnRecord()
    if not said and record.is_empty:
        return None
    person = border.author if border.author.role == "human_agent" else None
    promised = record.promised or [text for e in said for text in promises_in(e.text)]
    decided = record.decided or _reason(border) or _last_words(said)
    asked = [e for e in entries if e.author.role == "customer" and e.kind == "message"]
    last = said[-1].seq if said else border.seq
    waiting = [e.text for e in asked if e.seq > last][-1:]
    name = (person.name if person else "") or (said[-1].author.name if said else "")
    return Returned(
        seq=border.seq, by=name,
        at=format_time(border.at), recorded=not record.is_empty or bool(_reason(border)),
        about=mask_secrets(" ".join(e.text for e in asked))[-_LONGEST:],
        decided=mask_secrets(decided)[:_LONGEST],
        promised=tuple(mask_secrets(text)[:_LONGEST] for text in promised[-_MOST_PROMISES:]),
        open=mask_secrets("; ".join(record.open or waiting))[:_LONGEST],
    )  # fmt: skip


def _reason(border: Entry) -> str:
    """What a person gave as the reason; that of the house is a code."""
    return (border.reason or "") if border.author.role == "human_agent" else ""


def _last_words(said: Sequence[Entry]) -> str:
    """The last sentence of theirs that says something, with the one before it."""
    for entry in reversed(said):
        words = [text for text in split_sentences(entry.text) if not is_filler(text)]
        if words:
            return " ".join(words[-2:])
    return ""
