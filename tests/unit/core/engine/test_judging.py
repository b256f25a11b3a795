"""What the house knows beside a conversation, and what the policy makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.conversation import Head
from core.customers.records import Customer, Subject
from core.engine.casework import waiting_phrase
from core.engine.judging import Judge
from core.engine.plain import Draft
from core.engine.signals import sounds_of_outage
from core.errors import BusUnavailable, CustomerSystemError
from core.escalation.alarm import Alarm
from core.escalation.hours import Hours
from core.escalation.policy import Signals
from core.escalation.rules import EscalationRules
from core.outcome import Escalate, Reply
from tests.fakes.casework import PHRASES
from tests.fakes.claims import CONVERSATION, NOW

RULES = EscalationRules(queue_is_long=10, vip_tiers=("gold",), outage_conversations=5)
KNOWN = Head(id=CONVERSATION, created_at=NOW, updated_at=NOW, contact="anna", level=1)
FRIDAY = datetime(2026, 7, 3, 12, 0, tzinfo=UTC)


class Desk:
    """A desk as busy as a test wants it."""

    def __init__(self, waiting: int = 0, people: int | None = None, outages: int = 0) -> None:
        self._figures = (waiting, people, outages)
        self.away = False
        self.asked = 0

    def _ask(self, place: int) -> Any:
        self.asked += 1
        if self.away:
            raise BusUnavailable("the store is away")
        return self._figures[place]

    async def waiting(self) -> int:
        return self._ask(0)

    async def on_duty(self) -> int | None:
        return self._ask(1)

    async def outages(self, *, minutes: float, but: str) -> int:
        assert (minutes, but) == (15, CONVERSATION)
        return self._ask(2)


class Company:
    """Knows the tier of one customer."""

    def __init__(self, tier: str | None) -> None:
        self._tier = tier
        self.asked = 0

    async def customer(self, subject: Subject) -> Customer | None:
        self.asked += 1
        if self._tier == "away":
            raise CustomerSystemError("the system is away")
        return Customer(id="c1", name="Anna", tier=self._tier)


def judge_of(*, desk: Desk | None = None, tier: str | None = None, **rules: Any) -> Judge:
    company = cast("Any", Company(tier))
    return Judge(
        RULES.model_copy(update=rules), PHRASES, cast("Any", None), desk=desk, customers=company
    )


async def said(desk: Desk | None, hours: Hours | None = None) -> str:
    """What a hand-over says."""
    outcome = Escalate(text="Handed over.", reason="request", rule="", span="")
    claim = SimpleNamespace(entries=(SimpleNamespace(at=FRIDAY),))
    scene = cast("Any", SimpleNamespace(claim=claim, language="en"))
    judge = judge_of(desk=desk, hours=hours or Hours())
    draft = await judge.with_wait(scene, Draft(outcome, True, "phrases"))
    return cast("Escalate", draft.outcome).text


SOON = PHRASES.say("human_soon", "en")


async def test_soon_is_said_while_people_are_there_and_the_queue_is_short() -> None:
    assert await said(Desk(waiting=3, people=2)) == f"Handed over. {SOON}"
    assert await said(Desk(waiting=3, people=None)) == f"Handed over. {SOON}"


async def test_soon_is_never_said_when_nobody_is_there_or_many_wait_or_nothing_is_known() -> None:
    assert await said(Desk(waiting=10, people=2)) == "Handed over."
    assert await said(Desk(waiting=0, people=0)) == "Handed over."
    assert await said(None) == "Handed over."
    desk = Desk()
    desk.away = True
    assert await said(desk) == "Handed over."


async def test_outside_the_hours_the_hand_over_says_so_however_short_the_queue() -> None:
    closed = Hours(monday="08:00-09:00")
    assert PHRASES.say("after_hours", "en") in await said(Desk(people=3), closed)
    assert waiting_phrase(RULES.model_copy(update={"hours": closed}), FRIDAY, 0) == "after_hours"


async def test_an_answer_says_nothing_of_waiting_and_asks_nobody() -> None:
    desk = Desk()
    draft = Draft(Reply(text="Here."), True, "knowledge")
    assert await judge_of(desk=desk).with_wait(cast("Any", None), draft) is draft
    assert desk.asked == 0


@pytest.mark.parametrize(
    ("tier", "verdict"),
    [("gold", "escalate"), ("Gold", "escalate"), ("basic", "offer"), (None, "offer"),
     ("away", "offer")],
)  # fmt: skip
async def test_an_offer_to_an_important_customer_is_a_hand_over(
    tier: str | None, verdict: str
) -> None:
    found = await judge_of(tier=tier).weigh(KNOWN, Signals(answered=False))
    assert found.verdict == verdict


async def test_who_nobody_knows_for_sure_has_no_tier() -> None:
    claimed = KNOWN.model_copy(update={"level": 0})
    assert (await judge_of(tier="gold").weigh(claimed, Signals(answered=False))).verdict == "offer"


async def test_the_customer_is_not_looked_up_where_it_changes_nothing() -> None:
    judge = judge_of(tier="gold")
    assert (await judge.weigh(KNOWN, Signals())).verdict == "continue"
    assert cast("Any", judge)._customers.asked == 0


def scene_with(alarm: Alarm | None) -> Any:
    look = SimpleNamespace(decision=SimpleNamespace(alarm=alarm))
    return SimpleNamespace(looks=(look,))


def test_only_what_sounds_of_an_outage_counts_with_those_of_others() -> None:
    alarm = Alarm(reason="outage", now=0.3, shares={"outage": 0.2})
    assert sounds_of_outage(scene_with(alarm), RULES)
    other = Alarm(reason="legal", now=0.9, shares={"legal": 0.9, "outage": 0.01})
    assert not sounds_of_outage(scene_with(other), RULES)
    assert not sounds_of_outage(scene_with(None), RULES)
