"""What customers are told while nobody is there: truly, once, with a way to be answered by email.

Above: `duties`. Below: `answers`, `acts`, `core.localise`. Pure. No figure is made up: what is not
known is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from core.escalation.acts import Act, Around, Choice, Due, Line
from core.escalation.answers import BY_EMAIL, TO_KNOWN, WAIT, mask_address
from core.escalation.folding import FOLLOW_UP_EMAIL, TOLD
from core.escalation.rules import EscalationRules
from core.escalation.standing import Standing
from core.localise import write_day, write_span

Absence = Literal["closed", "off_duty", "untaken"]
NOBODY_THERE = "nobody_there"
_WHY = {"off_duty": "nobody_off_duty", "untaken": "nobody_untaken"}


def may_be_told(standing: Standing) -> bool:
    """True while nobody has come and the customer, who waits, was not told so."""
    nobody_came = standing.is_free and standing.replied_at is None
    waits = standing.waiting_since is not None
    return nobody_came and waits and f"{TOLD}:{standing.handed_seq}" not in standing.done


def tellings(standing: Standing, rules: EscalationRules, around: Around) -> Iterator[Due]:
    """When the customer is told that nobody is there. A mail needs no mail that says so."""
    handed = standing.handed_at
    if handed is None or not may_be_told(standing) or around.channel == "email":
        return
    if not rules.hours.is_open(around.now):
        yield _telling(handed, "closed", standing, rules, around)
    elif around.people == 0:
        yield _telling(handed, "off_duty", standing, rules, around)
    else:
        times = (
            rules.hours.add(handed, rules.desk.untaken_minutes),
            rules.hours.next_close(around.now),
        )
        known = [at for at in times if at is not None]
        if known:
            yield _telling(min(known), "untaken", standing, rules, around)


def _telling(
    at: datetime, why: Absence, standing: Standing, rules: EscalationRules, around: Around
) -> Due:
    lines = [_when_back(rules, around) if why == "closed" else Line(key=_WHY[why])]
    if why != "closed":
        lines.append(_how_long(around))
    choices: tuple[Choice, ...] = ()
    if rules.desk.offer_email and around.offers_email:
        lines.append(Line(key="follow_up_offer"))
        choices = _choices(around)
    act = Act(
        what=TOLD, number=standing.handed_seq, kind="message", lines=tuple(lines),
        choices=choices, reason=NOBODY_THERE,
    )  # fmt: skip
    return Due(at=at, acts=(act,))


def _when_back(rules: EscalationRules, around: Around) -> Line:
    opens = rules.hours.next_open(around.now)
    if opens is None:
        return Line(key="nobody_back_unknown")
    local = opens.astimezone(ZoneInfo(rules.hours.zone))
    fields = {
        "day": write_day(local.date(), around.language),
        "time": f"{local:%H:%M}",
        "zone": rules.hours.zone,
    }
    return Line(key="nobody_back", fields=fields)


def _how_long(around: Around) -> Line:
    if around.reply_seconds is None:
        return Line(key="lately_unknown")
    span = write_span(around.reply_seconds, around.language)
    return Line(key="lately_took", fields={"span": span})


def _choices(around: Around) -> tuple[Choice, ...]:
    if around.email:
        fields = {"email": mask_address(around.email)}
        label = Line(key="follow_up_known_button", fields=fields)
        by_email = (Choice(value=TO_KNOWN, label=label),)
    else:
        by_email = (Choice(value=BY_EMAIL, label=Line(key="follow_up_button")),)
    return (*by_email, Choice(value=WAIT, label=Line(key="wait_button")))


def answers_to(standing: Standing, around: Around) -> Iterator[Due]:
    """What follows from the customer's answer to the offer."""
    if standing.answer is None or standing.told_at is None:
        return
    acts = _kept(standing, around) or _asked(standing)
    yield Due(at=standing.told_at, acts=acts)


def _asked(standing: Standing) -> tuple[Act, ...]:
    """They wait on, or they did not say where to write."""
    key = "wait_kept" if standing.answer == WAIT else "follow_up_ask"
    return (_message("follow_up.said", key, standing),)


def _kept(standing: Standing, around: Around) -> tuple[Act, ...]:
    """Where to write is known: it is noted down, and said again."""
    address = around.email if standing.answer == TO_KNOWN else standing.answer
    if address is None or "@" not in address:
        return ()
    note = Act(
        what="follow_up.note", number=standing.answer_seq, kind="note", reason=FOLLOW_UP_EMAIL,
        value=address, text=f"The customer wants the answer by email: {address}",
    )  # fmt: skip
    is_theirs = standing.answer != TO_KNOWN
    shown = address if is_theirs else mask_address(address)
    return (note, _message("follow_up.said", "follow_up_kept", standing, email=shown))


def _message(what: str, key: str, standing: Standing, **fields: str) -> Act:
    return Act(
        what=what, number=standing.answer_seq, kind="message", reason=FOLLOW_UP_EMAIL,
        lines=(Line(key=key, fields=fields),),
    )  # fmt: skip
