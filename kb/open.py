"""The door of the knowledge base: everything opened, wired and closed in one place.

Above: the composition root. Below: all of `kb`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from core.archive.database import Database
from core.errors import InputError, NotFound
from core.runtime import running
from core.text import clean_text
from kb.catalogue import Catalogue
from kb.documents import Draft, StoredDocument
from kb.embed.local import LocalEmbedder
from kb.embed.open import open_embedder
from kb.embed.remote import RemoteEmbedder
from kb.index import PassageIndex
from kb.ingest import Ingest, IngestReport, OnProgress
from kb.loader import Defaults, Loader, slug
from kb.refresher import KnowledgeRefresher, Synchroniser
from kb.search import Searcher
from kb.settings import KnowledgeSettings
from kb.truth import Truth


class Knowledge:
    """What the rest of the house may do with the knowledge base."""

    def __init__(
        self, settings: KnowledgeSettings, truth: Truth, embedder: LocalEmbedder | RemoteEmbedder
    ) -> None:
        self.embedder = embedder
        self._settings = settings
        self._truth = truth
        self._catalogue = Catalogue()
        self._index = PassageIndex(settings, model=embedder.name, size=embedder.size)
        self._loader = Loader(
            default_language=settings.default_language, largest_file=settings.largest_file
        )
        self._ingest = Ingest(truth, embedder, self._loader)
        self._synchroniser = Synchroniser(truth, self._index, self._catalogue, embedder)
        self.searcher = Searcher(self._catalogue, self._index, embedder, self._synchroniser)
        self.refresher = KnowledgeRefresher(
            self._synchroniser,
            poll_seconds=settings.poll_seconds,
            shared=self._index.shared,
            on_change=self._after_change,
        )

    async def is_untouched(self) -> bool:
        """True if nothing was ever written, not even something that was removed again."""
        return await self._truth.version() == 0

    async def refresh(self) -> None:
        """Take over changes now instead of at the next poll."""
        await self._synchroniser.refresh()

    async def ingest(
        self,
        paths: Sequence[Path],
        *,
        category: str | None = None,
        language: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> IngestReport:
        """Read files and folders. Raises `InputError` for a path that does not exist; files that
        cannot be read are in the report."""
        report = await self._ingest.files(paths, Defaults(category, language), on_progress)
        await self._synchroniser.refresh()
        return report

    async def add_document(
        self,
        *,
        title: str,
        text: str,
        id: str | None = None,  # noqa: A002 -- the word of the API
        category: str | None = None,
        language: str | None = None,
        url: str | None = None,
    ) -> str:
        """Write one document (Markdown); returns its id. Raises `InputError`."""
        title, text = clean_text(title).strip(), clean_text(text).strip()
        if not title or not text:
            raise InputError("a document needs a title and a text", code="document")
        if len(text) > self._settings.largest_file:
            raise InputError("the text is too long", code="too_large")
        name = id or f"{slug(title)[:60]}-{secrets.token_hex(4)}"
        draft = Draft(
            id=name, source=f"api:{name}", title=title, text=text, markdown=True,
            category=category, url=url,
            language=language or await asyncio.to_thread(self._loader.detect, f"{title}\n{text}"),
        )  # fmt: skip
        await self._ingest.draft(draft)
        await self._synchroniser.refresh()
        return name

    async def list(self) -> list[StoredDocument]:
        """All documents."""
        return await self._truth.list_documents()

    async def text(self, document: str) -> str:
        """The text of a document as it came in. Raises `NotFound`."""
        return await self._truth.text(document)

    async def remove(self, document: str) -> None:
        """Remove a document. Raises `NotFound`."""
        if document not in await self._truth.known():
            raise NotFound("there is no such document")
        await self._truth.write([], model=self.embedder.name, remove=[document])
        await self._synchroniser.refresh()

    async def status(self) -> dict[str, Any]:
        """For `doctor` and `/health/detailed`."""
        return {
            "model": self.embedder.name,
            "dimensions": self.embedder.size,
            "index": "server" if self._index.shared else "local",
            "documents": self._catalogue.documents,
            "passages": len(self._catalogue),
            "version": self._catalogue.version,
        }

    async def close(self) -> None:
        """Close the index."""
        await self._index.close()

    async def _after_change(self) -> None:
        """Nothing yet."""


@asynccontextmanager
async def open_knowledge(
    settings: KnowledgeSettings, database: Database
) -> AsyncIterator[Knowledge]:
    """The knowledge base over a migrated database. The index is filled in the background:
    searches wait for it, other work does not. Raises `ConfigError` or `KnowledgeError`."""
    async with open_embedder(settings.embedding) as embedder:
        knowledge = Knowledge(settings, Truth(database), embedder)
        try:
            async with running(knowledge.refresh(), name="knowledge-build"):
                yield knowledge
        finally:
            await knowledge.close()
