"""What the knowledge base holds, as one process sees it: passages by id, kept in step with SQL.

Above: `kb.refresher` applies changes, `kb.search` reads. Below: `kb.documents`, `kb.truth`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.documents import StoredDocument, StoredPassage
from kb.truth import Changes


@dataclass(frozen=True, slots=True)
class Item:
    """A passage with its document."""

    passage: StoredPassage
    document: StoredDocument

    @property
    def group(self) -> str:
        """Translations of one passage share it."""
        original = self.document.translation_of or self.document.id
        return f"{original}#{self.passage.ordinal}"


class Catalogue:
    """All passages of the current version."""

    def __init__(self) -> None:
        self.version = -1
        self._items: dict[str, Item] = {}
        self._by_document: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._items)

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return len(self._by_document)

    def get(self, passage: str) -> Item | None:
        """The passage of this id, if it still exists."""
        return self._items.get(passage)

    def items(self) -> Iterable[Item]:
        """All passages."""
        return self._items.values()

    def outdated(self, changes: Changes) -> list[str]:
        """Passages that the changes remove or replace."""
        gone = self._by_document.keys() - changes.ids
        touched = {document.id for document in changes.documents}
        return [
            name
            for document in (gone | (touched & self._by_document.keys()))
            for name in self._by_document[document]
        ]

    def apply(self, changes: Changes) -> None:
        """Take the changes over."""
        for name in self.outdated(changes):
            del self._items[name]
        for document in self._by_document.keys() - changes.ids:
            del self._by_document[document]
        grouped: dict[str, list[StoredPassage]] = {doc.id: [] for doc in changes.documents}
        for passage in changes.passages:
            grouped[passage.document].append(passage)
        for document in changes.documents:
            self._put(document, grouped[document.id])
        self.version = changes.version

    def _put(self, document: StoredDocument, passages: Sequence[StoredPassage]) -> None:
        ordered = sorted(passages, key=lambda passage: passage.ordinal)
        self._by_document[document.id] = tuple(passage.id for passage in ordered)
        for passage in ordered:
            self._items[passage.id] = Item(passage, document)
