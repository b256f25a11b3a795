"""The report: ratios, aims and the table, from figures made up here."""

from __future__ import annotations

from typing import Any

from tests.bench.report import find_aims, find_ratios, format_table


def target(rate: float, p50: float, cpu: float, idle: float) -> dict[str, Any]:
    figures = {
        "turns_per_second": rate, "p50_ms": p50, "p95_ms": p50 * 2, "p99_ms": p50 * 3,
        "cpu_ms_per_turn": cpu, "turns": 100,
    }  # fmt: skip
    return {"visitors": {"1": figures, "20": figures}, "idle_kib_per_socket": idle}


SUMMARY = {
    "switchboard": target(1000, 2.0, 1.0, 36),
    "stream-echo": target(2000, 1.0, 0.5, 32),
    "echo": target(8000, 0.2, 0.1, 30),
}


def test_ratios_are_to_the_baseline_they_name() -> None:
    assert find_ratios(SUMMARY) == {
        "turns_per_second_of_stream_echo": 0.5,
        "turns_per_second_of_echo": 0.125,
        "cpu_of_stream_echo": 2.0,
        "cpu_of_echo": 10.0,
        "idle_memory_of_echo": 1.2,
    }


def test_an_aim_says_whether_it_is_met() -> None:
    met = {what: met for what, _, _, met in find_aims(SUMMARY)}
    assert len(met) == 4
    assert all(met.values())
    slow = SUMMARY | {"switchboard": target(100, 9.0, 5.0, 90)}
    assert not any(met for *_, met in find_aims(slow))


def test_without_the_baselines_there_are_no_ratios() -> None:
    assert find_ratios({"switchboard": SUMMARY["switchboard"]}) == {}


def test_the_table_has_a_row_for_each_target_and_number_of_visitors() -> None:
    lines = format_table(SUMMARY).splitlines()
    assert (
        sum(line.lstrip().startswith(("switchboard", "stream-echo", "echo")) for line in lines) == 6
    )
    assert "aim turns/s at 20 visitors: 1000.00 (>= 900): met" in lines
