"""What customers asked and did not get from the knowledge: read from the receipts of turns.

Above: `kb.gaps` through the composition root. Below: `database`, `tables`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from core.archive.database import Database
from core.archive.tables import entries, turns
from core.messages import Entry

# A person was brought in because nothing was known, or because it led nowhere.
_REASONS = ("cannot_know", "no_progress")
_MOST = 2000


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question without an answer; `seq` is that of its turn."""

    conversation: str
    seq: int
    text: str
    language: str
    at: datetime
    reason: str


async def read_unanswered(
    database: Database, *, since: datetime | None = None, limit: int = _MOST
) -> list[Unanswered]:
    """The newest `limit` of them, newest first."""
    receipt = turns.c.receipt
    rules = [
        or_(
            receipt["answered"].as_boolean().is_(False),
            and_(
                receipt["outcome"].as_string() == "escalate",
                receipt["escalation"]["reason"].as_string().in_(_REASONS),
            ),
        )
    ]
    if since is not None:
        rules.append(turns.c.at >= since)
    query = select(turns).where(*rules).order_by(turns.c.at.desc()).limit(min(limit, _MOST))
    async with database.read() as connection:
        rows = (await connection.execute(query)).mappings().all()
        wanted = {(row["conversation"], seq) for row in rows for seq in _asked(row["receipt"])}
        said = await _texts(connection, wanted)
    found = [_unanswered(dict(row), said) for row in rows]
    return [item for item in found if item.text]


def _asked(receipt: dict[str, Any]) -> Sequence[int]:
    return receipt.get("messages") or ()


async def _texts(connection: Any, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], Entry]:
    """The entries of these places, a bounded number of conversations at a time."""
    names = sorted({name for name, _ in wanted})
    found: dict[tuple[str, int], Entry] = {}
    for start in range(0, len(names), 200):
        query = select(entries.c.conversation, entries.c.seq, entries.c.body).where(
            entries.c.conversation.in_(names[start : start + 200]),
            entries.c.role == "customer",
        )
        for name, seq, body in (await connection.execute(query)).all():
            if (name, seq) in wanted:
                found[(name, seq)] = Entry.model_validate(body)
    return found


def _unanswered(row: dict[str, Any], said: dict[tuple[str, int], Entry]) -> Unanswered:
    receipt: dict[str, Any] = row["receipt"]
    places = [(row["conversation"], seq) for seq in _asked(receipt)]
    triage: dict[str, Any] = receipt.get("triage") or {}
    escalation: dict[str, Any] = receipt.get("escalation") or {}
    return Unanswered(
        conversation=row["conversation"],
        seq=row["seq"],
        text="\n".join(said[place].text for place in places if place in said).strip(),
        language=str(triage.get("language") or "en"),
        at=row["at"],
        reason=str(escalation.get("reason") or "unanswered"),
    )
