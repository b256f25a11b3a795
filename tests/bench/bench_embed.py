"""`python -m tests.bench.bench_embed`: what embedding and search cost, and what each part saves.

Above: `make bench`, docs/knowledge.md. Below: the bundled model on one thread, the sample knowledge
in a database of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import structlog

from core.archive.database import open_database
from core.archive.settings import DatabaseSettings
from core.runtime import spawn
from kb.embed.local import LocalEmbedder
from kb.embed.open import open_embedder
from kb.open import open_knowledge
from kb.settings import EmbeddingSettings, KnowledgeSettings

ROOT = Path(__file__).resolve().parent.parent.parent
ASKED = (
    "the parcel {n} was due on Monday and still has not arrived, where is it",
    "balíček {n} měl dorazit v pondělí a pořád tu není, kde je",
    "посылка {n} должна была прийти в понедельник, где она сейчас",
    "das Paket {n} sollte am Montag kommen und ist noch nicht da, wo ist es",
    "el paquete {n} tenía que llegar el lunes y todavía no está, dónde está",
)


def questions(count: int, *, start: int = 0) -> list[str]:
    """Different questions of about twelve words in five languages."""
    return [ASKED[n % len(ASKED)].format(n=start + n) for n in range(count)]


async def timed(work: Callable[[str], Awaitable[object]], texts: Sequence[str]) -> dict[str, float]:
    """One after the other: milliseconds."""
    spent: list[float] = []
    for text in texts:
        started = time.perf_counter()
        await work(text)
        spent.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(spent, n=20) if len(spent) > 1 else spent * 19
    return {"p50_ms": round(statistics.median(spent), 2), "p95_ms": round(cuts[18], 2)}


async def together(
    work: Callable[[str], Awaitable[object]], texts: Sequence[str], visitors: int
) -> dict[str, float]:
    """Visitors who each ask the next question as soon as theirs is answered."""
    rest = iter(texts)

    async def visit() -> None:
        for text in rest:
            await work(text)

    started = time.perf_counter()
    await asyncio.gather(*(spawn(visit(), name="visitor") for _ in range(visitors)))
    return {"per_second": round(len(texts) / (time.perf_counter() - started), 1)}


async def measure_embedding(count: int) -> dict[str, Any]:
    """The model alone, what waits together, what is remembered."""
    settings = EmbeddingSettings.model_validate({"cache_texts": 10_000})
    started = time.perf_counter()
    async with open_embedder(settings) as embedder:
        assert isinstance(embedder, LocalEmbedder)
        figures: dict[str, Any] = {"load_seconds": round(time.perf_counter() - started, 2)}

        async def embed(text: str) -> object:
            return await embedder.embed([text])

        fresh = questions(count)
        figures["one by one"] = await timed(embed, fresh)
        figures["remembered"] = await timed(embed, fresh)
        figures["20 at once"] = await together(embed, questions(count, start=10_000), 20)
        same = [text for text in questions(count // 10 or 1, start=20_000) for _ in range(10)]
        figures["20 at once, each question by ten"] = await together(embed, same, 20)
        passage = "Orders placed before noon leave the warehouse on the same day. " * 8
        figures["passage of 500 characters"] = await timed(
            embed, [f"{n} {passage}" for n in range(max(2, count // 10))]
        )
    return figures


async def measure_search(count: int) -> dict[str, Any]:
    """Search in the sample knowledge, with a vector that is there and with embedding."""
    with tempfile.TemporaryDirectory() as folder:
        settings = DatabaseSettings.model_validate({"data_dir": Path(folder)})
        knowledge_settings = KnowledgeSettings.model_validate(
            {"exemplars_dir": ROOT / "config/exemplars"}
        )
        async with open_database(settings) as database:
            await database.migrate()
            async with open_knowledge(knowledge_settings, database) as knowledge:
                await knowledge.ingest([ROOT / "config/knowledge"])
                (vector,) = await knowledge.embedder.embed([ASKED[0]])

                async def find(text: str) -> object:
                    return await knowledge.searcher.search(text, vector=vector)

                async def embed_and_find(text: str) -> object:
                    return await knowledge.searcher.search(text)

                return {
                    "passages": (await knowledge.status())["passages"],
                    "search with a vector": await timed(find, questions(count)),
                    "embed and search": await timed(embed_and_find, questions(count, start=30_000)),
                }


async def measure(count: int) -> dict[str, Any]:
    """Everything, with the memory of this process at the end."""
    embedding = await measure_embedding(count)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    search = await measure_search(count)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "embedding": embedding | {"rss_mb": memory},
        "search": search | {"rss_mb": after},
    }


def main() -> None:
    """Measure, print, write."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_embed", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--count", type=int, default=200, help="questions (200)")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.count))
    for part, rows in figures.items():
        sys.stdout.write(f"{part}\n")
        for name, value in rows.items():
            shown = value if not isinstance(value, dict) else _show(value)
            sys.stdout.write(f"  {name:36s} {shown}\n")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def _show(value: dict[str, float]) -> str:
    return "  ".join(f"{name} {number}" for name, number in value.items())


if __name__ == "__main__":
    main()
