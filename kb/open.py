"""The door of the knowledge base: everything opened, wired and closed in one place.

Above: the composition root. Below: all of `kb`.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from core.archive.database import Database
from core.errors import InputError, KnowledgeError, NotFound
from core.ports import Embedder, SearchResult
from core.runtime import running
from core.text import clean_text
from kb.calibration import RECIPE
from kb.calibrator import Calibrator
from kb.crawl import Crawler, Tell
from kb.documents import Draft, StoredDocument
from kb.embed.open import open_embedder
from kb.gaps import Gap, GapMiner, Question
from kb.index import Connect, PassageIndex
from kb.ingest import Ingest, IngestReport, OnProgress
from kb.loader import Defaults, Loader, slug
from kb.refresher import KnowledgeRefresher, Synchroniser
from kb.search import Searcher
from kb.settings import KnowledgeSettings
from kb.truth import Truth

_log = structlog.get_logger("knowledge")
_MATERIAL = 0.2  # share of passages by which knowledge must have grown or shrunk to be judged anew


class Knowledge:
    """What the rest of the house may do with the knowledge base."""

    def __init__(
        self, settings: KnowledgeSettings, truth: Truth, embedder: Embedder, index: PassageIndex
    ) -> None:
        self.embedder = embedder
        self._settings = settings
        self._truth = truth
        self._index = index
        self._loader = Loader(
            default_language=settings.default_language, largest_file=settings.largest_file
        )
        self._ingest = Ingest(truth, embedder, self._loader)
        self._settling = asyncio.Lock()
        self._calibrator = Calibrator(embedder, settings.exemplars_dir)
        self._synchroniser = Synchroniser(truth, self._index, embedder)
        self.searcher = Searcher(self._index, embedder, self._synchroniser)
        self.refresher = KnowledgeRefresher(
            self._synchroniser,
            poll_seconds=settings.poll_seconds,
            shared=self._index.shared,
        )

    async def is_untouched(self) -> bool:
        """True if nothing was ever written, not even something that was removed again."""
        return await self._truth.version() == 0

    async def refresh(self) -> None:
        """Take over changes now instead of at the next poll. Raises `KnowledgeError`."""
        await self._synchroniser.refresh()

    async def settle(self) -> None:
        """Refresh, and calibrate anew if the knowledge grew or shrank much."""
        async with self._settling:
            await self._synchroniser.refresh()
            known = self._synchroniser.calibration.passages
            now = len(self._synchroniser.snapshot.items)
            if abs(now - known) > _MATERIAL * max(known, 1):
                await self.calibrate()

    async def calibrate(self) -> None:
        """Learn frame and cuts from the knowledge as it is; every process takes them over."""
        frame, calibration = await self._calibrator.calibrate(self._synchroniser.snapshot)
        data = {
            "recipe": RECIPE,
            "frame": frame.to_dict(),
            "calibration": calibration.model_dump(mode="json"),
        }
        await self._truth.save_calibration(self.embedder.name, data)
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
        await self.settle()
        return report

    async def ingest_site(
        self,
        url: str,
        *,
        category: str | None = None,
        language: str | None = None,
        on_progress: OnProgress | None = None,
        on_fetch: Tell = lambda done, pages: None,
    ) -> IngestReport:
        """Fetch and read the pages of a sitemap, or one page. Pages that the site no longer has
        are removed. Raises `InputError` if the address itself cannot be had."""
        defaults, limit = Defaults(category, language), self._settings.largest_file
        with tempfile.TemporaryDirectory(prefix="switchboard-site-") as folder:
            async with aiohttp.ClientSession() as session:
                site = await Crawler(session, Path(folder), largest=limit).read(url, on_fetch)
            report = await self._ingest.found(
                site.files, defaults, on_progress, missing=site.failed
            )
        await self.settle()
        return report

    async def ingest_drafts(
        self, drafts: Sequence[Draft], *, on_progress: OnProgress | None = None
    ) -> IngestReport:
        """Write documents that are ready. Raises `InputError` for one without text."""
        report = await self._ingest.drafts(drafts, on_progress)
        await self.settle()
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
        await self.ingest_drafts([draft])
        return name

    async def reindex(self, *, on_progress: Tell = lambda done, all_: None) -> dict[str, int]:
        """Embed everything anew, rebuild the index and learn the cuts anew; searches go on."""
        documents, passages = await self._ingest.embed_anew(on_progress)
        await self._synchroniser.refresh()
        await self._synchroniser.mend()
        await self.calibrate()
        return {"documents": documents, "passages": passages}

    async def gaps(self, questions: Sequence[Question], *, limit: int = 50) -> Sequence[Gap]:
        """What these unanswered questions are about, the most asked first."""

        async def search(text: str, language: str) -> SearchResult:
            return await self.searcher.search(text, limit=1, language=language)

        frame = self._synchroniser.snapshot.frame
        miner = GapMiner(
            self.embedder, frame.place_question, search, language=self._settings.default_language
        )
        return await miner.mine(questions, limit=limit)

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
        await self.settle()

    async def status(self) -> dict[str, Any]:
        """For `doctor` and `/health/detailed`."""
        snapshot, calibration = self._synchroniser.snapshot, self._synchroniser.calibration
        return {
            "model": self.embedder.name,
            "dimensions": self.embedder.size,
            "index": "server" if self._index.shared else "local",
            "documents": len(snapshot.documents),
            "passages": len(snapshot.items),
            "version": snapshot.version,
            "calibration": calibration.model_dump(mode="json"),
        }

    async def build(self) -> None:
        """Fill the index for the first time; a failure is left to the refresher to repeat."""
        try:
            await self.settle()
        except KnowledgeError as error:
            _log.warning("knowledge_build_failed", error=str(error), cause=repr(error.__cause__))


@asynccontextmanager
async def open_knowledge(
    settings: KnowledgeSettings,
    database: Database,
    *,
    embedder: Embedder | None = None,
    connect: Connect | None = None,
) -> AsyncGenerator[Knowledge]:
    """The knowledge base over a migrated database. The index is filled in the background:
    searches wait for it, other work does not. `embedder` and `connect` take the place of those
    of the settings. Raises `ConfigError` or `KnowledgeError`."""
    async with AsyncExitStack() as stack:
        used = embedder or await stack.enter_async_context(open_embedder(settings.embedding))
        index = PassageIndex(settings, model=used.name, size=used.size, connect=connect)
        stack.push_async_callback(index.close)
        knowledge = Knowledge(settings, Truth(database), used, index)
        await stack.enter_async_context(running(knowledge.build(), name="knowledge-build"))
        yield knowledge
