"""Who may answer what: `auto` or `draft` by intent, and what the measure of drafts suggests.

Above: `core.archive.autonomy`, the turn, `switchboard.autonomy`. Below: `measure`, TOML. Pure.

A person's word counts more than a measurement: what somebody has set is never changed without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigError, InputError
from core.learning.measure import Tally
from core.messages import Frozen
from core.toml_file import read_toml

Mode = Literal["auto", "draft"]
MODES: tuple[Mode, ...] = ("auto", "draft")
ChangeStatus = Literal["suggested", "applied", "dismissed"]
# Who makes a change that was measured; people have names.
MEASURED = "measurement"
# The rule that hands a question to people because of this, in receipts and cases.
RULE = "autonomy"
_INTENT = re.compile(r"[a-z][a-z0-9_-]{0,39}\.[a-z][a-z0-9_]{0,39}\Z")


class Autonomy(Protocol):
    """What the turn asks."""

    async def mode_of(self, intent: str) -> Mode:
        """Of `specialist.intent`, now; never raises."""
        ...


class Thresholds(BaseModel):
    """See config/autonomy.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    apply: bool = False
    days: int = Field(28, ge=1, le=366)
    pause_days: int = Field(7, ge=0, le=366)
    promote_drafts: int = Field(20, ge=1)
    promote_share: float = Field(0.85, gt=0, le=1)
    demote_drafts: int = Field(10, ge=1)
    demote_share: float = Field(0.4, ge=0, lt=1)
    demote_complaints: int = Field(5, ge=1)


class AutonomyRules(BaseModel):
    """What stands in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Mode = "auto"
    intents: dict[str, Mode] = {}
    measured: Thresholds = Thresholds.model_validate({})


class Change(Frozen):
    """One change, or the suggestion of one; `figures` are those it was judged by."""

    id: str
    intent: str
    before: Mode
    after: Mode
    status: ChangeStatus
    made_by: str
    at: datetime
    why: str = ""
    figures: dict[str, Any] = Field(default_factory=dict[str, Any])
    decided_by: str | None = None
    decided_at: datetime | None = None

    @property
    def is_by_person(self) -> bool:
        """Somebody made it, or agreed to it."""
        return self.made_by != MEASURED or self.decided_by is not None


class Judged(Frozen):
    """A change that the figures speak for."""

    intent: str
    before: Mode
    after: Mode
    why: str
    figures: dict[str, Any]


def read_autonomy(path: Path) -> AutonomyRules:
    """The rules; those of today if there is no file. Raises `ConfigError`."""
    if not path.is_file():
        return AutonomyRules()
    try:
        rules = AutonomyRules.model_validate(read_toml(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{path}: {where}: {first['msg']}") from error
    for intent in rules.intents:
        if not _INTENT.match(intent):
            raise ConfigError(f"{path}: intents: {intent!r} is not specialist.intent")
    return rules


def check_intent(intent: str) -> str:
    """Raises `InputError` for what is no intent's name."""
    if not _INTENT.match(intent):
        raise InputError("intent: specialist.intent, such as billing.refund")
    return intent


def last_applied(changes: Iterable[Change]) -> dict[str, Change]:
    """By intent, of changes in the order they were made."""
    return {change.intent: change for change in changes if change.status == "applied"}


def mode_of(intent: str, rules: AutonomyRules, applied: Mapping[str, Change]) -> Mode:
    """The last applied change, else the file, else its default."""
    change = applied.get(intent)
    return change.after if change else rules.intents.get(intent, rules.default)


def judge_intents(
    rules: AutonomyRules, changes: Sequence[Change], tallies: Mapping[str, Tally],
    complaints: Mapping[str, int], now: datetime,
) -> list[Judged]:  # fmt: skip
    """What the figures speak for now, by intent; nothing that waits for an answer already, was
    dismissed, or was changed, within the pause."""
    applied, limits = last_applied(changes), rules.measured
    since = now - timedelta(days=limits.pause_days)
    resting = {
        change.intent for change in changes
        if change.status == "suggested" or _moment(change) > since
    }  # fmt: skip
    found: list[Judged] = []
    for intent in sorted({*tallies, *complaints} - resting):
        if not _INTENT.match(intent):
            continue
        mode = mode_of(intent, rules, applied)
        tally, angry = tallies.get(intent, Tally()), complaints.get(intent, 0)
        judged = _judge(limits, mode, tally, angry)
        if judged is not None:
            after, why = judged
            figures = {**tally.show(), "complaints": angry}
            found.append(Judged(intent=intent, before=mode, after=after, why=why, figures=figures))
    return found


def may_apply(judged: Judged, rules: AutonomyRules, changes: Iterable[Change]) -> bool:
    """True if nobody has to be asked: the file says so, and no person has set this intent."""
    if judged.intent in rules.intents:
        return False
    last = last_applied(changes).get(judged.intent)
    return rules.measured.apply and (last is None or not last.is_by_person)


def _moment(change: Change) -> datetime:
    return change.decided_at or change.at


def _judge(
    limits: Thresholds, mode: Mode, tally: Tally, complaints: int
) -> tuple[Mode, str] | None:
    if mode == "draft":
        good = tally.n >= limits.promote_drafts and tally.share >= limits.promote_share
        if good and complaints < limits.demote_complaints:
            return "auto", f"{tally.used} of {tally.n} drafts were used as they were"
        return None
    if complaints >= limits.demote_complaints:
        return "draft", f"{complaints} complaints about its answers"
    if tally.n >= limits.demote_drafts and tally.share < limits.demote_share:
        return "draft", f"only {tally.used} of {tally.n} drafts were used as they were"
    return None
