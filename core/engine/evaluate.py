"""How well triage routes messages it has not learned from: `switchboard eval routing`.

Above: the command line, tests. Below: `triage`. Without a model; deterministic.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from pydantic import ValidationError

from core.engine.decision import TriageDecision
from core.engine.triage import Triage
from core.errors import InputError
from core.json_lines import faults_of, read_json_lines
from core.messages import Frozen


class RoutingCase(Frozen):
    """One line of a test file: `agent` is the specialist, or a kind (`smalltalk`, `human_wish`,
    `out_of_scope`) when no specialist should answer; `intents` are intents or specialists, all that
    the message asks for."""

    text: str
    lang: str
    agent: str
    intents: tuple[str, ...] = ()
    priority: str | None = None
    sentiment: str | None = None


async def evaluate_routing(path: Path, triage: Triage) -> dict[str, Any]:
    """Shares from 0 to 1 and milliseconds of one message, embedding included.

    `intents_recall` is over messages with several, `intents_invented` the share of the others in
    which several were seen.
    """
    cases = read_cases(path)
    names = set(triage.specialists)
    decisions: list[TriageDecision] = []
    times: list[float] = []
    for case in cases:
        began = time.perf_counter()
        decisions.append(await triage.decide(case.text))
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
        "intents_recall": _share(
            _has_intent(d, name) for c, d in pairs if len(c.intents) > 1 for name in c.intents
        ),
        "intents_invented": _share(
            len(d.intents) > 1 for c, d in pairs if len(c.intents) < 2 and c.agent in names
        ),
        "language_accuracy": _share(d.language == c.lang for c, d in pairs),
        "p50_ms": _quantile(times, 0.5),
        "p95_ms": _quantile(times, 0.95),
        "n": len(cases),
    }


def read_cases(path: Path) -> list[RoutingCase]:
    """The lines of a JSONL file. Raises `InputError` with the line of the first fault."""
    cases: list[RoutingCase] = []
    for number, fields in read_json_lines(path):
        if not isinstance(fields, dict):
            raise InputError(f"{path}:{number}: not a test case: must be an object")
        given = cast("dict[str, Any]", fields)
        known = {key: given[key] for key in RoutingCase.model_fields if key in given}
        try:
            cases.append(RoutingCase.model_validate(known))
        except ValidationError as error:
            raise InputError(f"{path}:{number}: not a test case: {faults_of(error)}") from error
    if not cases:
        raise InputError(f"{path}: no test cases")
    return cases


def _is_routed(case: RoutingCase, decision: TriageDecision, names: set[str]) -> bool:
    found = decision.specialist if case.agent in names else decision.kind
    return found == case.agent


def _has_intent(decision: TriageDecision, name: str) -> bool:
    """Whether something that is asked for goes by this name: of an intent or of a specialist."""
    return any(name in (found.intent, found.specialist) for found in decision.intents)


def _share(hits: Iterable[bool]) -> float | None:
    found = list(hits)
    return round(sum(found) / len(found), 4) if found else None


def _quantile(times: Sequence[float], share: float) -> float:
    return round(float(np.quantile(np.array(times), share)), 2)
