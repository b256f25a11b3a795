"""Brings the archive's unanswered questions before the knowledge base.

Above: `doors` (`GET /knowledge/gaps`), `kb_access` (`kb gaps`). Below: `core.archive`, `kb`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from core.archive.unanswered import read_unanswered
from core.privacy.masking.words import covered

if TYPE_CHECKING:
    from core.archive.database import Database
    from kb.open import Knowledge


async def find_gaps(
    knowledge: Knowledge, database: Database, *, days: int, limit: int
) -> list[dict[str, Any]]:
    """The topics of the last `days`, the most asked first; plain JSON values."""
    since = datetime.now(UTC) - timedelta(days=days)
    found = await read_unanswered(database, since=since)
    # Vectors and titles of topics are nobody's.
    questions = [replace(one, text=covered(one.text, one.language)) for one in found]
    return [gap.public() for gap in await knowledge.gaps(questions, limit=limit)]
