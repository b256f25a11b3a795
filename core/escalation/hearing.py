"""Puts what phrases say and what the trained ear hears into one: a reason, or none.

Above: `policy`. Below: `rules`, `alarm`, `phrasebook`. Pure.

Phrases are precise and know little; the ear knows much and is not precise. A phrase counts when the
ear does not find it wholly absurd; the ear counts by itself when it is sure, and nobody denied it.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.escalation.alarm import Alarm
from core.escalation.phrasebook import Said
from core.escalation.rules import EscalationRules
from core.messages import Frozen

REQUEST = "request"
_PHRASE_VOTE = 0.5  # what a phrase adds to the share of its reason when several are heard
_NO_WISH = 0.05  # a wish that the ear does not hear at all is a look-alike
_LEAST_SHARE = 0.03  # the ear must hear a little of the reason that the phrase names
_CLEAR = 0.3  # an alarm for no reason in particular is none
_SPAN = 300


class Heard(Frozen):
    """A reason to call a person, the rule it was heard by and the customer's own sentence."""

    reason: str
    rule: str
    span: str


def hear(said: Sequence[Said], alarm: Alarm | None, rules: EscalationRules) -> Heard | None:
    """The reason that is heard, if one is; an explicit wish before others that are no danger."""
    affirmed = [item for item in said if not item.denied and _is_credible(item, alarm, rules)]
    denied = {item.reason for item in said if item.denied} - {item.reason for item in affirmed}
    votes = {item.reason: _PHRASE_VOTE for item in affirmed}
    if alarm is not None and (affirmed or _rings(alarm, denied, rules)):
        for reason, share in alarm.shares.items():
            if reason not in denied:
                votes[reason] = votes.get(reason, 0.0) + share
    if not votes:
        return None
    best = max(votes, key=lambda reason: votes[reason])
    phrase = next((item for item in affirmed if item.reason == best), None)
    if phrase is not None:
        return Heard(reason=best, rule="phrase", span=phrase.sentence[:_SPAN] or phrase.words)
    return Heard(reason=best, rule="ear", span=alarm.text[:_SPAN] if alarm else "")


def offers(alarm: Alarm | None, said: Sequence[Said], rules: EscalationRules) -> Heard | None:
    """A reason to offer a person: heard by the ear alone, and not enough to call one."""
    if alarm is None:
        return None
    denied = {item.reason for item in said if item.denied}
    if alarm.offer >= rules.ear_for_offer and alarm.offer_reason:
        return Heard(reason=alarm.offer_reason, rule="ear_offer", span=alarm.text[:_SPAN])
    if alarm.now + alarm.offer >= rules.ear_for_offer and alarm.reason not in denied:
        return Heard(reason=alarm.reason, rule="ear_offer", span=alarm.text[:_SPAN])
    return None


def is_lookalike(said: Sequence[Said], alarm: Alarm | None) -> bool:
    """For a text that triage takes for a wish: it is denied, or nobody else hears one."""
    requests = [item.denied for item in said if item.reason == REQUEST]
    if requests:
        return all(requests)
    return alarm is not None and alarm.wish < _NO_WISH


def _is_credible(item: Said, alarm: Alarm | None, rules: EscalationRules) -> bool:
    if alarm is None:
        return True
    loud = alarm.now + alarm.offer
    if item.reason == REQUEST:
        return loud >= rules.wish_with_phrase
    return loud >= rules.ear_with_phrase and alarm.shares.get(item.reason, 0.0) >= _LEAST_SHARE


def _rings(alarm: Alarm, denied: set[str], rules: EscalationRules) -> bool:
    """The ear is sure enough by itself."""
    if alarm.reason in denied or alarm.shares.get(alarm.reason, 0.0) < _CLEAR:
        return False
    if alarm.reason == REQUEST:
        return alarm.wish >= rules.wish_alone
    return alarm.rings
