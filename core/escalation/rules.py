"""The rules of escalation as data: thresholds, reasons, phrases, hours, the desk's clocks.

Above: `policy`, the turn, the case keeper, `doctor`. Below: `phrasebook`, `hours`, `desk_rules`,
TOML.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import ConfigError
from core.escalation.desk_rules import DeskRules
from core.escalation.hours import Hours
from core.escalation.phrasebook import PhraseBook, Said, check_words, compile_book
from core.escalation.toml_lines import line_of
from core.toml_file import parse_toml, read_text

_TABLES = ("reasons", "phrases", "words", "lookalikes", "negations", "hours", "desk")

Lists = dict[str, dict[str, tuple[str, ...]]]


class ReasonRule(BaseModel):
    """What a reason leads to when it is heard; the priority it gives, and how soon the desk
    promises to write."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    verdict: Literal["now", "offer"] = "now"
    priority: Literal["low", "medium", "high", "urgent"] = "medium"
    first_reply_minutes: int = Field(default=30, ge=1)


class EscalationRules(BaseModel):
    """Thresholds of the policy, the reasons, and the phrases that fire one by themselves
    (`phrases[reason][language]`)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    frustration_turns: int = Field(
        default=2, ge=1, description="Bad moods in a row after which a human is offered."
    )
    frustration_turns_now: int = Field(
        default=3, ge=2, description="Bad moods in a row after which a human takes over."
    )
    unanswered_turns: int = Field(
        default=3,
        ge=1,
        description="Turns in a row without an answer after which a human takes over.",
    )
    repeated_turns: int = Field(
        default=3, ge=2, description="The same question or answer so many times: a human takes over"
    )
    failed_identifications: int = Field(default=2, ge=1)
    failed_tools: int = Field(default=2, ge=1, description="Failed calls in a turn; then an offer.")
    outage_conversations: int = Field(default=5, ge=2)
    outage_minutes: int = Field(default=15, ge=1)
    queue_is_long: int = Field(default=10, ge=1)
    ear_with_phrase: float = Field(
        default=0.08, ge=0, le=1, description="How sure the ear must be when a phrase says so too."
    )
    wish_with_phrase: float = Field(
        default=0.02, ge=0, le=1, description="The same for a wish for a human."
    )
    wish_alone: float = Field(
        default=0.85, ge=0, le=1, description="How sure of a wish the ear must be by itself."
    )
    ear_for_offer: float = Field(
        default=0.5, ge=0, le=1, description="How sure the ear must be to have a human offered."
    )
    vip_tiers: tuple[str, ...] = ()
    tier_priority: dict[str, Literal["low", "medium", "high", "urgent"]] = {}
    reasons: dict[str, ReasonRule] = {}
    phrases: Lists = {}
    words: Lists = {}
    lookalikes: Lists = {}
    negations: Lists = {}
    hours: Hours = Hours()
    desk: DeskRules = DeskRules()

    @model_validator(mode="after")
    def _phrases_can_be_read(self) -> Self:
        try:
            check_words((self.phrases, self.lookalikes, self.negations), self.words)
        except KeyError as error:
            raise ValueError(f"a phrase names words that there are not: {error}") from error
        return self

    @cached_property
    def book(self) -> PhraseBook:
        """The phrases, compiled when they are first needed."""
        return compile_book(self.phrases, self.words, self.lookalikes, self.negations)

    def hear(self, text: str) -> tuple[Said, ...]:
        """What is said of the reasons in `text`, denials among it."""
        return self.book.hear(text)

    def find_phrase(self, text: str) -> Said | None:
        """The first reason (in the order of the file) that a phrase in `text` fires."""
        return next((said for said in self.hear(text) if not said.denied), None)

    def verdict(self, reason: str) -> Literal["now", "offer"]:
        """What hearing the reason leads to."""
        return self.reasons.get(reason, ReasonRule()).verdict

    def priority(self, reason: str) -> str | None:
        """The priority of a reason, if it has one."""
        rule = self.reasons.get(reason)
        return rule.priority if rule else None


def read_rules(path: Path) -> EscalationRules:
    """Rules from a TOML file: `[policy]`, `[reasons.…]`, `[phrases.…]`, `[desk]` and so on;
    defaults for the rest. Raises `ConfigError` that names the line and the field."""
    return _rules_in(path, read_text(path))


@lru_cache(maxsize=1)  # asked for by several parts of a gateway; what is compiled of it is shared
def _rules_in(path: Path, text: str) -> EscalationRules:
    data = parse_toml(path, text)
    known = {name: data[name] for name in _TABLES if name in data}
    try:
        return EscalationRules.model_validate({**data.get("policy", {}), **known})
    except ValidationError as error:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"]] or ["phrases"]
        where = where if where[0] in known else ["policy", *where]
        line = line_of(text, where)
        place = f"{path}:{line}" if line else str(path)
        raise ConfigError(f"{place}: {'.'.join(where)}: {first['msg']}") from error
