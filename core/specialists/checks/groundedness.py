"""How well support tells answers that are borne out by their source: `switchboard eval grounding`.

Above: the command line, tests. Below: `grounding`. Reads the TSV of the BEGIN benchmark (columns
`knowledge`, `response`, `begin_label`; no quoting). What is merely generic states nothing of its
source and counts as not attributable; the figure without such rows stands beside.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.messages import Frozen
from core.specialists.checks.grounding import support

# Best F1 on the development part (Wizard of Wikipedia and CMU-DoG).
ATTRIBUTABLE = 0.65
_FULLY = "fully attributable"
_GENERIC = "generic"


class Judged(Frozen):
    """One response, its label in small letters, and the support that was measured."""

    label: str
    score: float

    @property
    def is_borne_out(self) -> bool:
        """As the human judged."""
        return self.label == _FULLY


def evaluate_grounding(path: Path) -> dict[str, Any]:
    """AUROC over all rows and without generic ones, F1 at the fixed cut, number of rows."""
    rows = judge(path)
    firm = [row for row in rows if row.label != _GENERIC]
    return {
        "auroc": _auroc(rows),
        "auroc_without_generic": _auroc(firm),
        "f1": _f1(rows),
        "cut": ATTRIBUTABLE,
        "n": len(rows),
    }


def judge(path: Path) -> list[Judged]:
    """The support of every response in the file. Raises `InputError`."""
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        wanted = {"knowledge", "response", "begin_label"}
        if missing := wanted - set(reader.fieldnames or ()):
            raise InputError(f"{path}:1: columns are missing: {', '.join(sorted(missing))}")
        return [
            Judged(
                label=row["begin_label"].strip().lower(),
                score=support(row["response"] or "", row["knowledge"] or ""),
            )
            for row in reader
        ]


def _auroc(rows: Sequence[Judged]) -> float | None:
    """The share of pairs in which the one that is borne out has more support; ties are halves."""
    good = sorted(row.score for row in rows if row.is_borne_out)
    bad = sorted(row.score for row in rows if not row.is_borne_out)
    if not good or not bad:
        return None
    wins = below = level = 0.0
    for score in good:
        while below < len(bad) and bad[int(below)] < score:
            below += 1
        level = below
        while level < len(bad) and bad[int(level)] == score:
            level += 1
        wins += below + (level - below) / 2
    return round(wins / (len(good) * len(bad)), 4)


def _f1(rows: Sequence[Judged]) -> float:
    hits = sum(row.is_borne_out and row.score >= ATTRIBUTABLE for row in rows)
    found = sum(row.score >= ATTRIBUTABLE for row in rows)
    true = sum(row.is_borne_out for row in rows)
    return round(2 * hits / (found + true), 4) if found + true else 0.0
