"""The receipt of a turn: why it said what it said. The shape of `GET …/turns/{seq}`.

Above: the turn. Below: `scene`, `assisted`, `plain`. Pure.
"""

from __future__ import annotations

from typing import Any

from core.engine.assisted import ModelUse
from core.engine.decision import Spent
from core.engine.plain import Draft
from core.engine.scene import Scene
from core.escalation.policy import Judgement
from core.memory.carrying import note_of
from core.memory.state import MemoryState
from core.ports import Passage
from core.specialists.checks import CHECKS
from core.specialists.tools.base import ToolRecord

_RESULT = 4000
_SPAN = 600


def make_receipt(
    scene: Scene,
    draft: Draft,
    judgement: Judgement,
    *,
    use: ModelUse | None,
    tools: list[ToolRecord],
    passages: list[Passage],
    stages: dict[str, float],
    memory: MemoryState,
) -> dict[str, Any]:
    """JSON; `stages` are milliseconds by name, their sum is `milliseconds`. Tokens and cost are
    those of the answer and of a triage that asked a model; `calls` are the answer's."""
    spent = spent_in(scene, use)
    return {
        "seen": scene.claim.seen,
        "messages": [entry.seq for entry in scene.asked.messages],
        "button": scene.asked.button,
        "triage": scene.decision.model_dump(mode="json") if scene.decision else None,
        "customer": _customer(scene),
        "path": _path(scene, use),
        "verdict": scene.verdict,
        "passages": [_passage(item) for item in (passages or _found(scene))],
        "tools": [_tool(record) for record in tools],
        "checks": _checks(use),
        "escalation": judgement.model_dump(),
        "outcome": type(draft.outcome).__name__.lower(),
        "answered": draft.answered,
        "source": draft.source,
        "model": use.model if use and use.model else None,
        "fallback": use.failed if use else None,
        "budget": use.budget if use else None,
        "degraded": degraded_of(draft, use),
        "calls": use.calls if use else 0,
        "tokens": {"in": spent.tokens_in, "out": spent.tokens_out},
        "cost": round(spent.cost, 6),
        "milliseconds": round(sum(stages.values()), 2),
        "stages": {name: round(value, 2) for name, value in stages.items()},
        "attempts": scene.claim.attempts,
        "memory": note_of(memory, scene.claim.head.level),
    }


def spent_in(scene: Scene, use: ModelUse | None) -> Spent:
    """What models used in this turn: to decide what it is about, and to answer."""
    first = scene.decision.spent if scene.decision else Spent()
    if use is None:
        return first
    return Spent(
        tokens_in=first.tokens_in + use.tokens_in, tokens_out=first.tokens_out + use.tokens_out,
        cost=first.cost + use.cost,
    )  # fmt: skip


def degraded_of(draft: Draft, use: ModelUse | None) -> dict[str, str] | None:
    """The step down that a budget made: `small_model`, `cache`, `passage` or `human`; None: the
    turn had all it wanted."""
    if use is None or (use.budget is None and use.low is None):
        return None
    if use.budget is None:
        return {"step": "small_model", "budget": use.low or ""}
    steps = {"cache": "cache", "knowledge": "passage"}
    return {"step": steps.get(draft.source, "human"), "budget": use.budget}


def _customer(scene: Scene) -> dict[str, Any] | None:
    """Which parts of what the company knows of the customer were at hand, and which were not."""
    brief = scene.customer
    if brief is None:
        return None
    return {
        "tier": brief.tier, "known": list(brief.known), "missing": list(brief.missing),
        "milliseconds": brief.milliseconds,
    }  # fmt: skip


def _path(scene: Scene, use: ModelUse | None) -> list[dict[str, Any]]:
    """The specialists of this turn in order, and how each came to it."""
    before = scene.claim.head.specialist
    hops = use.hops if use else ()
    routed = hops[0].by if hops else scene.specialist.name
    path: list[dict[str, Any]] = [{"specialist": before, "by": "active"}] if before else []
    if routed != before:
        path.append({"specialist": routed, "by": "triage"})
    path += [
        {"specialist": hop.to, "by": "handoff", "from": hop.by, "brief": hop.brief[:_SPAN]}
        for hop in hops
    ]
    return path


def _found(scene: Scene) -> list[Passage]:
    unique: dict[str, Passage] = {}
    for finding in scene.findings:
        for passage in finding.result.passages:
            unique.setdefault(passage.id, passage)
    return list(unique.values())


def _passage(passage: Passage) -> dict[str, Any]:
    return {
        "id": passage.id,
        "document": passage.document,
        "title": passage.title,
        "heading": passage.heading,
        "language": passage.language,
        "score": round(passage.score, 4),
        "similarity": round(passage.similarity, 4),
        "span": passage.span[:_SPAN],
    }


def _tool(record: ToolRecord) -> dict[str, Any]:
    return {**record.model_dump(mode="json"), "result": record.result[:_RESULT]}


def _checks(use: ModelUse | None) -> list[dict[str, Any]]:
    """The checks on a model's words; the one that failed is why the answer came without it."""
    if use is None:
        return []
    failed = (use.failed or "").removeprefix("check_")
    if use.failed and not use.failed.startswith("check_"):
        return []
    return [{"name": name, "passed": name != failed} for name in CHECKS]
