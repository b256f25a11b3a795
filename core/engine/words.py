"""Outcomes as entries of the log.

Above: the turn. Below: `core.outcome`, `core.ids`. Pure.
"""

from __future__ import annotations

from core.engine.scene import Scene
from core.ids import reply_entry_id
from core.messages import Author, EntryBody
from core.outcome import Escalate, Offer, Outcome, Reply


def entries_of(scene: Scene, outcome: Outcome) -> tuple[EntryBody, ...]:
    """What is appended to the log; the first entry has the id of the streamed answer."""
    if isinstance(outcome, Reply | Offer):
        return (_message(scene, outcome),)
    if isinstance(outcome, Escalate):
        return (_words(scene, outcome.text, outcome.reason), _hand_over(scene, outcome))
    return ()


def _message(scene: Scene, outcome: Reply | Offer) -> EntryBody:
    words = _words(scene, outcome.text, outcome.reason)
    return words.model_copy(update={"parts": outcome.parts, "citations": outcome.citations})


def _words(scene: Scene, text: str, reason: str | None) -> EntryBody:
    messages = scene.asked.messages
    return EntryBody(
        id=reply_entry_id(scene.claim.conversation, scene.claim.seen),
        author=Author(role="ai", specialist=scene.specialist.name),
        text=text,
        reason=reason,
        in_reply_to=messages[-1].seq if messages else None,
        language=scene.language,
    )


def _hand_over(scene: Scene, outcome: Escalate) -> EntryBody:
    """The act itself: reason code, the rule that fired (`value`)."""
    return EntryBody(
        id=reply_entry_id(scene.claim.conversation, scene.claim.seen, 1),
        kind="control",
        action="escalate",
        author=Author(role="system", name="engine"),
        reason=outcome.reason,
        value=outcome.rule or None,
        language=scene.language,
    )
