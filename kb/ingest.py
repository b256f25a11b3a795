"""Takes documents in: load, cut, embed, write, one file after the other.

Above: `kb.open`. Below: `kb.loader`, `kb.chunker`, `kb.truth`, an embedder.

What is unchanged by its content hash is skipped. The passages of a changed document are replaced
in the transaction that raises the knowledge version.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2s
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.ports import Embedder
from kb.chunker import cut
from kb.documents import Draft, StoredPassage, document_error, embedded_text, passage_id
from kb.loader import Defaults, Loader, SourceFile, find_files
from kb.truth import Known, Prepared, Truth

_BATCH = 16  # passages between two looks of the progress bar


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is; `passages` counts those embedded so far, of those known so far."""

    file: str
    files_done: int
    files: int
    passages_done: int
    passages: int


@dataclass(slots=True)
class IngestReport:
    """What an import did, by document ids; `failed` are the files that could not be read."""

    added: list[str] = field(default_factory=list[str])
    changed: list[str] = field(default_factory=list[str])
    removed: list[str] = field(default_factory=list[str])
    unchanged: int = 0
    passages: int = 0
    failed: list[InputError] = field(default_factory=list[InputError])


OnProgress = Callable[[Progress], None]


class Ingest:
    """Writes documents into the truth."""

    def __init__(self, truth: Truth, embedder: Embedder, loader: Loader) -> None:
        self._truth = truth
        self._embedder = embedder
        self._loader = loader

    async def files(
        self, paths: Sequence[Path], defaults: Defaults, on_progress: OnProgress | None = None
    ) -> IngestReport:
        """Read files and folders. A file that cannot be read does not stop the others."""
        found = await asyncio.to_thread(find_files, paths)
        return await self.found(found, defaults, on_progress)

    async def found(
        self,
        found: list[SourceFile],
        defaults: Defaults,
        on_progress: OnProgress | None = None,
        *,
        missing: Sequence[InputError] = (),
    ) -> IngestReport:
        """Read these files. What a source held before and holds no more is removed, unless some of
        it could not be read; `missing` are pages that could not even be fetched."""
        report = IngestReport(failed=list(missing))
        known = await self._truth.known()
        loaded = await self._load(found, defaults, known, report)
        jobs = [(file, self._changed(drafts, known, report)) for file, drafts in loaded]
        total = sum(len(passages) for _, items in jobs for _, passages in items)
        done = len(found) - len(jobs)
        vanished = _vanished(found, loaded, known, all_there=not missing)
        for file, items in jobs:

            def tell(embedded: int, *, name: str = file.name, files_done: int = done) -> None:
                if on_progress is not None:
                    passages_done = report.passages + embedded
                    on_progress(Progress(name, files_done, len(found), passages_done, total))

            await self._write(items, vanished.pop(file.source, []), known, report, tell)
            done += 1
            tell(0, files_done=done)
        return report

    async def drafts(
        self, drafts: Sequence[Draft], on_progress: OnProgress | None = None
    ) -> IngestReport:
        """Write documents that did not come from files. Raises `InputError` for one without
        text."""
        report = IngestReport()
        known = await self._truth.known()
        items = self._changed(list(drafts), known, report)
        empty = next((draft for draft, passages in items if not passages), None)
        if empty is not None:
            raise document_error(empty.title, "there is no text")
        total = sum(len(passages) for _, passages in items)

        def tell(embedded: int) -> None:
            if on_progress is not None:
                on_progress(Progress("", 0, 1, embedded, total))

        await self._write(items, [], known, report, tell)
        return report

    async def embed_anew(self, on_progress: Callable[[int, int], None]) -> tuple[int, int]:
        """Vectors of every passage made again by the model as it is now; what other models left
        is dropped at the end. Searches go on with the old ones until then.

        Returns how many documents and passages there are.
        """
        changes = await self._truth.changes(0, model=self._embedder.name)
        titles = {document.id: document.title for document in changes.documents}
        pieces, done = changes.passages, 0
        for at in range(0, len(pieces), _BATCH):
            batch = pieces[at : at + _BATCH]
            texts = [embedded_text(titles[piece.document], piece) for piece in batch]
            found = await self._embedder.embed(texts)
            rows = {
                piece.id: np.asarray(vector, dtype=np.float32)
                for piece, vector in zip(batch, found, strict=True)
            }
            await self._truth.add_vectors(rows, model=self._embedder.name)
            done += len(batch)
            on_progress(done, len(pieces))
        await self._truth.drop_vectors(keep=self._embedder.name)
        await self._truth.restamp()
        return len(changes.documents), len(pieces)

    async def _load(
        self,
        files: list[SourceFile],
        defaults: Defaults,
        known: dict[str, Known],
        report: IngestReport,
    ) -> list[tuple[SourceFile, list[Draft]]]:
        loaded: list[tuple[SourceFile, list[Draft]]] = []
        names = Names(known)
        for file in files:
            try:
                drafts = await asyncio.to_thread(self._loader.load, file, defaults)
                loaded.append((file, names.settle(drafts)))
            except InputError as error:
                report.failed.append(error)
        return loaded

    def _changed(
        self, drafts: list[Draft], known: dict[str, Known], report: IngestReport
    ) -> list[tuple[Draft, list[StoredPassage]]]:
        items: list[tuple[Draft, list[StoredPassage]]] = []
        for draft in drafts:
            old = known.get(draft.id)
            if old is not None and old.content_hash == draft.content_hash:
                report.unchanged += 1
            else:
                items.append((draft, _passages(draft)))
        return items

    async def _write(
        self,
        items: list[tuple[Draft, list[StoredPassage]]],
        vanished: list[str],
        known: dict[str, Known],
        report: IngestReport,
        tell: Callable[[int], None],
    ) -> None:
        if not items and not vanished:
            return
        prepared = await self._prepare(items, tell)
        await self._truth.write(prepared, model=self._embedder.name, remove=vanished)
        for draft, passages in items:
            (report.changed if draft.id in known else report.added).append(draft.id)
            report.passages += len(passages)
        report.removed += vanished

    async def _prepare(
        self, items: list[tuple[Draft, list[StoredPassage]]], tell: Callable[[int], None]
    ) -> list[Prepared]:
        texts = [embedded_text(draft.title, piece) for draft, pieces in items for piece in pieces]
        vectors: list[list[float]] = []
        for at in range(0, len(texts), _BATCH):
            vectors += await self._embedder.embed(texts[at : at + _BATCH])
            tell(len(vectors))
        rest = iter(vectors)
        return [
            Prepared(draft, pieces, [np.asarray(next(rest), dtype=np.float32) for _ in pieces])
            for draft, pieces in items
        ]


def _passages(draft: Draft) -> list[StoredPassage]:
    return [
        StoredPassage(
            passage_id(draft.id, ordinal), draft.id, ordinal, piece.heading, draft.question,
            piece.text,
        )
        for ordinal, piece in enumerate(cut(draft))
    ]  # fmt: skip


class Names:
    """Keeps ids apart. The same id in another language is a translation: `returns.cs`; a file that
    is called like another one and is about something else has an id of its own."""

    def __init__(self, known: dict[str, Known]) -> None:
        self._owners = {name: (old.source, old.language, old.title) for name, old in known.items()}
        self._taken: dict[str, str] = {}

    def settle(self, drafts: list[Draft]) -> list[Draft]:
        """The drafts of one file under their final ids. Raises `InputError` when another file of
        this import has one of them."""
        return [self._settle(self._set_apart(draft)) for draft in drafts]

    def _set_apart(self, draft: Draft) -> Draft:
        """`a/index.md` and `b/index.md`: neither replaces the other while both are there. The same
        title is the same article in another place."""
        source, language, title = self._owners.get(draft.id, ("", "", ""))
        if draft.named or source in ("", draft.source) or language != draft.language:
            return draft
        if title == draft.title or not Path(source).is_file():
            return draft
        mark = blake2s(draft.source.encode(), digest_size=4).hexdigest()
        return draft.model_copy(update={"id": f"{draft.id}-{mark}"})

    def _settle(self, draft: Draft) -> Draft:
        source, language, _ = self._owners.get(draft.id, (draft.source, draft.language, ""))
        if source != draft.source and language != draft.language:
            name = f"{draft.id}.{draft.language}"
            draft = draft.model_copy(update={"id": name, "translation_of": draft.id})
        taken = self._taken.setdefault(draft.id, draft.source)
        if taken != draft.source:
            raise document_error(draft.source, f"its id {draft.id!r} is already used by {taken}")
        self._owners[draft.id] = (draft.source, draft.language, draft.title)
        return draft


def _vanished(
    found: Sequence[SourceFile],
    loaded: Sequence[tuple[SourceFile, list[Draft]]],
    known: dict[str, Known],
    *,
    all_there: bool,
) -> dict[str, list[str]]:
    """By source: documents that came from it before and are no longer in it."""
    read = {file for file, _ in loaded}
    broken = {file.source for file in found if file not in read}
    kept: dict[str, set[str]] = {}
    for file, drafts in loaded:
        if file.site is None or all_there:
            kept.setdefault(file.source, set()).update(draft.id for draft in drafts)
    return {
        source: [name for name, old in known.items() if old.source == source and name not in ids]
        for source, ids in kept.items()
        if source not in broken
    }
