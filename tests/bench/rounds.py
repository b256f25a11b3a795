"""The plan of a benchmark: every target in turn, round after round, then the medians.

Above: `__main__`, the smoke test. Below: `load`, `targets`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import uvloop

from tests.bench.load import Measured, measure_idle, measure_turns
from tests.bench.targets import TARGETS, Target, start


@dataclass(frozen=True)
class Plan:
    """How much is measured. `seconds` a window, after `warm_up`; `idle` sockets."""

    visitors: tuple[int, ...] = (1, 20, 200)
    rounds: int = 3
    seconds: float = 4.0
    warm_up: float = 1.0
    idle: int = 1_000
    realtime: bool = False
    targets: tuple[Target, ...] = TARGETS


SMOKE = Plan(visitors=(1, 20), rounds=1, seconds=1.0, warm_up=0.3, idle=100)


@dataclass
class Result:
    """What one target did in all rounds."""

    turns: dict[int, list[Measured]] = field(default_factory=dict[int, list[Measured]])
    idle_kib: list[float] = field(default_factory=list[float])

    def summary(self) -> dict[str, Any]:
        """Medians of the rounds: `{"visitors": {N: {…}}, "idle_kib_per_socket": …}`."""
        return {
            "visitors": {
                str(visitors): {
                    "turns_per_second": round(median(m.rate for m in measured), 1),
                    "p50_ms": round(median(m.percentile(0.50) for m in measured), 3),
                    "p95_ms": round(median(m.percentile(0.95) for m in measured), 3),
                    "p99_ms": round(median(m.percentile(0.99) for m in measured), 3),
                    "cpu_ms_per_turn": round(median(m.cpu_ms for m in measured), 4),
                    "turns": sum(m.turns for m in measured),
                }
                for visitors, measured in self.turns.items()
            },
            "idle_kib_per_socket": round(median(self.idle_kib), 1) if self.idle_kib else None,
        }


def run(plan: Plan, say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Measure; gives the summary of each target by its name."""
    results = {target.name: Result() for target in plan.targets}
    for number in range(plan.rounds):
        for target in plan.targets:
            say(f"round {number + 1} of {plan.rounds}: {target.name}")
            _measure(plan, target, results[target.name])
    return {name: result.summary() for name, result in results.items()}


def _measure(plan: Plan, target: Target, result: Result) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        with start(target) as running:
            for visitors in plan.visitors:
                if plan.realtime:
                    running.tree.hurry(on=True)
                work = measure_turns(
                    target, running, visitors=visitors, seconds=plan.seconds, warm_up=plan.warm_up
                )
                result.turns.setdefault(visitors, []).append(loop.run(work))
                if plan.realtime:
                    running.tree.hurry(on=False)
        if plan.idle:  # on a fresh server: memory that was used before is not given back
            with start(target) as running:
                idle = measure_idle(target, running, sockets=plan.idle)
                result.idle_kib.append(loop.run(idle))
