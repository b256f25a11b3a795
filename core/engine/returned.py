"""Behind people: what is said when they give a conversation back to the AI, or close it.

Above: the turn. Below: `decided`, `scene`, `plain`, `core.returning`. Pure.
"""

from __future__ import annotations

import re
from dataclasses import replace

from core.conversation import Claim, HeadChange, TurnCommit
from core.engine.decided import decided_before, tell_decision
from core.engine.plain import Draft, PlainAnswers
from core.engine.remembering import state_before
from core.engine.scene import Scene
from core.engine.settings import EngineSettings
from core.engine.state import EngineState
from core.ids import EntryId
from core.language import LanguageDetector
from core.memory.fold import fold
from core.messages import Author, Button, Buttons, Entry, EntryBody
from core.outcome import Escalate, Silence
from core.phrases import Phrases
from core.rating import RATE, SURVEY
from core.returning import read_return

# In this order, so that the number of a choice, where choices are numbered, is the mark.
_MARKS = ("1", "2", "3", "4", "5")
_MARK = re.compile(r"\s*([1-5])\s*(?:/\s*5|[.!*★⭐]+)?\s*\Z", re.ASCII)


class BehindPeople:
    """What a turn says where people were before it."""

    def __init__(
        self, phrases: Phrases, plain: PlainAnswers, settings: EngineSettings,
        detector: LanguageDetector,
    ) -> None:  # fmt: skip
        self._detector = detector
        self._phrases = phrases
        self._plain = plain
        self._settings = settings

    def tell(self, scene: Scene) -> Draft | None:
        """What people decided, if the customer asks after it."""
        record = decided_before(scene)
        return None if record is None else tell_decision(scene, record, self._phrases)

    def without_hand_over(self, scene: Scene, draft: Draft) -> Draft:
        """People have just given it back: what waited there is no reason to call them at once, so
        they are only offered."""
        if not scene.asked.returned or not isinstance(draft.outcome, Escalate):
            return draft
        return self._plain.offer_again(scene, draft.outcome.reason)

    def with_word(self, scene: Scene, draft: Draft) -> Draft:
        """An answer that comes with the return begins by saying who speaks."""
        if not scene.asked.returned or self._settings.return_word == "never":
            return draft
        if isinstance(draft.outcome, Escalate | Silence):
            return draft
        word = self._phrases.say("with_assistant_again", scene.language)
        text = f"{word}\n\n{draft.outcome.text}"
        return replace(draft, outcome=draft.outcome.model_copy(update={"text": text}))

    def words(self, claim: Claim) -> tuple[EntryBody, ...]:
        """What the house says when people gave it back, or closed it, and nothing is asked."""
        language = self._language(claim)
        word = word_of_return(claim, language, self._phrases, self._settings)
        survey = survey_of(claim, language, self._phrases) if self._settings.survey else None
        return tuple(entry for entry in (word, survey) if entry is not None)

    def rating(self, claim: Claim) -> TurnCommit | None:
        """The commit of a survey that was answered in words, if this is one."""
        if rating_in(claim) is None:
            return None
        state = state_before(claim, self._settings.default_language)
        return keep_rating(claim, state, self._language(claim), self._phrases)

    def head(self, claim: Claim, change: HeadChange) -> HeadChange:
        """The change with the language that the customer writes to people in."""
        said = [
            e.text for e in claim.entries if e.author.role == "customer" and e.kind == "message"
        ]
        found = (
            self._detector.detect(" ".join(said)).language if claim.head.owner == "human" else None
        )
        if found is None or found == claim.head.language:
            return change
        return change.model_copy(update={"language": found})

    def _language(self, claim: Claim) -> str:
        return claim.head.language or self._settings.default_language


def word_of_return(
    claim: Claim, language: str, phrases: Phrases, settings: EngineSettings
) -> EntryBody | None:
    """The house's word when a conversation comes back and nothing waits for an answer: said when
    something is still open, or always, or never (`engine.return_word`)."""
    border = next((e for e in reversed(claim.entries) if e.action == "release"), None)
    if border is None or claim.head.owner != "ai" or claim.head.status != "open":
        return None
    record = read_return(border)
    is_open = record is not None and bool(record.open)
    if settings.return_word == "never" or not (is_open or settings.return_word == "always"):
        return None
    return _house(
        f"{claim.conversation}:return:{border.seq}", phrases.say("with_assistant_again", language),
        reason="returned", language=language,
    )  # fmt: skip


def survey_of(claim: Claim, language: str, phrases: Phrases) -> EntryBody | None:
    """The question how it was, once for a case that a person has closed."""
    border = next((e for e in reversed(claim.entries) if e.action == "close"), None)
    head = claim.head
    if border is None or border.author.role != "human_agent" or head.status != "closed":
        return None
    shown = (*claim.history, *claim.entries)
    of_case = [entry for entry in shown if entry.seq >= head.case]
    if not head.case or any(entry.reason == SURVEY for entry in of_case):
        return None
    marks = tuple(
        Button(label=phrases.say(f"rate_{mark}", language), value=f"{RATE}{mark}")
        for mark in _MARKS
    )
    return _house(
        f"{claim.conversation}:survey:{head.case}", phrases.say("survey", language),
        reason=SURVEY, language=language,
    ).model_copy(update={"parts": (Buttons(buttons=marks),)})  # fmt: skip


def rating_in(claim: Claim) -> tuple[Entry, Entry, str] | None:
    """(the survey, the customer's message, the mark): a survey that was answered in words."""
    said = [e for e in claim.entries if e.author.role == "customer" and e.kind == "message"]
    before = [
        e for e in (*claim.history, *claim.entries)
        if e.kind == "message" and e not in said
        and (e.author.role != "system" or e.reason == SURVEY)
    ]  # fmt: skip
    if len(said) != 1 or not before:
        return None
    survey, words = before[-1], said[0]
    if survey.reason != SURVEY or words.seq < survey.seq:
        return None
    labels = {
        fold(button.label): button.value.removeprefix(RATE)
        for row in survey.parts
        for button in row.buttons
    }
    found = _MARK.match(words.text)
    mark = found[1] if found else labels.get(fold(words.text).strip(" .!"))
    return (survey, words, mark) if mark else None


def keep_rating(
    claim: Claim, state: EngineState, language: str, phrases: Phrases
) -> TurnCommit | None:
    """The commit that keeps a mark given in words, thanks, and leaves closed what was closed."""
    found = rating_in(claim)
    if found is None:
        return None
    survey, said, mark = found
    rate = EntryBody(
        id=EntryId(f"{claim.conversation}:rate:{survey.seq}:{said.seq}"), kind="control",
        action="rate", author=Author(role="customer"), value=mark, in_reply_to=survey.seq,
    )  # fmt: skip
    thanks = _house(
        f"{claim.conversation}:rated:{said.seq}", phrases.say("rated", language),
        reason="rated", language=language,
    )  # fmt: skip
    head = HeadChange(owner="nobody", status="closed")
    return TurnCommit(entries=(thanks, rate), state=state.dump(), head=head)


def _house(name: str, text: str, *, reason: str, language: str) -> EntryBody:
    return EntryBody(
        id=EntryId(name), author=Author(role="system"), text=text, reason=reason, language=language
    )
