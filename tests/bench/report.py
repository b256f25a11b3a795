"""The figures as a table, as ratios to the baselines, and against our aims.

Above: `__main__`. Below: nothing.
"""

from __future__ import annotations

from typing import Any

Summary = dict[str, dict[str, Any]]
COLUMNS = ("turns_per_second", "p50_ms", "p95_ms", "p99_ms", "cpu_ms_per_turn")
HEADS = ("target", "visitors", "turns/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms/turn")


def find_ratios(summary: Summary) -> dict[str, float]:
    """The product beside its baselines, at twenty visitors (or the most that were measured)."""
    ours, stream, bare = (summary.get(n) for n in ("switchboard", "stream-echo", "echo"))
    if not (ours and stream and bare):
        return {}
    at = "20" if "20" in ours["visitors"] else max(ours["visitors"], key=int)
    here, there, plain = (each["visitors"][at] for each in (ours, stream, bare))
    ratios = {
        "turns_per_second_of_stream_echo": here["turns_per_second"] / there["turns_per_second"],
        "turns_per_second_of_echo": here["turns_per_second"] / plain["turns_per_second"],
        "cpu_of_stream_echo": here["cpu_ms_per_turn"] / there["cpu_ms_per_turn"],
        "cpu_of_echo": here["cpu_ms_per_turn"] / plain["cpu_ms_per_turn"],
    }
    if ours["idle_kib_per_socket"] and bare["idle_kib_per_socket"]:
        ratios["idle_memory_of_echo"] = ours["idle_kib_per_socket"] / bare["idle_kib_per_socket"]
    return {name: round(value, 3) for name, value in ratios.items()}


def find_aims(summary: Summary) -> list[tuple[str, float, str, bool]]:
    """Each aim: what, the figure, the bar, whether it is met. Those not measured are left out."""
    ours, ratios = summary["switchboard"]["visitors"], find_ratios(summary)
    aims: list[tuple[str, float, str, bool]] = []
    if "20" in ours:
        rate = ours["20"]["turns_per_second"]
        aims.append(("turns/s at 20 visitors", rate, ">= 900", rate >= 900))
    if "1" in ours:
        p50 = ours["1"]["p50_ms"]
        aims.append(("p50 ms at one visitor", p50, "<= 5", p50 <= 5))
    for name, what, bar in (
        ("cpu_of_stream_echo", "CPU of a turn / stream-echo's", 2.2),
        ("idle_memory_of_echo", "memory of an idle socket / echo's", 1.3),
    ):
        if name in ratios:
            aims.append((what, ratios[name], f"<= {bar}", ratios[name] <= bar))
    return aims


def format_table(summary: Summary) -> str:
    """Everything, for people."""
    rows: list[tuple[str, ...]] = [HEADS]
    for name, result in summary.items():
        for visitors, figures in result["visitors"].items():
            rows.append((name, visitors, *(f"{figures[column]:.2f}" for column in COLUMNS)))
    lines = _align(rows)
    for name, result in summary.items():
        if result["idle_kib_per_socket"] is not None:
            lines.append(f"idle socket, {name}: {result['idle_kib_per_socket']:.1f} KiB")
    lines += [f"ratio {name}: {value:.2f}" for name, value in find_ratios(summary).items()]
    for what, value, bar, met in find_aims(summary):
        lines.append(f"aim {what}: {value:.2f} ({bar}): {'met' if met else 'MISSED'}")
    return "\n".join(lines)


def _align(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in rows]  # fmt: skip
