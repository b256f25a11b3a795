"""How well triage routes messages it has not learned from: `switchboard eval routing`.

Above: the command line, tests. Below: `triage`. Without a model; deterministic.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from core.engine.triage import Triage, TriageDecision
from core.errors import InputError
from core.messages import Frozen
from core.ports import Embedder


class RoutingCase(Frozen):
    """One line of a test file: `agent` is the specialist, or a kind (`smalltalk`, `human_wish`,
    `out_of_scope`) when no specialist should answer."""

    text: str
    lang: str
    agent: str
    intents: tuple[str, ...] = ()
    priority: str | None = None
    sentiment: str | None = None


async def evaluate_routing(path: Path, triage: Triage, embedder: Embedder) -> dict[str, Any]:
    """Shares from 0 to 1 and milliseconds of one message, embedding included."""
    cases = read_cases(path)
    names = set(triage.specialists)
    decisions: list[TriageDecision] = []
    times: list[float] = []
    for case in cases:
        began = time.perf_counter()
        (vector,) = await embedder.embed([case.text])
        decisions.append(triage.judge(case.text, vector))
        times.append((time.perf_counter() - began) * 1000)
    pairs = list(zip(cases, decisions, strict=True))
    languages = sorted({case.lang for case in cases})
    return {
        "accuracy": _share(_is_routed(case, found, names) for case, found in pairs),
        "by_language": {
            language: _share(_is_routed(c, d, names) for c, d in pairs if c.lang == language)
            for language in languages
        },
        "kept": _share(d.kind == "question" for c, d in pairs if c.agent in names),
        "sentiment_accuracy": _share(
            d.sentiment == c.sentiment for c, d in pairs if c.sentiment is not None
        ),
        "priority_accuracy": _share(
            d.priority == c.priority for c, d in pairs if c.priority is not None
        ),
        "language_accuracy": _share(d.language == c.lang for c, d in pairs),
        "p50_ms": _quantile(times, 0.5),
        "p95_ms": _quantile(times, 0.95),
        "n": len(cases),
    }


def read_cases(path: Path) -> list[RoutingCase]:
    """The lines of a JSONL file. Raises `InputError` with the line of the first fault."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    cases: list[RoutingCase] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            known = {key: fields[key] for key in RoutingCase.model_fields if key in fields}
            cases.append(RoutingCase.model_validate(known))
        except (ValueError, TypeError, ValidationError) as error:
            raise InputError(f"{path}:{number}: not a test case: {error}") from error
    if not cases:
        raise InputError(f"{path}: no test cases")
    return cases


def _is_routed(case: RoutingCase, decision: TriageDecision, names: set[str]) -> bool:
    found = decision.specialist if case.agent in names else decision.kind
    return found == case.agent


def _share(hits: Iterable[bool]) -> float | None:
    found = list(hits)
    return round(sum(found) / len(found), 4) if found else None


def _quantile(times: Sequence[float], share: float) -> float:
    return round(float(np.quantile(np.array(times), share)), 2)
