"""The benchmark of the engine's overhead runs, and every answer in it is the model's."""

from __future__ import annotations

import pytest

from tests.bench.bench_overhead import measure


@pytest.mark.bench
@pytest.mark.timeout(900)
async def test_the_overhead_benchmark_runs() -> None:
    figures = await measure(10, 20)
    assert figures["at once"]["answered"] == 20
    for level in ("one by one", "through a gateway"):
        assert figures[level]["direct"]["p50_ms"] > 0
        assert 0 < figures[level]["added"]["p50_ms"] < 500, "far off, even on a busy machine"
