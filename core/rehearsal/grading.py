"""Judges a turn and an end state against what a story expects: pure, word for word.

Above: `playing`. Below: `story`, `conversation`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from core.messages import Entry
from core.rehearsal.conversation import Turned
from core.rehearsal.story import Expect


def grade_turn(expect: Expect, turned: Turned, *, lenient: bool = False) -> list[str]:
    """What is not as it should be. `lenient`: a fault was played, so the way may be another
    (tools, specialist), not what the customer gets."""
    said = [entry for entry in turned.entries if entry.kind == "message"]
    text = _plain("\n".join(entry.text for entry in said))
    problems = [
        *_missing("the reply lacks", expect.reply_contains, text),
        *(
            f"the reply contains {word!r}"
            for word in expect.reply_lacks
            if _plain(word) in text
        ),
    ]  # fmt: skip
    if expect.reply_contains_any and not any(
        _plain(word) in text for word in expect.reply_contains_any
    ):
        problems.append(f"the reply has none of {list(expect.reply_contains_any)}")
    problems += _outcome(expect, turned)
    problems += _shown(turned, said)
    titles = _plain("\n".join(item.title for entry in said for item in entry.citations))
    labels = _plain("\n".join(_labels(said)))
    problems += _missing("no button", expect.buttons, labels)
    problems += _called(expect, turned.receipt)
    if not lenient:
        problems += _missing("it does not cite", expect.cites, titles)
        problems += _way(expect, turned)
    return problems


def _outcome(expect: Expect, turned: Turned) -> list[str]:
    outcome = turned.receipt.get("outcome", "silence")
    problems: list[str] = []
    if expect.outcome is not None and outcome != expect.outcome:
        problems.append(f"the outcome is {outcome}, not {expect.outcome}")
    if expect.escalates is None:
        return problems
    escalates = turned.commit.head.owner == "human"
    if escalates != bool(expect.escalates):
        problems.append("it escalates" if escalates else "it does not escalate")
    elif isinstance(expect.escalates, str):
        reason = turned.receipt.get("escalation", {}).get("reason")
        if reason != expect.escalates:
            problems.append(f"the reason is {reason}, not {expect.escalates}")
    return problems


def _way(expect: Expect, turned: Turned) -> list[str]:
    triage: dict[str, Any] = turned.receipt.get("triage") or {}
    stands: dict[str, str | None] = {
        "specialist": turned.commit.head.specialist,
        "intent": triage.get("intent"),
        "priority": turned.commit.head.priority,
        "language": turned.commit.head.language,
    }
    called = {item["name"] for item in turned.receipt.get("tools", []) if item.get("ok")}
    problems = [
        f"the {name} is {value}, not {wanted}"
        for name, value in stands.items()
        if (wanted := getattr(expect, name)) is not None and wanted != value
    ]
    problems += [f"{name} was not called" for name in expect.tools if name not in called]
    return problems


def _called(expect: Expect, receipt: dict[str, Any]) -> list[str]:
    called = {item["name"] for item in receipt.get("tools", []) if item.get("ok")}
    return [f"{name} was called" for name in expect.no_tools if name in called]


def _shown(turned: Turned, said: Iterable[Entry]) -> list[str]:
    """What was streamed must be the beginning of what was said."""
    shown = " ".join("".join(turned.pieces.shown).split())
    final = " ".join(" ".join(entry.text for entry in said).split())
    return [] if final.startswith(shown) else [f"streamed {shown[:80]!r}, said {final[:80]!r}"]


def _labels(said: Iterable[Entry]) -> list[str]:
    return [button.label for entry in said for part in entry.parts for button in part.buttons]


def _missing(what: str, words: Iterable[str], text: str) -> list[str]:
    return [f"{what} {word!r}" for word in words if _plain(word) not in text]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.casefold().split()))
