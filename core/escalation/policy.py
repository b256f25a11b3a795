"""When a human takes over, or is offered: pure, from signals to a verdict with its reason.

Above: the turn. Below: `hearing`, `rules`. What the numbers are is data (config/escalation.toml).

Three verdicts. `escalate`: now, without asking. `offer`: once in an episode of a conversation, the
customer chooses. `continue`: the specialist goes on. An explicit wish always wins; reasons that are
a danger come before whoever would answer.
"""

from __future__ import annotations

from typing import Literal

from core.escalation.alarm import Alarm
from core.escalation.hearing import Heard, hear, offers
from core.escalation.phrasebook import Said
from core.escalation.rules import EscalationRules
from core.messages import Frozen

Verdict = Literal["escalate", "offer", "continue"]
BAD_MOODS = frozenset({"frustrated", "angry"})


class Signals(Frozen):
    """What the turn knows.

    Of the customer's words: `wish` names how a human was asked for, if one was (`explicit_wish`,
    `human_button`, `accepted_offer`); `possible_wish` says that it may have been; `quote` is the
    sentence it was read from. `said` are phrases that were found, `alarm` is what the trained ear
    makes of it. Of the way here: `moods` (this turn's is the last), `repeats` (how many of the
    turns before asked the same), `same_answers` (how many gave the answer that is due again),
    `unanswered` turns in a row, `misses` (failed identifications), `offered` before, in this
    episode. Of the answer: `answered`, `failed_tools`, `refused` (an act was asked for that may not
    be done), `failed` (the gateway itself did). Of the stakes: `priority`, `tier` of the customer,
    `elsewhere` (other conversations that lately told of an outage).
    """

    wish: str | None = None
    possible_wish: bool = False
    quote: str = ""
    said: tuple[Said, ...] = ()
    alarm: Alarm | None = None
    moods: tuple[str, ...] = ()
    repeats: int = 0
    same_answers: int = 0
    unanswered: int = 0
    misses: int = 0
    offered: bool = False
    answered: bool = True
    failed_tools: int = 0
    refused: bool = False
    failed: bool = False
    priority: str | None = None
    tier: str | None = None
    elsewhere: int = 0


class Judgement(Frozen):
    """The verdict with its reason code, the rule that fired and the words it fired on."""

    verdict: Verdict
    reason: str = ""
    rule: str = ""
    span: str = ""


def judge(signals: Signals, rules: EscalationRules) -> Judgement:
    """The verdict of the first rule that fires."""
    found = _now(signals, rules)
    if found is not None:
        return _verdict("escalate", found)
    if (found := _offer(signals, rules)) is None:
        return Judgement(verdict="continue")
    if _has_high_stakes(signals, rules):
        return _verdict("escalate", found.model_copy(update={"rule": f"{found.rule}:stakes"}))
    return Judgement(verdict="continue") if signals.offered else _verdict("offer", found)


def judge_words(signals: Signals, rules: EscalationRules) -> Judgement:
    """The same before anybody looked for an answer: only what the words alone decide."""
    found = _in_words(signals, rules)
    return Judgement(verdict="continue") if found is None else _verdict("escalate", found)


def bad_in_a_row(moods: tuple[str, ...]) -> int:
    """How many of the last moods were bad, without a better one between."""
    count = 0
    for mood in reversed(moods):
        if mood not in BAD_MOODS:
            break
        count += 1
    return count


def _now(signals: Signals, rules: EscalationRules) -> Heard | None:
    if (found := _in_words(signals, rules)) is not None:
        return found
    quote = signals.quote
    if bad_in_a_row(signals.moods) >= rules.frustration_turns_now:
        return Heard(reason="frustration", rule="frustration_turns_now", span=quote)
    if signals.repeats + 1 >= rules.repeated_turns:
        return Heard(reason="no_progress", rule="repeated_question", span=quote)
    if signals.same_answers + 1 >= rules.repeated_turns:
        return Heard(reason="no_progress", rule="repeated_answer", span=quote)
    if signals.misses >= rules.failed_identifications:
        return Heard(reason="no_progress", rule="failed_identifications", span=quote)
    if not signals.answered and signals.unanswered + 1 >= rules.unanswered_turns:
        return Heard(reason="no_progress", rule="unanswered_turns", span=quote)
    return None


def _in_words(signals: Signals, rules: EscalationRules) -> Heard | None:
    heard = hear(signals.said, signals.alarm, rules)
    if heard is not None and rules.verdict(heard.reason) == "now":
        # A danger that is named together with the wish says more of why somebody must come.
        by_hand = signals.wish in {"human_button", "accepted_offer"}
        return _wished(signals) if by_hand else heard
    if signals.wish is not None:
        return _wished(signals)
    return None


def _wished(signals: Signals) -> Heard:
    return Heard(reason="request", rule=signals.wish or "", span=signals.quote)


def _offer(signals: Signals, rules: EscalationRules) -> Heard | None:
    heard = hear(signals.said, signals.alarm, rules)
    if heard is not None and rules.verdict(heard.reason) == "offer":
        return heard
    quote = signals.quote
    if signals.possible_wish:
        return Heard(reason="request", rule="possible_wish", span=quote)
    if bad_in_a_row(signals.moods) >= rules.frustration_turns:
        return Heard(reason="frustration", rule="frustration_turns", span=quote)
    if signals.elsewhere + 1 >= rules.outage_conversations:
        return Heard(reason="outage", rule="outage_elsewhere", span=quote)
    if (found := offers(signals.alarm, signals.said, rules)) is not None:
        return found
    return _offer_after_answer(signals, rules)


def _offer_after_answer(signals: Signals, rules: EscalationRules) -> Heard | None:
    """What the answer itself shows: nobody here can or may do it."""
    quote = signals.quote
    if signals.refused:
        return Heard(reason="may_not_act", rule="act_refused", span=quote)
    if signals.failed:
        return Heard(reason="failure", rule="gateway_failed", span=quote)
    if signals.failed_tools >= rules.failed_tools:
        return Heard(reason="no_progress", rule="failed_tools", span=quote)
    if signals.repeats and not signals.answered:
        return Heard(reason="no_progress", rule="asked_again", span=quote)
    if not signals.answered:
        return Heard(reason="cannot_know", rule="no_passage", span=quote)
    return None


def _has_high_stakes(signals: Signals, rules: EscalationRules) -> bool:
    """So much is at stake that nobody should have to say yes first."""
    return (signals.tier or "").casefold() in {tier.casefold() for tier in rules.vip_tiers} or (
        signals.priority == "urgent"
    )


def _verdict(verdict: Verdict, heard: Heard) -> Judgement:
    return Judgement(verdict=verdict, reason=heard.reason, rule=heard.rule, span=heard.span)
