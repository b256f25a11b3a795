"""The benchmark runs, every answer is right, and its figures are sane; how fast is not judged."""

from __future__ import annotations

import os
import sys

import pytest

from tests.bench import report
from tests.bench.rounds import SMOKE, run

pytestmark = [
    pytest.mark.bench,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


def test_the_product_and_both_baselines_answer_under_load() -> None:
    before = os.sched_getaffinity(0)
    summary = run(SMOKE, lambda text: None)
    assert os.sched_getaffinity(0) == before
    for name, result in summary.items():
        for visitors, figures in result["visitors"].items():
            assert figures["turns"] > 0, (name, visitors)
            assert 0 < figures["p50_ms"] <= figures["p95_ms"] <= figures["p99_ms"]
    assert summary["echo"]["idle_kib_per_socket"] > 5
    assert {"cpu_of_stream_echo", "idle_memory_of_echo"} <= report.find_ratios(summary).keys()
    assert "turns/s" in report.format_table(summary)
