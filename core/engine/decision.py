"""What triage decides: one typed record, with its evidence.

Above: `triage`, `second_opinion`, the turn, receipts. Below: pydantic. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from core.escalation.alarm import Alarm
from core.messages import Frozen

Kind = Literal["question", "smalltalk", "human_wish", "out_of_scope"]
Source = Literal["embedding", "llm"]

PRIORITIES = ("low", "medium", "high", "urgent")
# A part of a message counts as a matter of its own from here on.
_PART_SCORE = 0.6
_PART_SCOPE = 0.3


class Near(Frozen):
    """An example sentence close to the message."""

    text: str
    label: str
    similarity: float


class IntentFound(Frozen):
    """One of several things that a message asks for, and the words it was read from."""

    intent: str
    specialist: str
    score: float
    text: str


class Spent(Frozen):
    """What a language model used to decide; money in the currency of the prices."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


class TriageDecision(Frozen):
    """`score` is the calibrated probability of `specialist` (or of the kind, when it is not a
    question), `margin` its distance to the next, `scope` minus `scope_cut` tells how far inside
    the scope the message is; `wish` is the probability that a human is asked for; `evidence` are
    the nearest examples, or what a language model quoted; `intents` names everything that is asked
    for, in the order of the message, and is empty when nothing is; `alarm` is what the message
    sounds like of the reasons to call a person, `sketch` tells how alike two messages are, `spent`
    is part of what the turn costs."""

    kind: Kind
    specialist: str
    intent: str
    priority: str
    sentiment: str
    language: str
    score: float
    margin: float
    scope: float
    scope_cut: float
    wish: float = 0.0
    evidence: tuple[Near, ...]
    intents: tuple[IntentFound, ...] = ()
    source: Source = "embedding"
    switched: bool = False
    alarm: Alarm | None = None
    sketch: str = Field(default="", exclude=True, repr=False)
    spent: Spent = Field(default=Spent(), exclude=True, repr=False)


def with_intents(
    whole: TriageDecision, parts: Sequence[tuple[str, TriageDecision]]
) -> TriageDecision:
    """The decision with everything that the parts of the message ask for, each thing once.

    A part counts when triage is sure of it. Two parts for one specialist are mostly one matter told
    in two clauses, unless both are questions. When the parts ask for less than two things, the
    message as a whole says best what it asks for; else the first of them leads.
    """
    whole = whole.model_copy(update={"alarm": _loudest(whole, [part for _, part in parts])})
    found: list[IntentFound] = []
    for clause, part in parts:
        if part.kind != "question" or part.score < _PART_SCORE:
            continue
        if part.scope < part.scope_cut + _PART_SCOPE:
            continue
        one = IntentFound(
            intent=part.intent, specialist=part.specialist, score=part.score, text=clause
        )
        if all(_is_other(one, other) for other in found):
            found.append(one)
    if len(found) < 2 or whole.kind != "question":
        return whole
    first = found[0]
    return whole.model_copy(
        update={
            "intents": tuple(found),
            "specialist": first.specialist,
            "intent": first.intent,
            "score": first.score,
        }
    )


def raised_for_tier(
    decision: TriageDecision, tier: str | None, least: Mapping[str, str]
) -> TriageDecision:
    """The decision with the least priority of the customer's tier, and a line that says why."""
    wanted = least.get((tier or "").casefold())
    if wanted is None or PRIORITIES.index(wanted) <= PRIORITIES.index(decision.priority):
        return decision
    why = Near(text=f"customer tier: {tier}", label=f"priority/{wanted}", similarity=1.0)
    return decision.model_copy(update={"priority": wanted, "evidence": (*decision.evidence, why)})


def _loudest(whole: TriageDecision, parts: Sequence[TriageDecision]) -> Alarm | None:
    """The alarm of the part that sounds most like one: it is easily drowned in a long message."""
    alarms = [item.alarm for item in (whole, *parts) if item.alarm is not None]
    return max(alarms, key=lambda alarm: alarm.now, default=None)


def _is_other(one: IntentFound, other: IntentFound) -> bool:
    if one.specialist != other.specialist:
        return True
    both_ask = one.text.endswith("?") and other.text.endswith("?")
    return both_ask and one.intent != other.intent
