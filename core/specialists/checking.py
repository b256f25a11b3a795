"""The checks of one reply, as the gate and the loop ask for them.

Above: `loop`, `consult`. Below: `checks`.
"""

from __future__ import annotations

from core.language import LanguageDetector
from core.specialists.checks import AnswerChecks, Violation
from core.specialists.gate import CheckFailed
from core.specialists.task import Part
from core.specialists.tools.base import Bench

_AGAIN = (
    "Your last reply was not shown to the customer. {why} Write the reply again, from what is "
    "known; if that is not enough, say so."
)


class AnswerCheck:
    """Checks the words of one specialist against what lies on the bench; without a detector they
    may be in any language."""

    def __init__(
        self, bench: Bench, language: str, detector: LanguageDetector | None, part: Part
    ) -> None:
        self._checks = AnswerChecks(
            bench.evidence,
            language,
            detector,
            ledger=lambda: bench.ledger,
            wished=lambda: bench.wish is not None,
            canary=part.canary,
            prompt=part.system,
        )

    def sentence(self, sentence: str, before: str) -> Violation | None:
        """What is wrong with a sentence; the language is told from all the text so far."""
        return self._checks.sentence(sentence, before)

    def whole(self, text: str) -> None:
        """Raises `CheckFailed` for what only the whole tells."""
        if (found := self._checks.whole(text)) is not None:
            raise CheckFailed(found)


def advice_of(failed: CheckFailed) -> str:
    """What the model is told when it may try once more."""
    return _AGAIN.format(why=failed.violation.advice)
