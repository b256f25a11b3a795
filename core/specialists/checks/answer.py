"""All checks of one answer, sentence by sentence and as a whole.

Above: `core.specialists.checking`. Below: the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.language import LanguageDetector
from core.specialists.checks.actions import (
    Claim,
    Done,
    claims_in,
    is_borne_out,
    is_known_state,
    stands_in,
)
from core.specialists.checks.evidence import Evidence
from core.specialists.checks.excuses import is_talk
from core.specialists.checks.grounding import full_words
from core.specialists.checks.promise import promises_in
from core.specialists.checks.secrets import Guarded, is_disguised
from core.specialists.checks.shape import LONGEST, is_garbage, speaks_other_language
from core.specialists.checks.verdict import Violation, violation_of

# Below it no honest answer of the tables was found, and half of the sentences that stem from
# another article; the figures and names in the rest are for the other checks.
GROUNDED = 0.12
_FACTS = 6  # full words from which on a sentence is taken to state something
_TAIL = 300  # so much of what was said before is looked at again with the next sentence
_TELLING = 40  # letters from which on the language of a passage can be told
_QUOTED = 0.62  # from here on a sentence repeats the passage
_HUMAN_TOOLS = ("escalate", "offer_human", "handoff", "create_ticket")
_ALL = ("tool", "outside", "passage", "customer", "assistant", "instructions")
_HOUSE = ("passage", "instructions", "assistant")


class AnswerChecks:
    """Checks one answer against the evidence and the ledger.

    `ledger` gives what tools did so far; `wished` says that a human is being brought in;
    `canary` and `prompt` are what must not leave. Without a detector any language is right.
    """

    def __init__(
        self,
        evidence: Evidence,
        language: str,
        detector: LanguageDetector | None,
        ledger: Callable[[], Sequence[Done]],
        wished: Callable[[], bool],
        canary: str = "",
        prompt: str = "",
    ) -> None:
        self._evidence = evidence
        self._language = language
        self._detector = detector
        self._ledger = ledger
        self._wished = wished
        self._compared = (0, False)  # so many passages are in the same language, or are not
        self._guarded = Guarded(canary, prompt)

    def sentence(self, sentence: str, before: str) -> Violation | None:
        """What is wrong with `sentence`, which comes after `before`; None: it may be shown."""
        return (
            self._shape(sentence, before)
            or self._facts(sentence)
            or self._acts(sentence)
            or self._support(sentence)
        )

    def whole(self, text: str) -> Violation | None:
        """What only the whole answer tells."""
        if not text.strip():
            return violation_of("empty")
        if len(text) > LONGEST:
            return violation_of("length")
        return None

    def _shape(self, sentence: str, before: str) -> Violation | None:
        if is_garbage(sentence):
            return violation_of("garbage", sentence)
        if is_disguised(sentence):
            return violation_of("invisible", sentence)
        so_far = before + sentence
        if self._guarded.leaks(so_far[-len(sentence) - _TAIL :]):
            return violation_of("canary", sentence)
        if self._detector and speaks_other_language(so_far, self._language, self._detector):
            return violation_of("language", sentence)
        return None

    def _facts(self, sentence: str) -> Violation | None:
        for check, found in (
            ("links", self._evidence.invented_links(sentence)),
            ("numbers", self._evidence.invented_numbers(sentence)),
            ("numbers", self._evidence.granted_sums(sentence)),
            ("dates", self._evidence.invented_dates(sentence)),
            ("names", self._strange_names(sentence)),
        ):
            if found:
                return violation_of(check, found[0])
        return None

    def _strange_names(self, sentence: str) -> list[str]:
        passages = self._evidence.ground.texts("passage")
        translated = bool(passages) and not self._same_language(passages)
        if self._detector is None:
            translated = False
        return self._evidence.invented_names(sentence, self._language, translated=translated)

    def _acts(self, sentence: str) -> Violation | None:
        for claim in claims_in(sentence):
            if not self._may_claim(claim, sentence):
                return violation_of("action", claim.text)
        for act, words in promises_in(sentence):
            if not self._may_promise(act, words, sentence):
                return violation_of("promise", words)
        return None

    def _may_claim(self, claim: Claim, sentence: str) -> bool:
        ledger = self._ledger()
        if is_borne_out(claim, ledger):
            return True
        if claim.act == "escalate" and self._wished():
            return True
        ground = self._evidence.ground
        if is_known_state(claim, sentence, self._records(claim.act)):
            return True
        if (not claim.own or claim.act == "open") and self._is_quoted(claim, sentence):
            return True
        said = ground.texts("assistant")
        return any(one.act == claim.act for text in said for one in claims_in(text))

    def _records(self, act: str) -> list[str]:
        """What may tell the state of a matter: our systems, and of parcels those of others too."""
        ground = self._evidence.ground
        return ground.texts("tool") + (ground.texts("outside") if act == "send" else [])

    def _is_quoted(self, claim: Claim, sentence: str) -> bool:
        """True if an article says so itself: that its words stand there somewhere is not enough."""
        ground = self._evidence.ground
        return ground.support(sentence, ("passage", "instructions")) >= _QUOTED and stands_in(
            claim, [*ground.texts("passage"), *ground.texts("instructions")]
        )

    def _may_promise(self, act: str, words: str, sentence: str) -> bool:
        if act == "human":
            if self._wished():
                return True
            names = [record.name for record in self._ledger() if record.ok]
            if any(name in _HUMAN_TOOLS for name in names):
                return True
        elif (
            is_borne_out(Claim(act, "", own=True), self._ledger())
            or any(
                act in record.name or record.name == "create_ticket"
                for record in self._ledger()
                if record.ok
            )
            or is_known_state(Claim(act, words, own=False), sentence, self._records(act))
        ):
            return True
        return self._evidence.ground.support(sentence, _HOUSE) >= _QUOTED

    def _support(self, sentence: str) -> Violation | None:
        """A sentence that states something, and nothing of it stands in any evidence."""
        if full_words(sentence) < _FACTS or is_talk(sentence):
            return None
        ground = self._evidence.ground
        passages = ground.texts("passage")
        found = ground.texts("tool") or ground.texts("outside")
        if not passages or found or not self._same_language(passages):
            return None
        if ground.support(sentence, _ALL) < GROUNDED:
            return violation_of("grounding", sentence)
        return None

    def _same_language(self, passages: Sequence[str]) -> bool:
        """True if every passage is in the customer's language; else words cannot be compared."""
        if self._detector is None:
            return False
        if self._compared[0] != len(passages):
            long = [text for text in passages if len(text) > _TELLING]
            told = {self._detector.detect(text).language for text in long}
            self._compared = (len(passages), told - {None} == {self._language})
        return self._compared[1]
