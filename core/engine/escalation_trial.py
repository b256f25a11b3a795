"""How well the gateway knows when a person must take over: `switchboard eval escalation`.

Above: the command line, tests. Below: `triage`, `trail`, `core.escalation`. Without a model or a
knowledge base; deterministic. A line is judged as its last message would be, with all before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.engine.decision import TriageDecision
from core.engine.trail import Question, Trail, details_of, mark_of
from core.engine.triage import Triage
from core.errors import InputError
from core.escalation.hearing import REQUEST, is_lookalike
from core.escalation.policy import Judgement, Signals, judge
from core.escalation.rules import EscalationRules
from core.json_lines import faults_of, read_json_lines
from core.text import clean_text

Expected = Literal["none", "offer", "now"]
_VERDICTS: dict[str, Expected] = {"continue": "none", "offer": "offer", "escalate": "now"}
_STRENGTH: dict[Expected, int] = {"none": 0, "offer": 1, "now": 2}
_CUSTOMERS = frozenset({"customer", "user", "visitor", "client", "human"})


class Turn(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    role: str = "customer"
    text: str = Field(alias="content")


class EscalationCase(BaseModel):
    """One line of a test file: `text`, or `turns` (texts of the customer, or objects with role and
    text), and what should become of it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    lang: str = ""
    escalate: Expected
    reason: str | None = None
    turns: tuple[Turn, ...]

    @model_validator(mode="before")
    @classmethod
    def _read_turns(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        fields: dict[str, Any] = {**data}
        text = fields.pop("text", None)
        turns: Any = fields.get("turns") or ([text] if isinstance(text, str) else None)
        if not isinstance(turns, list) or not turns:
            raise ValueError("needs a text, or turns")
        items = cast("list[Any]", turns)
        fields["turns"] = [{"text": turn} if isinstance(turn, str) else turn for turn in items]
        return fields


class Found(BaseModel):
    """What the policy made of a case."""

    model_config = ConfigDict(frozen=True)

    verdict: Expected
    reason: str = ""
    rule: str = ""
    span: str = ""


async def evaluate_escalation(path: Path, triage: Triage, rules: EscalationRules) -> dict[str, Any]:
    """Shares from 0 to 1 for "now"; `false_alarms` counts the lines that expect nothing and got
    "now", `reason_accuracy` is over the lines that expect "now" and got it."""
    cases = read_cases(path)
    found = [await judge_case(case, triage, rules) for case in cases]
    pairs = list(zip(cases, found, strict=True))
    languages = sorted({case.lang for case in cases})
    return {
        **_figures(pairs),
        "by_language": {
            tag: _figures([pair for pair in pairs if pair[0].lang == tag]) for tag in languages
        },
        "n": len(cases),
    }


async def judge_case(case: EscalationCase, triage: Triage, rules: EscalationRules) -> Found:
    """The strongest verdict of the conversation; what was asked for and then withdrawn with a
    friendly word counts no more."""
    trail, moods, answers = Trail(), (), Counter[str]()
    language, found = None, Found(verdict="none")
    for turn in case.turns:
        text = clean_text(turn.text).strip()
        if turn.role.casefold() not in _CUSTOMERS:
            answers[mark_of(text)] += 1
            continue
        decision = await triage.decide(text, last_language=language)
        language, moods = decision.language, (*moods, decision.sentiment)
        question = _question(text, decision)
        signals = Signals(
            wish="explicit_wish" if _is_wish(text, decision, rules) else None,
            said=rules.hear(text),
            alarm=decision.alarm,
            quote=text,
            moods=moods,
            repeats=trail.repeats(question),
            same_answers=max(answers.values(), default=0) if question else 0,
        )
        now = _found(judge(signals, rules))
        is_over = _is_friendly(decision) and now.verdict == "none"
        as_strong = _STRENGTH[now.verdict] >= _STRENGTH[found.verdict]
        found = now if as_strong or is_over else found
        trail = trail.after(question, "")
    return found


def read_cases(path: Path) -> list[EscalationCase]:
    """The lines of a JSONL file. Raises `InputError` with the line of the first fault."""
    cases: list[EscalationCase] = []
    for number, fields in read_json_lines(path):
        try:
            cases.append(EscalationCase.model_validate(fields))
        except ValidationError as error:
            raise InputError(f"{path}:{number}: not a test case: {faults_of(error)}") from error
    if not cases:
        raise InputError(f"{path}: no test cases")
    return cases


def _is_wish(text: str, decision: TriageDecision, rules: EscalationRules) -> bool:
    said = rules.hear(text)
    return decision.kind == "human_wish" and not is_lookalike(said, decision.alarm)


def _question(text: str, decision: TriageDecision) -> Question | None:
    if decision.kind == "smalltalk":
        return None
    intent = f"{decision.specialist}/{decision.intent}" if decision.kind == "question" else ""
    return Question(sketch=decision.sketch, intent=intent, details=details_of(text))


def _is_friendly(decision: TriageDecision) -> bool:
    return decision.kind == "smalltalk" or decision.sentiment == "positive"


def _found(judgement: Judgement) -> Found:
    return Found(
        verdict=_VERDICTS[judgement.verdict],
        reason=judgement.reason,
        rule=judgement.rule,
        span=judgement.span,
    )


def _figures(pairs: Sequence[tuple[EscalationCase, Found]]) -> dict[str, Any]:
    called = [pair for pair in pairs if pair[1].verdict == "now"]
    due = [pair for pair in pairs if pair[0].escalate == "now"]
    hits = [pair for pair in called if pair[0].escalate == "now"]
    wishes = [found for case, found in due if case.reason == REQUEST]
    named = [pair for pair in hits if pair[0].reason]
    precision, recall = _share(len(hits), len(called)), _share(len(hits), len(due))
    return {
        "precision": precision,
        "recall": recall,
        "f1": _share(2 * len(hits), len(called) + len(due)),
        "explicit_recall": _share(sum(found.verdict == "now" for found in wishes), len(wishes)),
        "false_alarms": sum(case.escalate == "none" for case, _ in called),
        "reason_accuracy": _share(
            sum(case.reason == found.reason for case, found in named), len(named)
        ),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
