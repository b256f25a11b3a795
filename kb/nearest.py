"""Finds candidates by an exact product over the vectors in memory. Pure.

Above: `kb.search`, where no server holds the index. Below: `kb.snapshot`, numpy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kb.documents import Vector
from kb.ranking import Question
from kb.snapshot import Snapshot


def exact(
    snapshot: Snapshot, question: Question, categories: Sequence[str], limit: int
) -> list[str]:
    """Ids of the `limit` passages nearest to the placed question, and of those nearest to the plain
    one, each once. With categories, of those only."""
    items = snapshot.items
    if not items or limit <= 0:
        return []
    placed = snapshot.frame.place_question(question.vector, question.language)
    allowed = None
    if categories:
        wanted = frozenset(categories)
        allowed = np.array([item.document.category in wanted for item in items])
    found = [
        *_best(snapshot.placed @ placed, allowed, limit),
        *_best(snapshot.raw @ question.vector, allowed, limit),
    ]
    return [items[row].passage.id for row in dict.fromkeys(found)]


def _best(scores: Vector, allowed: np.ndarray | None, limit: int) -> list[int]:
    if allowed is not None:
        scores = np.where(allowed, scores, np.float32(-np.inf))
    top = np.argpartition(-scores, limit)[:limit] if limit < len(scores) else np.arange(len(scores))
    rows: list[int] = top[np.argsort(-scores[top])].tolist()
    return [row for row in rows if np.isfinite(scores[row])]
