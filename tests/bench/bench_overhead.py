"""`python -m tests.bench.bench_overhead`: what the engine adds to a direct call of a model.

Above: docs/performance.md. Below: the engine with the shipped specialists, knowledge and model of
embeddings, and a scripted model server in a process of its own. Direct calls and turns alternate in
one run, so that both see the same machine. Afterwards 200 conversations stream at once.
"""

from __future__ import annotations

import switchboard  # isort: skip  # noqa: F401  # pyright: ignore[reportUnusedImport] -- one thread

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from openai import AsyncOpenAI

from core.archive.database import open_database
from core.archive.settings import DatabaseSettings
from core.engine.open import Engine, EngineFiles, open_engine
from core.engine.settings import EngineSettings
from core.engine.steps import MemorySteps
from core.runtime import spawn
from core.specialists.settings import ModelSettings, ProviderSettings
from kb.open import open_knowledge
from kb.settings import KnowledgeSettings
from tests.bench.bench_embed import ROOT
from tests.bench.model_process import ANSWER, model_process
from tests.fakes.claims import Talk
from tests.fakes.visitor import Visitor
from tests.flows.gateway_process import FIRST_START_SECONDS, GatewayProcess

AT_ONCE = 200
_ASKED = (
    "Where can I see what order {n} is doing now?",
    "My parcel {n} was due on Monday, where is it?",
    "How do I change the address of order {n}?",
    "The app shows error {n} when I sign in, what can I do?",
)


class FirstPiece:
    """A delta sink that notes when the first piece came."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.first: float | None = None
        self.text = ""

    async def send(self, text: str) -> None:
        """See `DeltaSink`."""
        if self.first is None:
            self.first = (time.perf_counter() - self.began) * 1000
        self.text += text

    def reset(self) -> None:
        """See `DeltaSink`."""
        self.text = ""


@asynccontextmanager
async def open_real(url: str) -> AsyncGenerator[Engine]:
    """The engine as shipped, on a fresh folder, with this model server."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = await stack.enter_async_context(
            open_database(DatabaseSettings.model_validate({"data_dir": folder}))
        )
        await database.migrate()
        config = ROOT / "config"
        knowledge = await stack.enter_async_context(
            open_knowledge(
                KnowledgeSettings.model_validate({"exemplars_dir": config / "exemplars"}), database
            )
        )
        await knowledge.ingest([config / "knowledge"])
        provider = ProviderSettings(name="bench", base_url=url, model="bench")
        engine = await stack.enter_async_context(
            open_engine(
                EngineSettings(), ModelSettings(providers=(provider,)),
                EngineFiles(config, folder),
                embedder=knowledge.embedder, knowledge=knowledge.searcher,
            )
        )  # fmt: skip
        yield engine


async def call_directly(client: AsyncOpenAI, text: str) -> tuple[float, float]:
    """Milliseconds to the first piece and to the end."""
    began, first = time.perf_counter(), 0.0
    stream = await client.chat.completions.create(
        model="bench", stream=True, messages=[{"role": "user", "content": text}]
    )
    async for chunk in stream:
        if not first and chunk.choices and chunk.choices[0].delta.content:
            first = (time.perf_counter() - began) * 1000
    return first, (time.perf_counter() - began) * 1000


async def take_turn(engine: Engine, text: str) -> tuple[float, float, dict[str, Any]]:
    """The same through a whole turn; with its receipt. The answer must be the model's."""
    sink = FirstPiece()
    commit = await engine.turn.run(Talk().customer(text).claim(), sink, MemorySteps())
    took = (time.perf_counter() - sink.began) * 1000
    receipt = commit.receipt or {}
    assert sink.first is not None and commit.entries[0].text == ANSWER, receipt
    return sink.first, took, receipt


async def measure_one_by_one(engine: Engine, url: str, count: int) -> dict[str, Any]:
    """A direct call and a turn, again and again; every text is new."""
    direct: list[float] = []
    turns: list[float] = []
    stages: list[dict[str, float]] = []
    async with AsyncOpenAI(api_key="none", base_url=url, max_retries=0) as client:
        for number in range(count + 3):
            text = _ASKED[number % len(_ASKED)].format(n=1000 + number)
            one, _ = await call_directly(client, text)
            two, _, receipt = await take_turn(engine, text)
            if number >= 3:  # the first ones open connections
                direct.append(one)
                turns.append(two)
                stages.append(receipt["stages"])
    added = [two - one for one, two in zip(direct, turns, strict=True)]
    names = ("triage", "search")
    return {
        "direct": _spread(direct),
        "turn": _spread(turns),
        "added": _spread(added),
        **{name: _spread([item[name] for item in stages]) for name in names},
    }


async def measure_together(engine: Engine, url: str, many: int) -> dict[str, Any]:
    """`many` conversations at once, directly and through turns."""
    async with AsyncOpenAI(api_key="none", base_url=url, max_retries=0) as client:
        began = time.perf_counter()
        calls = [spawn(call_directly(client, "Hi"), name="direct") for _ in range(many)]
        direct = [first for first, _ in await asyncio.gather(*calls)]
        direct_seconds = time.perf_counter() - began
    lag = spawn(_watch_loop(), name="lag")
    began = time.perf_counter()
    turns = [
        spawn(take_turn(engine, _ASKED[n % 4].format(n=5000 + n)), name="turn") for n in range(many)
    ]
    firsts = [first for first, _, _ in await asyncio.gather(*turns)]
    seconds = time.perf_counter() - began
    lag.cancel()
    return {
        "conversations": many,
        "answered": len(firsts),
        "direct first piece": _spread(direct),
        "turn first piece": _spread(firsts),
        "direct seconds": round(direct_seconds, 2),
        "turn seconds": round(seconds, 2),
        "longest block of the event loop ms": round(max(_LAGS, default=0.0), 1),
    }


_LAGS: list[float] = []


async def _watch_loop() -> None:
    _LAGS.clear()
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        _LAGS.append((time.perf_counter() - before - 0.005) * 1000)


async def measure_gateway(url: str, count: int) -> dict[str, Any]:
    """Pairs of a direct call and a question through the socket of a running gateway."""
    direct: list[float] = []
    asked: list[float] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sb")))
        gateway = GatewayProcess(folder / "data", OPENAI_BASE_URL=url).start()
        stack.callback(gateway.close)
        await gateway.ready(FIRST_START_SECONDS)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client = await stack.enter_async_context(
            AsyncOpenAI(api_key="none", base_url=url, max_retries=0)
        )
        visitor = await Visitor.open(session, gateway.note["url"])
        for number in range(count + 3):
            text = _ASKED[number % len(_ASKED)].format(n=20_000 + number)
            if number % 10 == 9:
                await visitor.close()
                visitor = await Visitor.open(session, gateway.note["url"])
            one, _ = await call_directly(client, text)
            await visitor.ask(text)
            assert visitor.deltas and visitor.entry["text"] == ANSWER, visitor.entry
            if number >= 3:
                direct.append(one)
                asked.append(visitor.first_ms)
        await gateway.stop()
    added = [two - one for one, two in zip(direct, asked, strict=True)]
    return {"direct": _spread(direct), "socket": _spread(asked), "added": _spread(added)}


async def measure(count: int, many: int) -> dict[str, Any]:
    """Everything."""
    figures: dict[str, Any] = {}
    with model_process(0.0) as fast, model_process(0.05) as paced:
        figures["through a gateway"] = await measure_gateway(fast, count)
        async with open_real(fast) as engine:
            figures["one by one"] = await measure_one_by_one(engine, fast, count)
        async with open_real(paced) as engine:
            figures["at once"] = await measure_together(engine, paced, many)
    return figures


def _spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=20) if len(values) > 1 else values * 19
    return {"p50_ms": round(statistics.median(values), 2), "p95_ms": round(cuts[18], 2)}


def main() -> None:
    """Measure, print, write."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_overhead")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--count", type=int, default=200, help="pairs of calls (200)")
    parser.add_argument("--many", type=int, default=AT_ONCE, help="conversations at once (200)")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.count, options.many))
    for part, rows in figures.items():
        sys.stdout.write(f"{part}\n")
        for name, value in rows.items():
            sys.stdout.write(f"  {name:36s} {value}\n")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
