"""`python -m tests.bench`: what a turn costs, beside two baselines, in one run.

Above: `make bench`. Below: `rounds`, `report`. docs/performance.md says how to read it.
`python -m tests.bench archive` measures the pages of a large archive instead.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
from dataclasses import replace
from pathlib import Path

from tests.bench import report
from tests.bench.processes import cores
from tests.bench.rounds import SMOKE, Plan, run
from tests.bench.targets import TARGETS


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = _parse()
    plan = SMOKE if options.smoke else Plan()
    names = options.only.split(",") if options.only else [target.name for target in TARGETS]
    plan = replace(
        plan,
        rounds=options.rounds or plan.rounds,
        seconds=options.seconds or plan.seconds,
        visitors=tuple(int(n) for n in options.visitors.split(",")) if options.visitors
        else plan.visitors,
        realtime=options.realtime,
        idle=plan.idle if options.idle is None else options.idle,
        targets=tuple(target for target in TARGETS if target.name in names),
    )  # fmt: skip
    prepare()
    summary = run(plan, _say)
    sys.stdout.write(report.format_table(summary) + "\n")
    if options.json:
        whole = {
            "targets": summary,
            "ratios": report.find_ratios(summary),
            "rounds": plan.rounds,
            "seconds": plan.seconds,
        }
        options.json.write_text(json.dumps(whole, indent=2) + "\n", "utf-8")


def prepare() -> None:
    """The load has a core of its own, and as many open files as it may."""
    os.sched_setaffinity(0, {cores()[1]})
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--smoke", action="store_true", help="one short round: does it run?")
    parser.add_argument("--rounds", type=int, help="rounds (3)")
    parser.add_argument("--seconds", type=float, help="seconds a window (4)")
    parser.add_argument("--visitors", help="numbers of visitors (1,20,200)")
    parser.add_argument("--idle", type=int, help="idle sockets (1000); 0: leave that out")
    parser.add_argument(
        "--realtime", action="store_true", help="measure a busy machine as a quiet one (as root)"
    )
    parser.add_argument("--only", help="targets (switchboard,stream-echo,echo)")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["archive"]:
        from tests.bench.archive import main as measure_archive

        measure_archive(sys.argv[2:])
    else:
        main()
