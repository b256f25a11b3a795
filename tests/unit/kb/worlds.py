"""Small made-up knowledge for tests of ranking: vectors say what a text means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from kb.documents import StoredDocument, StoredPassage, Vector, embedded_text
from kb.frame import Frame, blank_frame
from kb.lexical import codes_of, grams_of
from kb.ranking import Question
from kb.snapshot import Item, Snapshot, build

SIZE = 8


def meaning(*values: float) -> Vector:
    """A unit vector that begins with these values."""
    vector = np.zeros(SIZE, dtype=np.float32)
    vector[: len(values)] = values
    return vector / np.float32(np.linalg.norm(vector))


def item(
    name: str, text: str, vector: Vector, *, language: str = "en", of: str | None = None,
    category: str | None = None, ordinal: int = 0,
) -> Item:  # fmt: skip
    """A passage of the document `name`, a translation of `of`."""
    document = StoredDocument(
        name, f"{name}.md", "", name, None, category, language, of, 1, 1, datetime.now(UTC)
    )
    passage = StoredPassage(f"{name}#{ordinal}", name, ordinal, "", "", text)
    words = embedded_text(name, passage)
    return Item(passage, document, vector, grams_of(words), codes_of(words))


def world(items: Sequence[Item], frame: Frame | None = None) -> Snapshot:
    """A snapshot of them."""
    return build(1, frame or blank_frame(SIZE), items)


def ask(text: str, vector: Vector, language: str | None = "en") -> Question:
    """A question."""
    return Question(text, vector, language)
