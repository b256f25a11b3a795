"""When a human takes over, or is offered: pure, from signals to a verdict with its reason.

Above: the turn. Below: nothing. Rules are data (`config/escalation.toml`).

Three verdicts. `escalate`: now, without asking. `offer`: once in a conversation, the customer
chooses. `continue`: the specialist goes on. An explicit wish always wins.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigError
from core.messages import Frozen

Verdict = Literal["escalate", "offer", "continue"]
_BAD_MOODS = frozenset({"frustrated", "angry"})


class ReasonRule(BaseModel):
    """What a reason leads to when one of its phrases is said."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    verdict: Literal["now", "offer"] = "now"
    priority: Literal["low", "medium", "high", "urgent"] = "medium"


class EscalationRules(BaseModel):
    """Thresholds of the policy, the reasons, and the phrases that fire one by themselves
    (`phrases[reason][language]`)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    frustration_turns: int = Field(
        default=2, ge=1, description="Bad moods in a row after which a human is offered."
    )
    unanswered_turns: int = Field(
        default=3,
        ge=1,
        description="Turns in a row without an answer after which a human takes over.",
    )
    reasons: dict[str, ReasonRule] = {}
    phrases: dict[str, dict[str, tuple[str, ...]]] = {}

    @cached_property
    def _patterns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """One pattern for each reason, over all its phrases, whole words only."""
        found: list[tuple[str, re.Pattern[str]]] = []
        for reason, languages in self.phrases.items():
            words = sorted({fold(text) for texts in languages.values() for text in texts})
            if words:
                either = "|".join(re.escape(word) for word in words)
                found.append((reason, re.compile(rf"(?<!\w)(?:{either})(?!\w)")))
        return tuple(found)

    def find_phrase(self, text: str) -> Said | None:
        """The first reason (in the order of the file) that a phrase in `text` fires."""
        folded = fold(text)
        for reason, pattern in self._patterns:
            if (match := pattern.search(folded)) is not None:
                return Said(reason=reason, words=match[0])
        return None

    def priority(self, reason: str) -> str | None:
        """The priority of a reason, if it has one."""
        rule = self.reasons.get(reason)
        return rule.priority if rule else None


class Said(Frozen):
    """A phrase that fires a reason, as it was found (without case and accents)."""

    reason: str
    words: str


class Signals(Frozen):
    """What the turn knows. `wish` names how a human was asked for, if one was (`explicit_wish`,
    `human_button`, `accepted_offer`); `possible_wish` says that it may have been. `quote` is the
    customer's sentence it was read from."""

    wish: str | None = None
    possible_wish: bool = False
    said: Said | None = None
    quote: str = ""
    answered: bool = True
    unanswered: int = 0
    moods: tuple[str, ...] = ()
    offered: bool = False


class Judgement(Frozen):
    """The verdict with its reason code, the rule that fired and the words it fired on."""

    verdict: Verdict
    reason: str = ""
    rule: str = ""
    span: str = ""


def judge(signals: Signals, rules: EscalationRules) -> Judgement:
    """The verdict of the first rule that fires."""
    if signals.wish is not None:
        return Judgement(
            verdict="escalate", reason="request", rule=signals.wish, span=signals.quote
        )
    said = signals.said
    if said is not None and _verdict_on(said, rules) == "escalate":
        return Judgement(verdict="escalate", reason=said.reason, rule="phrase", span=said.words)
    if not signals.answered and signals.unanswered + 1 >= rules.unanswered_turns:
        return Judgement(verdict="escalate", reason="no_progress", rule="unanswered_turns")
    if signals.offered:
        return Judgement(verdict="continue")
    if said is not None:
        return Judgement(verdict="offer", reason=said.reason, rule="phrase", span=said.words)
    if signals.possible_wish:
        return Judgement(
            verdict="offer", reason="request", rule="possible_wish", span=signals.quote
        )
    recent = signals.moods[-rules.frustration_turns :]
    if len(recent) == rules.frustration_turns and _BAD_MOODS.issuperset(recent):
        return Judgement(verdict="offer", reason="frustration", rule="frustration_turns")
    if not signals.answered:
        return Judgement(verdict="offer", reason="cannot_know", rule="no_passage")
    return Judgement(verdict="continue")


def fold(text: str) -> str:
    """Without case, accents and double spaces: what people type in a hurry looks alike."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).split())


def read_rules(path: Path) -> EscalationRules:
    """Rules from a TOML file: `[policy]`, `[reasons.…]`, `[phrases.…]`; defaults for the rest.
    Raises `ConfigError` that names the field."""
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    known = {name: data[name] for name in ("reasons", "phrases") if name in data}
    try:
        return EscalationRules.model_validate({**data.get("policy", {}), **known})
    except ValidationError as error:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"]]
        where = where if where[0] in known else ["policy", *where]
        raise ConfigError(f"{path}: {'.'.join(where)}: {first['msg']}") from error


def _verdict_on(said: Said, rules: EscalationRules) -> Verdict:
    rule = rules.reasons.get(said.reason, ReasonRule())
    return "escalate" if rule.verdict == "now" else "offer"
