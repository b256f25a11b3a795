"""When a human takes over, or is offered: pure, from signals to a verdict with its reason.

Above: the turn. Below: nothing. Rules are data (`config/escalation.toml`).

Three verdicts. `escalate`: now, without asking. `offer`: once in a conversation, the customer
chooses. `continue`: the specialist goes on. An explicit wish always wins.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigError
from core.messages import Frozen

Verdict = Literal["escalate", "offer", "continue"]
_BAD_MOODS = frozenset({"frustrated", "angry"})


class EscalationRules(BaseModel):
    """Thresholds of the policy."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    frustration_turns: int = Field(
        default=2, ge=1, description="Bad moods in a row after which a human is offered."
    )
    unanswered_turns: int = Field(
        default=3,
        ge=1,
        description="Turns in a row without an answer after which a human takes over.",
    )


class Signals(Frozen):
    """What the turn knows. `wish` names how a human was asked for, if one was (`explicit_wish`,
    `human_button`, `accepted_offer`); `quote` is the customer's sentence it was read from."""

    wish: str | None = None
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
    if not signals.answered and signals.unanswered + 1 >= rules.unanswered_turns:
        return Judgement(verdict="escalate", reason="no_progress", rule="unanswered_turns")
    if signals.offered:
        return Judgement(verdict="continue")
    recent = signals.moods[-rules.frustration_turns :]
    if len(recent) == rules.frustration_turns and _BAD_MOODS.issuperset(recent):
        return Judgement(verdict="offer", reason="frustration", rule="frustration_turns")
    if not signals.answered:
        return Judgement(verdict="offer", reason="cannot_know", rule="no_passage")
    return Judgement(verdict="continue")


def read_rules(path: Path) -> EscalationRules:
    """Rules from `[policy]` of a TOML file, defaults for the rest. Raises `ConfigError`."""
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return EscalationRules.model_validate(data.get("policy", {}))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["policy", *(str(part) for part in first["loc"])])
        raise ConfigError(f"{path}: {where}: {first['msg']}") from error
