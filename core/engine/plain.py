"""Answers without a language model: passages word for word, topics to choose from, honest refusals.

Above: the turn. Below: `scene`, `core.phrases`. Pure: the scene holds everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.engine.asked import HUMAN, NO_HUMAN, TOPIC
from core.engine.scene import Finding, Scene
from core.messages import Button, Buttons
from core.outcome import Escalate, Offer, Outcome, Reply
from core.phrases import Phrases
from core.ports import Passage
from core.specialists.passages import citation_of

_MOST_ANSWERS = 3
_MOST_TOPICS = 3
_NEAR_THE_BEST = 0.25  # a topic far behind the best one only confuses
_LABEL = 75


@dataclass(frozen=True)
class Draft:
    """An outcome with what the state must know of it. `answered` is False when the customer got
    no answer to a question; `source` says where the words come from."""

    outcome: Outcome
    answered: bool
    source: str
    topics: dict[str, Passage] = field(default_factory=dict[str, Passage])


class PlainAnswers:
    """Chooses the words for a scene."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases

    def answer(self, scene: Scene) -> Draft:
        """The best answer there is without a model."""
        if scene.asked.button is not None and not scene.asked.texts:
            return self._to_button(scene)
        if not scene.asked.texts:
            return Draft(self._reply(scene, "no_text"), True, "phrases")
        pressed = scene.state.topics.get(scene.asked.topic or "")
        sure = [*([pressed] if pressed else []), *best_passages(scene.findings, "sure")]
        if scene.kind == "smalltalk" and not sure:
            return self._smalltalk(scene)
        if sure:
            return self._from_passages(scene, sure)
        if scene.blind:
            return self._offer(scene, "unavailable", "failure")
        unsure = best_passages(scene.findings, "unsure")
        if scene.kind == "out_of_scope" and (not unsure or scene.is_clearly_outside):
            return Draft(self._reply(scene, "out_of_scope"), True, "phrases")
        return self._ask_back(scene, unsure) if unsure else self.decline(scene)

    def escalate(self, scene: Scene, reason: str, rule: str, span: str) -> Draft:
        """Hand over, and say so."""
        text = self._phrases.say("escalated", scene.language)
        outcome = Escalate(text=text, reason=reason, rule=rule, span=span)
        return Draft(outcome, True, "phrases")

    def decline(self, scene: Scene) -> Draft:
        """Nothing was found: say so, and offer a human unless that was done."""
        if scene.state.offered:
            return Draft(self._reply(scene, "decline_again"), False, "phrases")
        return self._offer(scene, "decline", "cannot_know")

    def with_offer(self, scene: Scene, draft: Draft, reason: str) -> Draft:
        """The same answer, with a human offered below it."""
        if not isinstance(draft.outcome, Reply):
            return draft
        offer = self._phrases.say("offer_human", scene.language)
        outcome = Offer(
            text=f"{draft.outcome.text}\n\n{offer}",
            citations=draft.outcome.citations,
            parts=(*draft.outcome.parts, self.human_buttons(scene.language)),
            reason=reason,
            specialist=draft.outcome.specialist,
        )
        return Draft(outcome, draft.answered, draft.source, draft.topics)

    def human_buttons(self, language: str) -> Buttons:
        """Accept or refuse a human."""
        yes = Button(label=self._phrases.say("human_button", language), value=HUMAN)
        no = Button(label=self._phrases.say("no_button", language), value=NO_HUMAN)
        return Buttons(buttons=(yes, no))

    def _to_button(self, scene: Scene) -> Draft:
        value = scene.asked.button or ""
        if value == NO_HUMAN:
            return Draft(self._reply(scene, "declined_human"), True, "phrases")
        passage = scene.state.topics.get(value)
        return self._from_passages(scene, [passage]) if passage else self.decline(scene)

    def _smalltalk(self, scene: Scene) -> Draft:
        intent = scene.decision.intent if scene.decision else ""
        text = self._phrases.say_first((intent, "smalltalk"), scene.language)
        return Draft(Reply(text=text, specialist=scene.specialist.name), True, "phrases")

    def _from_passages(self, scene: Scene, passages: Sequence[Passage]) -> Draft:
        reply = Reply(
            text="\n\n".join(self._quoted(scene, passage) for passage in passages),
            citations=tuple(citation_of(passage) for passage in passages),
            specialist=scene.specialist.name,
        )
        return Draft(reply, True, "knowledge")

    def _quoted(self, scene: Scene, passage: Passage) -> str:
        """The passage word for word; a line before it when it is in another language."""
        span = passage.span.strip() or passage.text.strip()
        if passage.language == scene.language:
            return span
        hint = self._phrases.say("other_language", scene.language, title=passage.title)
        return f"{hint}\n\n{span}"

    def _ask_back(self, scene: Scene, passages: Sequence[Passage]) -> Draft:
        topics = {f"{TOPIC}{passage.id}": passage for passage in passages}
        buttons = [Button(label=label_of(item), value=value) for value, item in topics.items()]
        buttons.append(Button(label=self._phrases.say("human_button", scene.language), value=HUMAN))
        reply = Reply(
            text=self._phrases.say("ask_back", scene.language),
            parts=(Buttons(buttons=tuple(buttons)),),
            specialist=scene.specialist.name,
            reason="ask_back",
        )
        return Draft(reply, True, "knowledge", topics)

    def _offer(self, scene: Scene, phrase: str, reason: str) -> Draft:
        words = (phrase, "offer_human")
        offer = Offer(
            text=" ".join(self._phrases.say(word, scene.language) for word in words),
            parts=(self.human_buttons(scene.language),),
            reason=reason,
            specialist=scene.specialist.name,
        )
        return Draft(offer, False, "phrases")

    def _reply(self, scene: Scene, phrase: str) -> Reply:
        text = self._phrases.say(phrase, scene.language)
        return Reply(text=text, specialist=scene.specialist.name, reason=phrase)


def best_passages(findings: Iterable[Finding], verdict: Literal["sure", "unsure"]) -> list[Passage]:
    """For `sure` the best passage of each question that is sure of one, of different documents;
    for `unsure` the best topics of the first question that is unsure."""
    every = list(findings)
    found = [finding.result for finding in every if finding.result.verdict == verdict]
    if verdict == "sure":
        singles = [item.result for item in every[1:] if item.result.verdict == verdict]
        found = singles if len(singles) > 1 else found
        best = [result.passages[0] for result in found if result.passages]
        documents = {passage.document: passage for passage in reversed(best)}
        return sorted(documents.values(), key=best.index)[:_MOST_ANSWERS]
    near = [
        passage
        for result in found[:1]
        for passage in result.passages
        if passage.score >= result.passages[0].score * _NEAR_THE_BEST
    ]
    labels = {label_of(passage): passage for passage in reversed(near)}
    return sorted(labels.values(), key=near.index)[:_MOST_TOPICS]


def label_of(passage: Passage) -> str:
    """The words on the button of a topic."""
    text = passage.title.strip() or passage.heading.strip() or passage.span.strip()
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1].rstrip()}…"
