"""What the knowledge base holds at one version, ready to be searched. Never changed, only replaced.

Above: `kb.refresher` makes one after the other in a thread, `kb.ranking` reads. Below: `kb.frame`,
`kb.lexical`, `kb.truth`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from kb.documents import Matrix, StoredDocument, StoredPassage, Vector, embedded_text
from kb.frame import Frame, blank_frame
from kb.lexical import Grams, Lexicon, codes_of, grams_of
from kb.truth import Changes

# A passage is judged by itself and by the document it stands in; the document is worth this much.
DOCUMENT_WEIGHT = 0.9


@dataclass(frozen=True, slots=True)
class Item:
    """A passage with its document, its vector and its letters."""

    passage: StoredPassage
    document: StoredDocument
    vector: Vector
    grams: Grams
    codes: frozenset[str]

    @property
    def family(self) -> str:
        """A document and its translations are one family."""
        return self.document.translation_of or self.document.id


@dataclass(frozen=True)
class Snapshot:
    """All passages of a version: `raw` are their vectors, `placed` the rows that placed questions
    are compared with."""

    version: int
    frame: Frame
    items: tuple[Item, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict[str, int])
    raw: Matrix = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    placed: Matrix = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    lexicons: Mapping[str, Lexicon] = field(default_factory=dict[str, Lexicon])
    lengths: tuple[float, ...] = ()
    by_code: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])

    @property
    def documents(self) -> frozenset[str]:
        """Ids of all documents."""
        return frozenset(item.document.id for item in self.items)

    def get(self, passage: str) -> Item | None:
        """The passage of this id."""
        row = self.rows.get(passage)
        return None if row is None else self.items[row]

    def outdated(self, changes: Changes) -> list[str]:
        """Passages that the changes remove or replace."""
        touched = {document.id for document in changes.documents}
        return [
            item.passage.id
            for item in self.items
            if item.document.id in touched or item.document.id not in changes.ids
        ]


def empty_snapshot(size: int) -> Snapshot:
    """Before anything has been read."""
    return Snapshot(-1, blank_frame(size))


def advance(
    old: Snapshot, changes: Changes, vectors: Mapping[str, Vector], frame: Frame
) -> Snapshot:
    """The snapshot after the changes, in a frame."""
    gone = set(old.outdated(changes))
    kept = [item for item in old.items if item.passage.id not in gone]
    documents = {document.id: document for document in changes.documents}
    fresh = [
        _make_item(piece, documents[piece.document], vectors[piece.id])
        for piece in changes.passages
        if piece.id in vectors
    ]
    return build(changes.version, frame, [*kept, *fresh])


def build(version: int, frame: Frame, items: Iterable[Item]) -> Snapshot:
    """A snapshot of these passages."""
    ordered = tuple(sorted(items, key=lambda item: (item.document.id, item.passage.ordinal)))
    lexicons = _lexicons(ordered)
    raw = np.stack([i.vector for i in ordered]) if ordered else np.zeros((0, 0), dtype=np.float32)
    by_code: dict[str, list[int]] = defaultdict(list)
    for row, item in enumerate(ordered):
        for code in item.codes:
            by_code[code].append(row)
    return Snapshot(
        version,
        frame,
        ordered,
        {item.passage.id: row for row, item in enumerate(ordered)},
        raw,
        _place(ordered, raw, frame),
        lexicons,
        tuple(lexicons[item.document.language].length(item.grams) for item in ordered),
        {code: tuple(rows) for code, rows in by_code.items()},
    )


def _make_item(piece: StoredPassage, document: StoredDocument, vector: Vector) -> Item:
    text = embedded_text(document.title, piece)
    return Item(piece, document, vector, grams_of(text), codes_of(text))


def _lexicons(items: tuple[Item, ...]) -> dict[str, Lexicon]:
    texts: dict[str, list[Grams]] = defaultdict(list)
    for item in items:
        texts[item.document.language].append(item.grams)
    return {language: Lexicon(found) for language, found in texts.items()}


def _place(items: tuple[Item, ...], raw: Matrix, frame: Frame) -> Matrix:
    """Each passage plus the weighted mean of its document: one product gives both likenesses."""
    if not items:
        return raw
    languages = [item.document.language for item in items]
    names, owner = np.unique([item.document.id for item in items], return_inverse=True)
    totals = np.zeros((len(names), raw.shape[1]), dtype=np.float32)
    np.add.at(totals, owner, raw)
    counts = np.bincount(owner).astype(np.float32)
    means: Matrix = (totals / counts[:, None])[owner]
    alone = frame.place_passages(raw, languages)
    around = frame.place_passages(means, languages)
    return (alone + DOCUMENT_WEIGHT * around).astype(np.float32)
