"""The service that keeps a process in step, and the measuring of the search."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from core.archive.database import open_database
from core.archive.settings import DatabaseSettings
from core.errors import InputError, KnowledgeError
from core.runtime import running, spawn
from kb.evaluate import evaluate
from kb.open import Knowledge, open_knowledge
from kb.refresher import KnowledgeRefresher
from kb.settings import KnowledgeSettings
from tests.fakes.knowledge import WordEmbedder
from tests.fakes.waiting import until


def settings(folder: Path, **more: object) -> KnowledgeSettings:
    return KnowledgeSettings.model_validate({"exemplars_dir": folder, "poll_seconds": 0.01, **more})


class Stumbling:
    """Fails a few times, then works."""

    def __init__(self) -> None:
        self.calls = 0
        self.mended = 0

    async def refresh(self) -> bool:
        self.calls += 1
        if self.calls <= 2:
            raise KnowledgeError("away")
        return False

    async def mend(self) -> None:
        self.mended += 1


async def test_it_goes_on_after_failures_and_mends_what_is_shared() -> None:
    stumbling = Stumbling()
    refresher = KnowledgeRefresher(stumbling, poll_seconds=0.001, shared=True)  # type: ignore[arg-type]
    stop, ready = asyncio.Event(), asyncio.Event()
    task = spawn(refresher.run(stop, ready), name="refresher")
    await until(lambda: stumbling.mended > 0)
    assert ready.is_set()
    stop.set()
    async with asyncio.timeout(20):
        await task
    assert stumbling.calls >= 30


async def test_searches_wait_for_the_first_build_and_outlive_the_database(tmp_path: Path) -> None:
    database_settings = DatabaseSettings.model_validate({"data_dir": tmp_path})
    async with open_database(database_settings) as database:
        await database.migrate()
        async with open_knowledge(
            settings(tmp_path), database, embedder=WordEmbedder()
        ) as knowledge:
            early = spawn(knowledge.searcher.search("gift card"), name="early")
            await knowledge.add_document(title="Gift cards", text="A gift card is valid a year.")
            assert (await early).verdict in ("none", "unsure", "sure")
            await database.close()
            (tmp_path / "switchboard.db").unlink()
            result = await knowledge.searcher.search("gift card")
            assert result.passages[0].title == "Gift cards"


async def test_everything_is_embedded_anew_without_an_index_server(tmp_path: Path) -> None:
    database_settings = DatabaseSettings.model_validate({"data_dir": tmp_path})
    embedder = WordEmbedder()
    async with open_database(database_settings) as database:
        await database.migrate()
        async with open_knowledge(settings(tmp_path), database, embedder=embedder) as knowledge:
            await knowledge.add_document(title="Gift cards", text="A gift card is valid a year.")
            embedder.calls.clear()
            assert await knowledge.reindex() == {"documents": 1, "passages": 1}
            assert any("valid a year" in text for call in embedder.calls for text in call)
            found = await knowledge.searcher.search("gift card")
            assert found.passages[0].title == "Gift cards"


async def test_a_large_change_is_calibrated_anew_and_every_process_takes_it_over(
    tmp_path: Path,
) -> None:
    database_settings = DatabaseSettings.model_validate({"data_dir": tmp_path})
    rows = [
        {"question": f"How does thing number {n} work?", "answer": f"Turn the {n} knob to {n}."}
        for n in range(20)
    ]
    path = tmp_path / "faq.json"
    path.write_text(json.dumps(rows), encoding="utf-8")

    async def seen(knowledge: Knowledge) -> int:
        return int((await knowledge.status())["calibration"]["examples"])

    async with open_database(database_settings) as database:
        await database.migrate()
        shape = settings(tmp_path)
        async with (
            open_knowledge(shape, database, embedder=WordEmbedder()) as writer,
            open_knowledge(shape, database, embedder=WordEmbedder()) as reader,
            running(reader.refresher.run(asyncio.Event(), asyncio.Event()), name="refresher"),
        ):
            assert await seen(reader) == 0
            await writer.ingest([path], language="en")
            expected = await seen(writer)
            assert expected >= 20
            async with asyncio.timeout(20):
                while await seen(reader) != expected:
                    await asyncio.sleep(0.01)


DOCS = [
    {"id": "returns", "title": "Returns", "body": "Send the parcel back in 30 days.", "lang": "en"},
    {"id": "returns", "title": "Rücksendung", "body": "Paket zurück in 30 Tagen.", "lang": "de"},
    {"id": "invoice", "title": "Invoices", "body": "Open Billing for your invoice.", "lang": "en"},
]
QUERIES = [
    {"text": "send a parcel back", "id": "returns", "lang": "en"},
    {"text": "wo ist mein Paket, zurück damit", "id": "returns", "lang": "de"},
    {"text": "where is my invoice", "id": "invoice", "lang": "en"},
    {"text": "who won the chess game", "id": None, "lang": "en"},
]


def lines(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


async def test_measuring_gives_figures_by_language(tmp_path: Path) -> None:
    docs, queries = lines(tmp_path / "d", DOCS), lines(tmp_path / "q", QUERIES)
    figures = await evaluate(docs, queries, settings=settings(tmp_path))
    assert set(figures) == {"en", "de", "abstain_auroc"}
    assert figures["en"] == {"hit1": 1.0, "hit3": 1.0, "mrr": 1.0, "n": 2}
    assert figures["de"]["n"] == 1
    assert figures["abstain_auroc"] == 1.0


async def test_measuring_without_unanswerable_questions_has_no_auroc(tmp_path: Path) -> None:
    docs, queries = lines(tmp_path / "d", DOCS), lines(tmp_path / "q", QUERIES[:2])
    figures = await evaluate(docs, queries, settings=settings(tmp_path))
    assert figures["abstain_auroc"] is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1: there are no lines"),
        ('{"id": "a"}\n', "line 1: a document wants an id and a body"),
        ('{"id": "a", "body": "b"}\n{', ":2: not JSON"),
        ("[1]\n", "line 1: an object is wanted"),
    ],
)
async def test_a_broken_file_to_measure_with_is_named(
    tmp_path: Path, content: str, said: str
) -> None:
    docs = tmp_path / "d"
    docs.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        await evaluate(docs, lines(tmp_path / "q", QUERIES), settings=settings(tmp_path))


class Absent:
    """An index that cannot be opened at first."""

    def __init__(self) -> None:
        self.tries = 0

    def __call__(self) -> QdrantClient:
        self.tries += 1
        if self.tries == 1:
            raise OSError("away")
        return QdrantClient(":memory:")


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
async def test_a_search_does_not_hang_when_the_first_build_fails(tmp_path: Path) -> None:
    database_settings = DatabaseSettings.model_validate({"data_dir": tmp_path})
    async with open_database(database_settings) as database:
        await database.migrate()
        async with open_knowledge(
            settings(tmp_path, qdrant_url="http://127.0.0.1:1"),
            database,
            embedder=WordEmbedder(),
            connect=Absent(),
        ) as knowledge:
            with pytest.raises(KnowledgeError):
                await knowledge.searcher.search("gift card")
            await knowledge.refresh()
            assert (await knowledge.searcher.search("gift card")).verdict == "none"
