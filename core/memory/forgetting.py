"""What memory loses when the customer takes words back, and what it learns from an edit.

Above: `core.engine.remembering`. Below: `facts`, `summary`, `state`. Pure. What our side said, did
and promised stays: it happened.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.memory.facts import with_entry
from core.memory.state import Fact, MemoryState, Summary
from core.memory.summary import bounded, lines_of
from core.messages import CHANGES, Entry


def take_back(memory: MemoryState, entries: Sequence[Entry], language: str) -> MemoryState:
    """The memory after the edits and removals among `entries` that it has not read. The entries
    are as they read now (`core.changes.read_places`)."""
    for act in entries:
        if act.seq <= memory.read_to or not _is_act(act):
            continue
        message = next((entry for entry in entries if entry.id == act.value), None)
        seq = message.seq if message is not None else act.in_reply_to
        if seq is None or seq > memory.read_to:
            continue  # of another conversation, or not read yet
        memory = forget(memory, seq)
        if message is not None and message.kind == "message" and message.text.strip():
            memory = _learn(memory, message, language)
    return memory


def forget(memory: MemoryState, seq: int) -> MemoryState:
    """Without anything the customer said in this entry."""
    gone = {line.text for line in memory.summary.lines if _is_of(line.seq, line.role, seq)}
    kept = tuple(
        line for line in memory.summary.lines if not _is_of(line.seq, line.role, seq)
    )  # fmt: skip
    summary = memory.summary
    if seq <= summary.upto:
        summary = Summary(upto=summary.upto, lines=kept)
    facts = tuple(
        _hold_again(fact, seq) for fact in memory.facts
        if not (fact.seq == seq and fact.by in {"customer", "specialist"})
    )  # fmt: skip
    resolved = tuple(item for item in memory.resolved if item.issue not in gone)
    return memory.model_copy(update={"summary": summary, "facts": facts, "resolved": resolved})


def _learn(memory: MemoryState, message: Entry, language: str) -> MemoryState:
    """The new words, in the place of the old."""
    summary = memory.summary
    if message.seq <= summary.upto:
        has_goal = any(line.kind == "goal" for line in summary.lines)
        lines = sorted(
            (*summary.lines, *lines_of(message, has_goal=has_goal)), key=lambda line: line.seq
        )
        summary = summary.model_copy(update={"lines": bounded(tuple(lines))})
    facts = with_entry(memory.facts, message, language)
    return memory.model_copy(update={"summary": summary, "facts": facts})


def _hold_again(fact: Fact, seq: int) -> Fact:
    """What was untrue only because of the words that are gone."""
    return fact.model_copy(update={"superseded_by": None}) if fact.superseded_by == seq else fact


def _is_of(at: int, role: str, seq: int) -> bool:
    return at == seq and role == "customer"


def _is_act(entry: Entry) -> bool:
    return entry.author.role == "customer" and entry.action in CHANGES
