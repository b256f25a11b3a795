"""`python -m tests.bench archive`: lists, search and statistics of a large archive, through HTTP.

Above: `make bench`, docs/performance.md. Below: `archive_fill`, a gateway in a process of its own.
Every kind of page is asked for many times, each time with other filters, words and spans; pages
deep in a list are reached by their cursors.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.archive_fill import DAYS, fill
from tests.flows.gateway_process import FIRST_START_SECONDS, GatewayProcess

BAR_MS = 200.0
CALLS = 120
_PAGE = 50
# Common words, rare ones, parts of words, two at once; with and without marks, in five languages.
_WORDS = (
    "the", "order", "refund policy", "objednavka", "objednávka", "vratit penize", "заказ",
    "возврат", "Bestellung", "rucksendung", "Rücksendung", "pedido", "devolucion", "zzz",
    "coffee grinder", "kun", "versand lieferung", "доставка", "account",
)  # fmt: skip
_FILTERS: tuple[dict[str, str], ...] = (
    {}, {"status": "open"}, {"status": "closed"}, {"owner": "human"}, {"channel": "email"},
    {"specialist": "billing"}, {"status": "open", "channel": "rest", "specialist": "sales"},
)  # fmt: skip
Query = dict[str, str]


def main(arguments: list[str]) -> None:
    """Fill, serve, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench archive", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000, help="entries (1000000)")
    parser.add_argument("--calls", type=int, default=CALLS, help="calls of each kind (120)")
    parser.add_argument("--data", type=Path, help="keep the archive here, or use it again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument(
        "--realtime", action="store_true", help="measure a busy machine as a quiet one (as root)"
    )
    options = parser.parse_args(arguments)
    if options.realtime:  # the gateway, which is started from here, inherits it
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        data = options.data or Path(folder) / "data"
        data.mkdir(parents=True, exist_ok=True)
        figures = asyncio.run(measure(data, options.entries, options.calls))
    for name, row in figures["pages"].items():
        sys.stdout.write(f"{name:28s} {row}\n")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    if any(row["p95_ms"] > BAR_MS for row in figures["pages"].values()):
        sys.exit(f"a page takes longer than {BAR_MS:.0f} ms")


async def measure(data: Path, entries: int, calls: int) -> dict[str, Any]:
    """The figures of each kind of page."""
    figures: dict[str, Any] = {"entries": entries}
    if not (data / "switchboard.db").exists():
        began = time.perf_counter()
        figures["filled"] = str(await fill(data, entries))
        figures["fill_seconds"] = round(time.perf_counter() - began, 1)
    chance = random.Random(3)
    async with _gateway(data) as ask:
        figures["pages"] = {
            name: await _time(ask, path, [make(chance) for _ in range(calls)])
            for name, (path, make) in _kinds().items()
        }
        figures["pages"]["conversations, deep pages"] = await _walk(ask, calls)
    return figures


@asynccontextmanager
async def _gateway(data: Path) -> AsyncGenerator[Callable[..., Any]]:
    gateway = GatewayProcess(data, SWITCHBOARD_ENGINE__TURN="echo").start()
    try:
        await gateway.ready(FIRST_START_SECONDS)
        headers = {"Authorization": f"Bearer {gateway.note['admin_token']}"}
        async with aiohttp.ClientSession(gateway.note["url"], headers=headers) as session:

            async def ask(path: str, query: Query) -> Any:
                async with session.get(f"/api/v1{path}", params=query) as response:
                    body = await response.json()
                    assert response.status == 200, body
                    return body

            yield ask
        await gateway.stop()
    finally:
        gateway.close()


def _kinds() -> dict[str, tuple[str, Callable[[random.Random], Query]]]:
    """What is asked for, and how each time."""
    limit = {"limit": str(_PAGE)}
    return {
        "conversations, filtered": (
            "/conversations", lambda chance: limit | chance.choice(_FILTERS),
        ),
        "conversations, search": (
            "/conversations",
            lambda chance: limit | {"q": chance.choice(_WORDS)} | chance.choice(_FILTERS[:4]),
        ),
        "conversations, one number": (
            "/conversations", lambda chance: {"q": f"{chance.randrange(60_000):07d}"},
        ),
        "stats, any span": ("/stats", _span),
        "stats, everything": ("/stats", lambda _: {"from": _day(DAYS + 1), "to": _day(-1)}),
        "tickets": (
            "/tickets",
            lambda chance: chance.choice(
                ({}, {"status": "open"}, {"priority": "urgent"}, {"q": "Order 0000012"})
            ),
        ),
    }  # fmt: skip


def _span(chance: random.Random) -> Query:
    first = chance.random() * DAYS
    return {"from": _day(first), "to": _day(first * chance.random())}


def _day(ago: float) -> str:
    return (datetime.now(UTC) - timedelta(days=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _time(ask: Callable[..., Any], path: str, queries: list[Query]) -> dict[str, Any]:
    took: list[tuple[float, str]] = []
    for query in queries:
        began = time.perf_counter()
        await ask(path, query)
        took.append(((time.perf_counter() - began) * 1000, json.dumps(query, ensure_ascii=False)))
    return _spread(took)


async def _walk(ask: Callable[..., Any], calls: int) -> dict[str, Any]:
    """Page after page, as deep as the calls go."""
    took: list[tuple[float, str]] = []
    query = {"limit": "200"}
    for number in range(calls):
        began = time.perf_counter()
        page = await ask("/conversations", query)
        took.append(((time.perf_counter() - began) * 1000, f"page {number}"))
        if not page.get("next"):
            break
        query = {"limit": "200", "cursor": page["next"]}
    return _spread(took)


def _spread(took: list[tuple[float, str]]) -> dict[str, Any]:
    ordered = sorted(took)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))][0], 1)

    return {
        "calls": len(ordered), "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99),
        "slowest": ordered[-1][1],
    }  # fmt: skip
