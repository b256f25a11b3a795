"""What is due about a case now, and when next: reminders, the ladder, returns, closings. Pure.

Above: the keeper. Below: `presence` (what customers are told), `clocks`, `promised`, `standing`.
Times of people are counted within the desk's hours. What rests is left alone until it is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.escalation.acts import Act, Around, Due, Line, Plan, is_done
from core.escalation.clocks import Clock, clocks_of, priority_of
from core.escalation.folding import PRIORITIES
from core.escalation.presence import answers_to, tellings
from core.escalation.promised import due_of, named_due
from core.escalation.rules import EscalationRules
from core.escalation.standing import Standing
from core.returning import make_return

IDLE = "idle"
QUIET = "quiet"
_SOON, _BROKEN, _LEAD, _RAISE = range(4)
_STEPS = 10  # more than there are on a ladder: part of the number of a step
_DAY = timedelta(days=1)
_NAMES = {"first_reply": "The first reply", "resolution": "The resolution"}


def plan(standing: Standing, rules: EscalationRules, around: Around) -> Plan:
    """The acts that are due now, in order, and when the next one will be."""
    if standing.opened_at is None or standing.is_closed:
        return Plan()
    acts: list[Act] = []
    later: list[datetime] = []
    for due in _duties(standing, rules, around):
        if due.at > around.now:
            later.append(due.at)
        elif not is_done(standing, due):
            acts += due.acts
    return Plan(acts=tuple(acts), next=min(later, default=None))


def _duties(standing: Standing, rules: EscalationRules, around: Around) -> Iterator[Due]:
    yield from _promises(standing, rules)
    if standing.owner != "human":
        return
    yield from answers_to(standing, around)
    if standing.snoozed_until is not None:
        yield _snooze_over(standing, standing.snoozed_until)
        if standing.is_snoozed(around.now):
            return
    clocks = clocks_of(standing, rules)
    if standing.waiting_since is not None:
        yield from _ladder("first_reply", clocks.first_reply, standing, rules, around.now)
    yield from _ladder("resolution", clocks.resolution, standing, rules, around.now)
    yield from _idle(standing, rules)
    yield from _quiet(standing, rules)
    yield from tellings(standing, rules, around)


def _ladder(
    name: str, clock: Clock, standing: Standing, rules: EscalationRules, now: datetime
) -> Iterator[Due]:
    """Before the clock runs out, when it broke, and twice more. Whoever comes late is told of the
    highest step only."""
    if clock.due is None or clock.soon_at is None or clock.met_at is not None:
        return
    times = [clock.soon_at, clock.due]
    for step in range(1, 3 if rules.desk.raise_priority else 2):
        at = rules.hours.add(clock.due, step * rules.desk.ladder_minutes)
        times += [at] if at is not None else []
    number = standing.handed_seq * _STEPS if name == "first_reply" else 0
    reached = [step for step, at in enumerate(times) if at <= now]
    for step in [reached[-1]] if reached else []:
        is_behind = any(f"{name}:{number + done}" in standing.done for done in range(step, _STEPS))
        if not is_behind:
            yield _step(name, number, step, times[step], clock.due, standing, rules)
    if len(reached) < len(times):
        step = len(reached)
        yield _step(name, number, step, times[step], clock.due, standing, rules)


def _step(
    name: str, number: int, step: int, at: datetime, due: datetime, standing: Standing,
    rules: EscalationRules,
) -> Due:  # fmt: skip
    """One step: a note, and on the last a higher priority."""
    whom = standing.holder or "nobody yet"
    when = _clock_time(due, rules)
    is_soon = step == _SOON
    text = f"{_NAMES[name]} {'is' if is_soon else 'was'} due at {when}. It is held by {whom}."
    if step == _LEAD:
        text += f" Asking {rules.desk.lead or 'everybody at the desk'} to look after it."
    acts: list[Act] = []
    if step == _RAISE and (raised := _raised(standing, rules)) is not None:
        text += f" Its priority is {raised} now."
        acts.append(
            Act(what=f"{name}.raise", number=number, kind="control", action="prioritise",
                value=raised, reason="sla_broken")
        )  # fmt: skip
    note = Act(
        what=name, number=number + step, kind="note", text=text, value=f"{name}:{step}",
        reason="sla_soon" if is_soon else "sla_broken",
    )  # fmt: skip
    return Due(at=at, acts=(*acts, note))


def _raised(standing: Standing, rules: EscalationRules) -> str | None:
    """One priority higher; None at the top."""
    place = PRIORITIES.index(priority_of(standing, rules))
    return PRIORITIES[place - 1] if place else None


def _snooze_over(standing: Standing, until: datetime) -> Due:
    text = "It has rested long enough: the case is in the queue again."
    note = Act(
        what="snooze_over", number=standing.snoozed_seq, kind="note", text=text,
        reason="snooze_over",
    )  # fmt: skip
    return Due(at=until, acts=(note,))


def _idle(standing: Standing, rules: EscalationRules) -> Iterator[Due]:
    """A customer waits for the person who has the case, who has spoken before."""
    if standing.waiting_since is None or standing.holder is None or standing.replied_at is None:
        return
    since = max(standing.waiting_since, standing.taken_at or standing.waiting_since)
    number = max(standing.waiting_seq, standing.taken_seq)
    returns = _open_minutes(since, rules.desk.return_minutes, rules)
    reminds = _open_minutes(since, rules.desk.idle_minutes, rules)
    if reminds is not None:
        text = f"The customer waits for {standing.holder} since {_clock_time(since, rules)}."
        if returns is not None:
            text += f" Without a word the AI goes on at {_clock_time(returns, rules)}."
        note = Act(
            what=IDLE, number=number, kind="note", text=text, value="soon", reason="idle_return"
        )
        yield Due(at=reminds, acts=(note,))
    if returns is not None:
        record = make_return(still_open=[standing.waiting_text] if standing.waiting_text else [])
        act = Act(
            what="idle.return", number=number, kind="control", action="release", reason=IDLE,
            value=record.dump(),
        )  # fmt: skip
        yield Due(at=returns, acts=(act,))


def _open_minutes(since: datetime, minutes: int, rules: EscalationRules) -> datetime | None:
    return rules.hours.add(since, minutes) if minutes else None


def _quiet(standing: Standing, rules: EscalationRules) -> Iterator[Due]:
    """The customer is silent since a person's last word: a polite word, and it is closed. Not
    before every promise has had its time."""
    days = rules.desk.quiet_days
    if not days or standing.human_at is None or standing.waiting_since is not None:
        return
    if standing.human_seq < standing.seq:  # their word was about an earlier case
        return
    last = max(filter(None, (standing.human_at, standing.customer_at)))
    kept = [at + _DAY for at in _promise_times(standing, rules).values()]
    number = standing.human_seq
    goodbye = Act(
        what="goodbye", number=number, kind="message", lines=(Line(key="case_goodbye"),),
        reason=QUIET,
    )  # fmt: skip
    close = Act(what="quiet.close", number=number, kind="control", action="close", reason=QUIET)
    yield Due(at=max([last + days * _DAY, *kept]), acts=(goodbye, close))


def _promises(standing: Standing, rules: EscalationRules) -> Iterator[Due]:
    times = _promise_times(standing, rules)
    ahead = timedelta(minutes=rules.desk.promise_ahead_minutes)
    for promise in standing.promises:
        if (due := times.get(promise.number)) is None:
            continue
        early = due - ahead
        text = f"{promise.by or 'Somebody'} promised: “{promise.text}” Due {_day_time(due, rules)}."
        note = Act(
            what="promise", number=promise.number, kind="note", text=text, reason="promise_due"
        )
        yield Due(at=early if early > promise.at else due, acts=(note,))


def _promise_times(standing: Standing, rules: EscalationRules) -> dict[int, datetime]:
    """When each promise of people is due. One without a time is kept by their next word."""
    return {
        promise.number: due_of(promise, rules.hours, default_hours=rules.desk.promise_hours)
        for promise in standing.promises
        if promise.by != "ai"
        and (promise.seq >= standing.human_seq or named_due(promise, rules.hours) is not None)
    }


def _clock_time(at: datetime, rules: EscalationRules) -> str:
    return f"{at.astimezone(ZoneInfo(rules.hours.zone)):%H:%M}"


def _day_time(at: datetime, rules: EscalationRules) -> str:
    return f"{at.astimezone(ZoneInfo(rules.hours.zone)):%a %d %b, %H:%M}"
