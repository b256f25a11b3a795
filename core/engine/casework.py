"""Opens a case: of a turn that hands over, or of people who take over; without a model.

Above: the turn, the case keeper. Below: `scene`, `state`, `core.escalation.case`. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.conversation import Claim
from core.customers.brief import Brief
from core.engine.scene import Scene
from core.engine.state import EngineState
from core.escalation.case import Case, Source, Suggestion, Tried, trend_of
from core.escalation.policy import Judgement
from core.escalation.rules import EscalationRules, ReasonRule
from core.escalation.standing import Standing
from core.memory.recall import headline
from core.memory.secrets import mask_secrets
from core.memory.state import MemoryState
from core.messages import Entry
from core.ports import Passage
from core.specialists.tools.base import Bench

_MOST = 8
_LONGEST = 600
_TITLE = 120
_SUMMARY_LINES = 12


def open_case(
    scene: Scene,
    state: EngineState,
    judgement: Judgement,
    bench: Bench | None,
    rules: EscalationRules,
    priority: str | None,
) -> Case:
    """The hand-over; `state` is the one behind the turn."""
    claim, decision = scene.claim, scene.decision
    opened = claim.entries[-1].at
    rule = rules.reasons.get(judgement.reason, ReasonRule())
    opens = rules.hours.next_open(opened)
    return Case(
        conversation=str(claim.conversation),
        seq=claim.seen,
        opened_at=opened,
        reason=judgement.reason,
        rule=judgement.rule,
        span=judgement.span or scene.asked.text[:_LONGEST],
        summary=summary_of(state.memory, scene.asked.text),
        language=scene.language,
        specialist=scene.specialist.name,
        priority=priority or rule.priority,
        contact=claim.head.contact,
        level=claim.head.level,
        channel=claim.head.address.channel if claim.head.address else None,
        sentiment=decision.sentiment if decision else "neutral",
        moods=state.moods,
        trend=trend_of(state.moods),
        intent=decision.intent if decision else "",
        tried=_tried(scene, state.memory, bench),
        facts=(*_known(scene.customer), *_facts(state.memory)),
        promises=tuple(promise.text for promise in state.memory.promises[-_MOST:]),
        pending=scene.state.pending.tool if scene.state.pending else None,
        suggestion=_suggestion(scene),
        desk_open=rules.hours.is_open(opened),
        opens_at=opens,
        reply_due=rules.hours.add(opened, rule.first_reply_minutes),
    )


def case_by_hand(
    claim: Claim, standing: Standing, entries: Sequence[Entry], rules: EscalationRules
) -> Case:
    """The hand-over when people came by themselves, or were called by the API: what the engine
    remembers of the conversation; nobody looked for an answer. `entries` are the last ones."""
    head, state = claim.head, EngineState.of(claim.state)
    opened = standing.opened_at or head.updated_at
    reason = standing.reason or "taken"
    rule = rules.reasons.get(reason, ReasonRule())
    said = next((text for entry in reversed(entries) if (text := _asked_by(entry))), "")
    told = next((entry for entry in entries if entry.action == "escalate" and entry.text), None)
    summary = summary_of(state.memory, said)
    if told is not None:  # by whoever called
        summary = f"{told.author.name or told.author.role}: {told.text[:_LONGEST]}\n{summary}"
    deeds = [Tried(what=deed.name, result=deed.result[:_LONGEST]) for deed in state.memory.deeds]
    return Case(
        conversation=str(claim.conversation),
        seq=standing.seq,
        opened_at=opened,
        reason=reason,
        rule="by_hand",
        span=said,
        summary=summary.strip(),
        language=head.language or standing.language or "",
        specialist=head.specialist or "",
        priority=standing.priority or rules.priority(reason) or head.priority or rule.priority,
        contact=head.contact,
        level=head.level,
        channel=head.address.channel if head.address else None,
        sentiment=head.sentiment or "neutral",
        moods=state.moods,
        trend=trend_of(state.moods),
        tried=tuple(deeds[-_MOST:]),
        facts=_facts(state.memory),
        promises=tuple(promise.text for promise in state.memory.promises[-_MOST:]),
        pending=state.pending.tool if state.pending else None,
        desk_open=rules.hours.is_open(opened),
        opens_at=rules.hours.next_open(opened),
        reply_due=rules.hours.add(opened, rule.first_reply_minutes),
    )


def _asked_by(entry: Entry) -> str:
    """The words of a customer's message."""
    if entry.author.role != "customer" or entry.kind != "message":
        return ""
    return mask_secrets(entry.text)[:_LONGEST]


def waiting_phrase(
    rules: EscalationRules, moment: datetime, waiting: int | None, *, people: int | None = None
) -> str | None:
    """What the customer is told of the wait, as the key of a phrase: nothing if nothing is known,
    and "soon" only while people are there and the queue is short. `people` are on duty; None: that
    list is not kept, and the hours say who is there."""
    if not rules.hours.is_open(moment):
        return "after_hours"
    is_short = waiting is not None and waiting < rules.queue_is_long
    return "human_soon" if is_short and people != 0 else None


def _known(brief: Brief | None) -> tuple[str, ...]:
    """What the company knows of the customer: the tier first, by which desks are chosen; open
    tickets, and what became of earlier conversations."""
    if brief is None:
        return ()
    tier = (f"tier: {brief.tier}",) if brief.tier else ()
    tickets = (f"open ticket: {one.number} {one.subject[:_TITLE]}" for one in brief.tickets)
    past = (
        f"earlier, {one.at:%Y-%m-%d}: {one.summary[:_TITLE]}"
        + (f" → {one.resolution[:_TITLE]}" if one.resolution else "")
        for one in brief.history
    )
    return (*tier, *tickets, *past)


def _facts(memory: MemoryState) -> tuple[str, ...]:
    """What holds of the customer and their matter."""
    return tuple(
        f"{fact.key or fact.kind}: {fact.value}"
        for fact in memory.facts[-_MOST:]
        if fact.superseded_by is None
    )


def summary_of(memory: MemoryState, text: str) -> str:
    """What it is about, from the summary and the newest words (`text`)."""
    if memory.summary.text and memory.summary.text_upto == memory.summary.upto:
        start = memory.summary.text
    else:
        lines = memory.summary.lines[-_SUMMARY_LINES:]
        start = "\n".join(f"{line.role}: {line.text}" for line in lines)
    said = text[:_LONGEST]
    parts = [headline(memory) or "", start, f"customer: {said}" if said else ""]
    return "\n".join(dict.fromkeys(part for part in parts if part))


def _tried(scene: Scene, memory: MemoryState, bench: Bench | None) -> tuple[Tried, ...]:
    done = [Tried(what=deed.name, result=deed.result[:_LONGEST]) for deed in memory.deeds]
    found = [
        Tried(
            what=f"search: {finding.text[:_LONGEST]}", result=_best_title(finding.result.passages)
        )
        for finding in scene.findings
    ]
    ledger = bench.ledger if bench else []
    calls = [
        Tried(what=record.name, result=record.result[:_LONGEST])
        for record in ledger
        if all(record.name != deed.what for deed in done)
    ]
    return tuple([*done, *found, *calls][-_MOST:])


def _best_title(passages: tuple[Passage, ...] | list[Passage]) -> str:
    return passages[0].title if passages else "nothing found"


def _suggestion(scene: Scene) -> Suggestion | None:
    """The best passage, unless nothing reliable was found."""
    for finding in scene.findings:
        if finding.result.verdict != "none" and finding.result.passages:
            best = finding.result.passages[0]
            source = Source(document=best.document, title=best.title, url=best.url)
            return Suggestion(text=best.span or best.text, score=best.score, sources=(source,))
    return None
