"""By when a ticket's first reply and its end are due, and when its clocks rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.escalation.desk_rules import DeskRules, TicketReplyMinutes
from core.escalation.hours import Hours
from core.escalation.rules import EscalationRules
from core.tickets.clocks import clocks_of
from core.tickets.records import Pause, Ticket

MONDAY = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
RULES = EscalationRules()


def ticket(**fields: Any) -> Ticket:
    given: dict[str, Any] = {
        "created_at": MONDAY,
        "updated_at": MONDAY,
        "priority": "high",
    } | fields
    return Ticket(number="T-1", conversation="", subject="x", **given)


def state(one: Ticket, minutes: float, rules: EscalationRules = RULES) -> tuple[str, str]:
    now = MONDAY + timedelta(minutes=minutes)
    shown = clocks_of(one, rules, now).public(now)
    return shown["first_reply"]["state"], shown["resolution"]["state"]


def test_both_clocks_run_out_by_priority() -> None:
    assert state(ticket(), 10) == ("runs", "runs")
    assert state(ticket(), 50) == ("soon", "runs")
    assert state(ticket(), 60) == ("broken", "runs")
    assert state(ticket(), 480) == ("broken", "broken")
    assert state(ticket(priority="urgent"), 240)[1] == "broken"
    assert state(ticket(priority="low"), 479) == ("soon", "runs")


def test_a_reply_and_an_end_in_time_are_met_and_late_ones_missed() -> None:
    replied = ticket(first_reply_at=MONDAY + timedelta(minutes=59))
    assert state(replied, 1_000)[0] == "met"
    done = ticket(state="resolved", resolved_at=MONDAY + timedelta(minutes=481))
    assert state(done, 481) == ("broken", "missed")


def test_while_it_waits_for_the_customer_its_clock_rests() -> None:
    since = MONDAY + timedelta(minutes=100)
    waiting = ticket(state="pending", pauses=(Pause(since=since),))
    assert state(waiting, 5_000)[1] == "paused"
    back = ticket(pauses=(Pause(since=since, until=since + timedelta(minutes=300)),))
    assert state(back, 779)[1] == "soon"
    assert state(back, 780)[1] == "broken"


def test_the_time_after_its_end_does_not_count_once_it_is_open_again() -> None:
    done, again = MONDAY + timedelta(minutes=400), MONDAY + timedelta(days=20)
    reopened = ticket(pauses=(Pause(since=done, until=again),))
    assert clocks_of(reopened, RULES, again).resolution.due == again + timedelta(minutes=80)


@pytest.mark.parametrize("waited", [0, 300])
def test_what_was_resolved_in_time_stays_so_however_long_ago(waited: int) -> None:
    done = MONDAY + timedelta(minutes=470 + waited)
    pauses = (Pause(since=MONDAY + timedelta(minutes=170)),) if waited else (Pause(since=done),)
    resolved = ticket(state="resolved", resolved_at=done, pauses=pauses)
    assert state(resolved, 90_000)[1] == "met"


def test_clocks_count_the_hours_of_the_desk_and_can_be_turned_off() -> None:
    hours = Hours(monday="08:00-10:00", tuesday="08:00-18:00")
    desk = DeskRules(ticket_reply_minutes=TicketReplyMinutes(low=0))
    rules = EscalationRules(hours=hours, desk=desk)
    due = clocks_of(ticket(), rules, MONDAY).resolution.due
    assert due == MONDAY.replace(day=5, hour=15)
    assert state(ticket(priority="low"), 9_000, rules)[0] == "none"
