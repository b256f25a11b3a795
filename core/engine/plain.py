"""Answers without a language model: passages word for word, topics to choose from, honest refusals.

Above: the turn. Below: `scene`, `core.phrases`. Pure: the scene holds everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from core.engine.asked import HUMAN, NO_HUMAN, NO_TOPIC, TOPIC
from core.engine.choosing import NONE, chosen_topic
from core.engine.commands import PHRASES, commands_beside, language_buttons, read_command
from core.engine.scene import Finding, Scene
from core.engine.spans import shorten, span_of, with_lead
from core.localise import write_list
from core.messages import Button, Buttons
from core.outcome import Escalate, Offer, Outcome, Reply
from core.phrases import Phrases
from core.ports import Passage
from core.specialists.passages import citation_of

# The reason of a suggestion that people should look at twice.
UNSURE = "unsure"
_MOST_ANSWERS = 3
_MOST_TOPICS = 3
_MOST_FILES = 5
_NEAR_THE_BEST = 0.25  # a topic far behind the best one only confuses
_LABEL = 75
_LONGEST = 600  # of an answer: the best span, not a page
_LEAST_SPAN = 160


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
        if (told := self._to_command(scene)) is not None:
            return told
        if scene.asked.button is not None and not scene.asked.texts:
            return self._to_button(scene)
        if not scene.asked.texts:
            return Draft(self._to_silence(scene), True, "phrases")
        pressed = scene.state.topics.get(scene.asked.topic or "")
        if pressed is None and (chosen := self._chosen(scene)) is not None:
            return chosen
        sure = [pressed] if pressed else []
        sure += best_passages(scene.findings, "sure")
        if len(sure) == 1 and pressed is None:
            every = [item for finding in scene.findings for item in finding.result.passages]
            sure = [*with_lead(sure[0], every, _LONGEST)]
        if scene.kind == "smalltalk" and not sure:
            return self._smalltalk(scene)
        if sure:
            doubted = pressed is None and self._is_of_another(scene, sure)
            return self._ask_back(scene, sure[:1]) if doubted else self._from_passages(scene, sure)
        if scene.blind:
            return self._offer(scene, "unavailable", "failure")
        unsure = readable(best_passages(scene.findings, "unsure"), scene.language)
        if scene.kind == "out_of_scope" and (not unsure or scene.is_clearly_outside):
            return Draft(self._reply(scene, "out_of_scope"), True, "phrases")
        return self._ask_back(scene, unsure) if unsure else self.decline(scene)

    def suggest(self, scene: Scene) -> Draft | None:
        """What a person could answer: the passage that is sure to fit, else the one that nearly
        is (`reason` says so); None when nothing is known."""
        if sure := best_passages(scene.findings, "sure"):
            if len(sure) == 1:
                every = [item for finding in scene.findings for item in finding.result.passages]
                sure = [*with_lead(sure[0], every, _LONGEST)]
            return self._from_passages(scene, sure)
        near = readable(best_passages(scene.findings, "unsure"), scene.language)[:1]
        if not near:
            return None
        draft = self._from_passages(scene, near)
        return replace(draft, outcome=draft.outcome.model_copy(update={"reason": UNSURE}))

    def escalate(
        self, scene: Scene, reason: str, rule: str, span: str, *, phrase: str = "escalated"
    ) -> Draft:
        """Hand over, and say so."""
        text = self._phrases.say(phrase, scene.language)
        outcome = Escalate(text=text, reason=reason, rule=rule, span=span)
        return Draft(outcome, True, "phrases")

    def offer_again(self, scene: Scene, reason: str) -> Draft:
        """People had it a moment ago: they are there to be chosen, and are not called at once."""
        offer = Offer(
            text=self._phrases.say("offer_human", scene.language),
            parts=(self.human_buttons(scene.language),),
            reason=reason,
            specialist=scene.specialist.name,
        )
        return Draft(offer, True, "phrases")

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

    def with_commands(self, scene: Scene, draft: Draft) -> Draft:
        """The same answer, with that to a command which came in the same breath below it."""
        outcome = draft.outcome
        if not isinstance(outcome, Reply | Offer):
            return draft
        for command in commands_beside(scene.asked):
            told = self._phrases.say(PHRASES[command], scene.language)
            parts = (language_buttons(),) if command == "language" else ()
            changed = {"text": f"{outcome.text}\n\n{told}", "parts": (*outcome.parts, *parts)}
            outcome = outcome.model_copy(update=changed)
        return replace(draft, outcome=outcome)

    def human_buttons(self, language: str) -> Buttons:
        """Accept or refuse a human."""
        yes = Button(label=self._phrases.say("human_button", language), value=HUMAN)
        no = Button(label=self._phrases.say("no_button", language), value=NO_HUMAN)
        return Buttons(buttons=(yes, no))

    def _to_silence(self, scene: Scene) -> Reply:
        """To a message without words: a voice note that could not be heard, files, or nothing."""
        files = scene.asked.files
        if any(file.media_type.startswith("audio/") for file in files):
            return self._reply(scene, "voice_not_heard")
        if not files:
            return self._reply(scene, "no_text")
        names = write_list([file.name[:80] for file in files[:_MOST_FILES]], scene.language)
        return self._reply(scene, "file_received", files=names)

    def _to_command(self, scene: Scene) -> Draft | None:
        """`/start` and its like, and a chosen language."""
        command = read_command(scene.asked)
        if command is None:
            return None
        reply = self._reply(scene, PHRASES[command])
        if command == "language":
            reply = reply.model_copy(update={"parts": (language_buttons(),)})
        return Draft(reply, True, "phrases")

    def _is_of_another(self, scene: Scene, passages: Sequence[Passage]) -> bool:
        """The question names a thing that is none of ours, and the article does not speak of it:
        whether it is meant all the same only the customer knows."""
        told = " ".join(f"{item.title} {item.text} {item.span}" for item in passages)
        return not set(self._phrases.others_in(scene.asked.text)) <= {
            *self._phrases.others_in(told)
        }

    def _to_button(self, scene: Scene) -> Draft:
        value = scene.asked.button or ""
        if value == NO_HUMAN:
            return Draft(self._reply(scene, "declined_human"), True, "phrases")
        passage = scene.state.topics.get(value)  # none of them, or long gone: an honest no
        return self._from_passages(scene, [passage]) if passage else self.decline(scene)

    def _chosen(self, scene: Scene) -> Draft | None:
        """One of the topics that were just offered, by its number or its words; a bare yes means
        the only one, or is asked which."""
        topics = list(scene.state.topics.values())
        if topics and self._phrases.is_answer("yes", scene.asked.text, scene.language):
            several = len(topics) > 1
            return self._ask_back(scene, topics) if several else self._from_passages(scene, topics)
        if topics and self._phrases.is_answer("no", scene.asked.text, scene.language):
            return self.decline(scene)
        if scene.state.offer_open and self._phrases.is_answer(
            "no", scene.asked.text, scene.language
        ):
            return Draft(self._reply(scene, "declined_human"), True, "phrases")
        none = self._phrases.say("none_of_these", scene.language)
        labels = {value: label_of(item) for value, item in scene.state.topics.items()}
        value = chosen_topic(scene.asked.text, labels, none)
        if value is None:
            return None
        if value == NONE:
            return self.decline(scene)
        return self._from_passages(scene, [scene.state.topics[value]])

    def _smalltalk(self, scene: Scene) -> Draft:
        intent = scene.decision.intent if scene.decision else ""
        if any(self._phrases.is_answer(w, scene.asked.text, scene.language) for w in ("yes", "no")):
            intent = ""  # to nothing that was asked
        text = self._phrases.say_first((intent, "smalltalk"), scene.language)
        return Draft(Reply(text=text, specialist=scene.specialist.name), True, "phrases")

    def _from_passages(self, scene: Scene, passages: Sequence[Passage]) -> Draft:
        """The passages word for word; a line before those of an article in another language."""
        room = _LONGEST // len({passage.document for passage in passages})
        parts: list[str] = []
        before = ""
        for passage in passages:
            taken = len(parts[-1]) if parts and passage.document == before else 0
            hint = self._hint(scene, passage) if passage.document != before else ""
            span = shorten(span_of(passage), max(_LEAST_SPAN, room - taken - len(hint)))
            parts.append(f"{hint}{span}")
            before = passage.document
        reply = Reply(
            text="\n\n".join(parts),
            citations=tuple(citation_of(passage) for passage in passages),
            specialist=scene.specialist.name,
        )
        return Draft(reply, True, "knowledge")

    def _hint(self, scene: Scene, passage: Passage) -> str:
        if passage.language == scene.language:
            return ""
        hint = self._phrases.say("other_language", scene.language, title=passage.title)
        return f"{hint}\n\n"

    def _ask_back(self, scene: Scene, passages: Sequence[Passage]) -> Draft:
        topics = {f"{TOPIC}{passage.id}": passage for passage in passages}
        buttons = [Button(label=label_of(item), value=value) for value, item in topics.items()]
        none = self._phrases.say("none_of_these", scene.language)
        buttons.append(Button(label=none, value=NO_TOPIC))
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

    def _reply(self, scene: Scene, phrase: str, **fields: str) -> Reply:
        text = self._phrases.say(phrase, scene.language, **fields)
        return Reply(text=text, specialist=scene.specialist.name, reason=phrase)


def best_passages(findings: Iterable[Finding], verdict: Literal["sure", "unsure"]) -> list[Passage]:
    """For `sure` the best passage of each question that is sure of one, of different documents;
    for `unsure` the best topics of the first question that is unsure."""
    every = list(findings)
    found = [finding.result for finding in every if finding.result.verdict == verdict]
    if verdict == "sure":
        singles = [item.result for item in every[1:] if item.result.verdict == verdict]
        several = len(singles) > 1
        best = [item.passages[0] for item in (singles if several else found) if item.passages]
        different = {
            (passage.id if several else passage.document): passage for passage in reversed(best)
        }
        return sorted(different.values(), key=best.index)[:_MOST_ANSWERS]
    near = [
        passage
        for result in found[:1]
        for passage in result.passages
        if passage.score >= result.passages[0].score * _NEAR_THE_BEST
    ]
    labels = {label_of(passage): passage for passage in reversed(near)}
    return sorted(labels.values(), key=near.index)[:_MOST_TOPICS]


def readable(passages: Sequence[Passage], language: str) -> list[Passage]:
    """Those in the customer's language if there are any, else all."""
    own = [passage for passage in passages if passage.language == language]
    return own or list(passages)


def label_of(passage: Passage) -> str:
    """The words on the button of a topic."""
    text = passage.title.strip() or passage.heading.strip() or passage.span.strip()
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1].rstrip()}…"
