"""Measures the search on documents and questions from outside: `switchboard eval kb`.

Above: the command line. Below: `kb.open`, on a database of its own that is thrown away.

Documents are JSON lines `{id, title, body, lang}` or a folder of articles, questions JSON lines
`{text, id, lang}`; a question whose id is null has no answer among the documents. A document and
its translations (the same id in several languages) are one.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from core.archive.database import open_database
from core.archive.settings import DatabaseSettings
from core.json_lines import read_json_lines
from core.text import clean_text
from kb.calibration import auroc
from kb.documents import Draft, document_error
from kb.open import Knowledge, OnProgress, open_knowledge
from kb.settings import KnowledgeSettings

_DEEP = 20  # passages looked at for the mean reciprocal rank


@dataclass
class Tally:
    """What was found for the questions of one language."""

    ranks: list[int | None] = field(default_factory=list[int | None])

    def figures(self) -> dict[str, float | int]:
        """Shares of questions whose document came first, among the first three; mean 1/rank."""
        count = len(self.ranks)
        found = [rank for rank in self.ranks if rank is not None]
        return {
            "hit1": round(sum(rank == 1 for rank in found) / count, 4),
            "hit3": round(sum(rank <= 3 for rank in found) / count, 4),
            "mrr": round(sum(1 / rank for rank in found) / count, 4),
            "n": count,
        }


async def evaluate(
    docs_path: Path,
    queries_path: Path,
    *,
    settings: KnowledgeSettings | None = None,
    on_progress: OnProgress | None = None,
) -> dict[str, Any]:
    """`{LANG: {hit1, hit3, mrr, n}, abstain_auroc}`; the last is None without both kinds of
    questions. Raises `InputError` for a file that cannot be read."""
    folder = await asyncio.to_thread(docs_path.is_dir)
    lines = [] if folder else await _read(docs_path)
    drafts = [_draft(row, docs_path, line) for line, row in lines]
    queries = [_query(row, queries_path, line) for line, row in await _read(queries_path)]
    settings = settings or KnowledgeSettings()
    with tempfile.TemporaryDirectory(prefix="switchboard-eval-") as data:
        async with open_database(DatabaseSettings(data_dir=Path(data))) as database:
            await database.migrate()
            async with open_knowledge(settings, database) as knowledge:
                if folder:
                    await knowledge.ingest([docs_path], on_progress=on_progress)
                else:
                    await knowledge.ingest_drafts(drafts, on_progress=on_progress)
                return await _measure(knowledge, queries)


@dataclass(frozen=True, slots=True)
class Query:
    """A question, and the document that answers it (None: none does)."""

    text: str
    document: str | None
    language: str


async def _measure(knowledge: Knowledge, queries: Sequence[Query]) -> dict[str, Any]:
    originals = {item.id: item.translation_of or item.id for item in await knowledge.list()}
    tallies: dict[str, Tally] = defaultdict(Tally)
    inside: list[float] = []
    outside: list[float] = []
    for query in queries:
        result = await knowledge.searcher.search(query.text, limit=_DEEP, language=query.language)
        names = list(dict.fromkeys(originals[passage.document] for passage in result.passages))
        score = max((passage.score for passage in result.passages), default=0.0)
        if query.document is None:
            outside.append(score)
        else:
            inside.append(score)
            there = query.document in names
            tallies[query.language].ranks.append(names.index(query.document) + 1 if there else None)
    figures: dict[str, Any] = {name: tally.figures() for name, tally in sorted(tallies.items())}
    both = inside and outside
    figures["abstain_auroc"] = (
        round(auroc(np.array(inside), np.array(outside)), 4) if both else None
    )
    return figures


def _draft(row: dict[str, Any], path: Path, line: int) -> Draft:
    name, body = row.get("id"), clean_text(str(row.get("body") or "")).strip()
    if name is None or not body:
        raise document_error(str(path), "a document wants an id and a body", line=line)
    language = str(row.get("lang") or "en")
    title = clean_text(str(row.get("title") or "")).strip()
    return Draft(
        id=f"{name}@{language}", source=f"{path}:{line}", title=title, text=body,
        language=language, translation_of=str(name),
    )  # fmt: skip


def _query(row: dict[str, Any], path: Path, line: int) -> Query:
    text, name = row.get("text"), row.get("id")
    if not isinstance(text, str) or not text.strip():
        raise document_error(str(path), "a question wants a text", line=line)
    return Query(text, None if name is None else str(name), str(row.get("lang") or "en"))


async def _read(path: Path) -> list[tuple[int, dict[str, Any]]]:
    rows: list[tuple[int, dict[str, Any]]] = []
    for number, row in await asyncio.to_thread(lambda: list(read_json_lines(path))):
        if not isinstance(row, dict):
            raise document_error(str(path), "an object is wanted", line=number)
        rows.append((number, cast(dict[str, Any], row)))
    if not rows:
        raise document_error(str(path), "there are no lines", line=1)
    return rows
