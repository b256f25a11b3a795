"""Runs a stored conversation again, on today's files and knowledge, and says what came out else.

Above: `switchboard replay`. Below: `conversation`. Everybody else's words come from the record;
the engine's are its own of today, so what it decides early shows in what it says later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from core.engine.runner import TurnRunner
from core.messages import Entry
from core.rehearsal.conversation import Rehearsal, Turned


@dataclass(frozen=True)
class Stored:
    """A conversation of the archive: its entries, and the receipts of its turns by sequence."""

    id: str
    language: str | None
    channel: str
    contact: str | None
    level: int
    entries: Sequence[Entry]
    receipts: Mapping[int, dict[str, Any]]


@dataclass(frozen=True)
class Difference:
    """One field of one turn that came out another way; `seq` is that of the recorded answer."""

    seq: int
    asked: str
    field: str
    was: str
    now: str


@dataclass(frozen=True)
class Replayed:
    """What was compared, and what differs."""

    turns: int
    differences: tuple[Difference, ...]


async def replay(stored: Stored, engine: TurnRunner, *, fleeting: Sequence[str] = ()) -> Replayed:
    """Run every recorded turn again, in order. `fleeting` are sentences that depend on the hour
    (when somebody will come): an answer that has them or not is the same answer."""
    rehearsal = Rehearsal(
        engine,
        contact=stored.contact,
        level=stored.level,
        channel=stored.channel,
    )
    found: list[Difference] = []
    told = 0
    for seq, receipt in sorted(stored.receipts.items()):
        seen = int(receipt.get("seen", seq - 1))
        for entry in _others(stored.entries, told, seen):
            _tell(rehearsal, entry)
        told = seen
        asked = _asked(stored.entries, receipt, seen)
        was = _recorded(stored.entries, receipt, seq)
        turned = await rehearsal.turn()
        now = _came(turned)
        found += [
            Difference(seq, asked, field, was[field], now[field])
            for field in was
            if _lasting(was[field], fleeting) != _lasting(now[field], fleeting)
        ]
    return Replayed(len(stored.receipts), tuple(found))


def story_of(stored: Stored) -> str:
    """The conversation as a story (YAML) that expects what was recorded."""
    steps: list[dict[str, Any]] = []
    told = 0
    for seq, receipt in sorted(stored.receipts.items()):
        seen = int(receipt.get("seen", seq - 1))
        new = [step for entry in _others(stored.entries, told, seen) if (step := _step(entry))]
        told = seen
        if new:
            new[-1]["expect"] = _expected(stored.entries, receipt, seq)
        steps += new
    story: dict[str, Any] = {"story": f"conversation {stored.id}"}
    if stored.language:
        story["language"] = stored.language
    if stored.contact and stored.level:
        story["contact"] = {"id": stored.contact, "level": stored.level}
    story["turns"] = steps
    return yaml.safe_dump([story], allow_unicode=True, sort_keys=False, width=96)


def _others(entries: Sequence[Entry], after: int, until: int) -> list[Entry]:
    """What everybody but the engine said and did."""
    return [
        entry
        for entry in entries
        if after < entry.seq <= until
        and entry.author.role != "ai"
        and not (entry.author.role == "system" and entry.author.name == "engine")
    ]


def _tell(rehearsal: Rehearsal, entry: Entry) -> None:
    if entry.kind == "message" and entry.author.role == "customer":
        rehearsal.say(entry.text)
    elif entry.kind == "message" and entry.author.role == "human_agent":
        rehearsal.human(entry.text, entry.author.name)
    elif entry.action == "button":
        rehearsal.press(entry.value or "")
    elif entry.action is not None:
        rehearsal.act(entry.action, role=entry.author.role, value=entry.value or "")


def _step(entry: Entry) -> dict[str, Any] | None:
    if entry.kind == "message":
        return {"customer" if entry.author.role == "customer" else "human": entry.text}
    if entry.action == "button":
        return {"press": entry.value}
    return {"act": entry.action} if entry.action else None


def _asked(entries: Sequence[Entry], receipt: dict[str, Any], seen: int) -> str:
    wanted = set(receipt.get("messages", ())) or {seen}
    return " / ".join(entry.text or entry.value or "" for entry in entries if entry.seq in wanted)


def _recorded(entries: Sequence[Entry], receipt: dict[str, Any], seq: int) -> dict[str, str]:
    said: list[Entry] = []
    for entry in (item for item in entries if item.seq >= seq):
        if entry.author.role not in {"ai", "system"}:
            break
        if entry.author.role == "ai" and entry.kind == "message":
            if said and entry.in_reply_to != said[0].in_reply_to:
                break
            said.append(entry)
    return _fields(receipt, said)


def _lasting(text: str, fleeting: Sequence[str]) -> str:
    for sentence in fleeting:
        text = text.replace(sentence, "")
    return " ".join(text.split())


def _came(turned: Turned) -> dict[str, str]:
    said = [entry for entry in turned.entries if entry.kind == "message"]
    return _fields(turned.receipt, said)


def _fields(receipt: dict[str, Any], said: Sequence[Entry]) -> dict[str, str]:
    escalation: dict[str, Any] = receipt.get("escalation") or {}
    return {
        "route": " > ".join(item["specialist"] for item in receipt.get("path", [])[-1:]),
        "outcome": str(receipt.get("outcome", "silence")),
        "reason": str(escalation.get("reason") or ""),
        "tools": ", ".join(item["name"] for item in receipt.get("tools", []) if item.get("ok")),
        "answer": "\n".join(entry.text for entry in said),
        "sources": ", ".join(item.title for entry in said for item in entry.citations),
    }


def _expected(entries: Sequence[Entry], receipt: dict[str, Any], seq: int) -> dict[str, Any]:
    was = _recorded(entries, receipt, seq)
    expect: dict[str, Any] = {"specialist": was["route"], "outcome": was["outcome"]}
    if was["sources"]:
        expect["cites"] = was["sources"].split(", ")
    if was["tools"]:
        expect["tools"] = was["tools"].split(", ")
    if was["outcome"] == "escalate":
        expect["escalates"] = was["reason"] or True
    return {name: value for name, value in expect.items() if value}
