"""The embedding benchmark runs, and a remembered text is cheaper than a new one."""

from __future__ import annotations

import pytest

from tests.bench.bench_embed import measure


@pytest.mark.bench
@pytest.mark.timeout(900)
async def test_the_embedding_benchmark_runs() -> None:
    figures = await measure(20)
    embedding = figures["embedding"]
    assert embedding["remembered"]["p50_ms"] < embedding["one by one"]["p50_ms"]
    assert figures["search"]["passages"] > 100
