"""The receipt of a turn: why it said what it said. The shape of `GET …/turns/{seq}`.

Above: the turn. Below: `scene`, `assisted`, `plain`. Pure.
"""

from __future__ import annotations

from typing import Any

from core.engine.assisted import ModelUse
from core.engine.plain import Draft
from core.engine.scene import Scene
from core.escalation.policy import Judgement
from core.ports import Passage
from core.specialists.tools import ToolRecord

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
) -> dict[str, Any]:
    """JSON; `stages` are milliseconds by name, their sum is `milliseconds`."""
    return {
        "seen": scene.claim.seen,
        "messages": [entry.seq for entry in scene.asked.messages],
        "button": scene.asked.button,
        "triage": scene.decision.model_dump(mode="json") if scene.decision else None,
        "path": _path(scene),
        "verdict": scene.verdict,
        "passages": [_passage(item) for item in (passages or _found(scene))],
        "tools": [_tool(record) for record in tools],
        "checks": _checks(use),
        "escalation": judgement.model_dump(),
        "outcome": type(draft.outcome).__name__.lower(),
        "source": draft.source,
        "model": use.model if use and use.model else None,
        "fallback": use.failed if use else None,
        "tokens": {"in": use.tokens_in if use else 0, "out": use.tokens_out if use else 0},
        "cost": round(use.cost, 6) if use else 0.0,
        "milliseconds": round(sum(stages.values()), 2),
        "stages": {name: round(value, 2) for name, value in stages.items()},
        "attempts": scene.claim.attempts,
    }


def _path(scene: Scene) -> list[dict[str, Any]]:
    before = scene.claim.head.specialist
    path = [{"specialist": before, "by": "active"}] if before else []
    if scene.specialist.name != before:
        path.append({"specialist": scene.specialist.name, "by": "triage"})
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
    names = ("numbers", "links", "language", "garbage", "empty", "length")
    failed = (use.failed or "").removeprefix("check_")
    if use.failed and not use.failed.startswith("check_"):
        return []
    return [{"name": name, "passed": name != failed} for name in names]
