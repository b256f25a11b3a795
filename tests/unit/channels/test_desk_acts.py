"""Who has a conversation, as its log tells it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.escalation.standing import standing_of
from core.ids import EntryId
from core.messages import Author, Entry

ANN, BEN = Author(role="human_agent", name="Ann"), Author(role="human_agent", name="Ben")
CUSTOMER, AI = Author(role="customer"), Author(role="ai")


def log(*lines: tuple[Author, dict[str, Any]]) -> list[Entry]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Entry(id=EntryId(f"e{seq}"), seq=seq, at=now, author=author, **fields)
        for seq, (author, fields) in enumerate(lines, 1)
    ]


SAYS: dict[str, Any] = {"text": "words"}
NOTES: dict[str, Any] = {"kind": "note", "text": "words"}


def act(action: str, value: str | None = None) -> dict[str, Any]:
    return {"kind": "control", "action": action, "value": value}


@pytest.mark.parametrize(
    ("entries", "holder"),
    [
        (log(), None),
        (log((CUSTOMER, SAYS), (AI, act("escalate"))), None),
        (log((AI, act("escalate")), (ANN, act("take")), (CUSTOMER, SAYS)), "Ann"),
        (log((ANN, act("take")), (BEN, act("take"))), "Ben"),
        (log((ANN, act("take")), (BEN, NOTES)), "Ann"),
        (log((ANN, act("take")), (BEN, SAYS)), "Ben"),
        (log((ANN, act("take")), (ANN, act("release")), (CUSTOMER, SAYS)), None),
        (log((ANN, SAYS), (AI, act("escalate"))), None),
        (log((ANN, act("take")), (ANN, act("assign", "Ben"))), "Ben"),
    ],
)
def test_who_took_it_or_spoke_last_has_it_until_it_is_given_away(
    entries: list[Entry], holder: str | None
) -> None:
    assert standing_of(entries).holder == holder
