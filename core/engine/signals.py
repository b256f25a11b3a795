"""What a turn knows, as the escalation policy wants to hear it.

Above: the turn. Below: `scene`, `plain`, `core.escalation.policy`. Pure.
"""

from __future__ import annotations

from datetime import timedelta

from core.engine.asked import HUMAN
from core.engine.commands import read_command
from core.engine.plain import Draft
from core.engine.scene import Scene
from core.engine.trail import Question, details_of
from core.escalation.alarm import Alarm
from core.escalation.hearing import is_lookalike
from core.escalation.phrasebook import Said
from core.escalation.policy import Signals
from core.escalation.rules import EscalationRules
from core.phrases import Phrases
from core.specialists.tools.base import Bench, ToolRecord
from core.specialists.tools.results import read_action

POSSIBLE_WISH = 0.3
_QUOTE = 300
_READING = timedelta(seconds=3)
_ACTS = frozenset({"act", "flow"})


def word_signals(scene: Scene, rules: EscalationRules, phrases: Phrases) -> Signals:
    """What the customer's words and buttons alone say."""
    said = rules.hear(scene.asked.text)
    alarm = loudest(scene)
    return Signals(
        wish=_wish(scene, said, alarm, phrases),
        said=said,
        alarm=alarm,
        quote=_quote(scene),
        moods=(*scene.state.moods, *_mood(scene)),
        misses=scene.state.misses - scene.state.settled,
        offered=scene.state.offered,
        priority=scene.decision.priority if scene.decision else None,
    )


def turn_signals(
    scene: Scene, draft: Draft, bench: Bench | None, rules: EscalationRules, phrases: Phrases
) -> Signals:
    """The same with what the turn came to."""
    trail, question = scene.state.trail, question_of(scene)
    is_act = draft.source in _ACTS
    can_circle = not is_act and not is_hurried(scene)
    ledger = bench.ledger if bench else []
    answer = getattr(draft.outcome, "text", "")
    return word_signals(scene, rules, phrases).model_copy(
        update={
            "wish": None,  # it would have been heard before anybody answered
            "possible_wish": not is_act and _is_possible_wish(scene),
            "answered": draft.answered,
            "unanswered": scene.state.unanswered,
            "misses": (bench.misses if bench else scene.state.misses) - scene.state.settled,
            "repeats": trail.repeats(question) if can_circle else 0,
            "same_answers": (
                trail.same_answers(answer, question) if can_circle and is_answer(draft) else 0
            ),
            "failed_tools": sum(not record.ok for record in ledger),
            "refused": any(was_refused(record) for record in ledger),
            "failed": scene.blind and not draft.answered,
        }
    )


def was_refused(record: ToolRecord) -> bool:
    """True for a write that the company's system would not do."""
    done = read_action(record)
    return done is not None and done.outcome == "refused"


def question_of(scene: Scene) -> Question | None:
    """What was asked, to compare it with what is asked next."""
    decision = scene.decision
    if decision is None or not decision.sketch or decision.kind == "smalltalk":
        return None
    intent = f"{decision.specialist}/{decision.intent}" if decision.kind == "question" else ""
    return Question(sketch=decision.sketch, intent=intent, details=details_of(scene.asked.text))


def is_hurried(scene: Scene) -> bool:
    """True if the customer wrote before the last answer can have been read: what is sent twice is
    no sign that the answer was of no use."""
    if not scene.asked.messages:
        return False
    first = scene.asked.messages[0]
    shown = (*scene.claim.history, *scene.claim.entries)
    answers = [
        entry.at
        for entry in shown
        if entry.kind == "message" and entry.author.role == "ai" and entry.seq < first.seq
    ]
    return bool(answers) and first.at - answers[-1] < _READING


def is_answer(draft: Draft) -> bool:
    """True for words that claim to be an answer: saying "hello" twice is no circle."""
    return draft.source in {"knowledge", "model", "cache"} and not draft.topics


def sounds_of_outage(scene: Scene, rules: EscalationRules) -> bool:
    """True if this message may tell of an outage, too softly to be taken for one by itself."""
    alarm = loudest(scene)
    return alarm is not None and alarm.shares.get("outage", 0.0) >= rules.ear_with_phrase


def loudest(scene: Scene) -> Alarm | None:
    """The alarm of the message, or clause of it, that sounds most like one."""
    alarms = [look.decision.alarm for look in scene.looks if look.decision.alarm is not None]
    return max(alarms, key=lambda alarm: alarm.now, default=None)


def _wish(
    scene: Scene, said: tuple[Said, ...], alarm: Alarm | None, phrases: Phrases
) -> str | None:
    """How a human was asked for: by a button, by a yes to the offer, or outright."""
    if scene.asked.button == HUMAN:
        return "human_button"
    if scene.kind == "human_wish" and not is_lookalike(said, alarm):
        return "explicit_wish"
    offer_open = scene.state.offer_open and scene.state.pending is None
    accepts = offer_open and phrases.is_answer("yes", scene.asked.text, scene.language)
    return "accepted_offer" if accepts else None


def _is_possible_wish(scene: Scene) -> bool:
    """Near enough to a wish for a human to offer one, and nothing better is at hand."""
    if scene.decision is None or scene.kind == "smalltalk" or read_command(scene.asked):
        return False
    if scene.verdict == "sure":
        return False
    return scene.decision.wish >= POSSIBLE_WISH


def _mood(scene: Scene) -> tuple[str, ...]:
    return (scene.decision.sentiment,) if scene.decision else ()


def _quote(scene: Scene) -> str:
    return (scene.looks[0].text if scene.looks else scene.asked.text)[:_QUOTE]
