"""What was asked and answered in the last turns, small enough to keep: to notice going in circles.

Above: `state`, `signals`. Below: numpy. Pure.

A question is kept as a sketch: which side of random planes its vector lies on. Two sketches tell
how alike two questions are without keeping the words; an answer is kept as a hash.
"""

from __future__ import annotations

import hashlib
import math
import re
from functools import cache
from itertools import takewhile

import numpy as np
from pydantic import BaseModel, ConfigDict

from core.engine.space import Matrix

_BITS = 256
_KEPT = 4
_ALIKE = 0.72
_ALIKE_WITH_INTENT = 0.52
_DETAILS = 8
# A word with a digit, or with a capital behind a small letter.
_DETAIL = re.compile(r"(?=[\w-]*(?:\d|[a-z][A-Z]))[^\W_]+(?:-[^\W_]+)*")


class Question(BaseModel):
    """The sketch of a question and its intent; `details` are the numbers and references in it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sketch: str
    intent: str = ""
    details: tuple[str, ...] = ()

    def is_like(self, other: Question) -> bool:
        """True if both ask the same, maybe in other words."""
        if self.is_of_another(other):
            return False
        near = likeness(self.sketch, other.sketch)
        same_intent = bool(self.intent) and self.intent == other.intent
        return near >= (_ALIKE_WITH_INTENT if same_intent else _ALIKE)

    def is_of_another(self, other: Question) -> bool:
        """True if each names what the other does not: two orders, not one asked about twice."""
        mine, theirs = set(self.details), set(other.details)
        return bool(mine - theirs) and bool(theirs - mine)


class Past(BaseModel):
    """One turn: its question, if it had one, and the hash of its answer, if it gave one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    question: Question | None = None
    answer: str = ""


class Trail(BaseModel):
    """The last turns, oldest first."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    turns: tuple[Past, ...] = ()

    def repeats(self, question: Question | None) -> int:
        """How many of the last questions in a row asked the same."""
        asked = (turn.question for turn in reversed(self.turns) if turn.question)
        return sum(1 for _ in takewhile(question.is_like, asked)) if question else 0

    def same_answers(self, text: str, question: Question | None = None) -> int:
        """How many of the last turns gave this very answer to the same or a vague question."""
        mark = mark_of(text) if text.strip() else None
        return sum(
            turn.answer == mark
            and not (question and turn.question and question.is_of_another(turn.question))
            for turn in self.turns
        )

    def after(self, question: Question | None, answer: str) -> Trail:
        """The trail with one more turn; a turn without question and answer leaves it."""
        mark = mark_of(answer) if answer.strip() else ""
        if question is None and not mark:
            return self
        return Trail(turns=(*self.turns, Past(question=question, answer=mark))[-_KEPT:])


def details_of(text: str) -> tuple[str, ...]:
    """The numbers, codes and references in `text`, each once."""
    return tuple(dict.fromkeys(word.casefold() for word in _DETAIL.findall(text)))[:_DETAILS]


def sketch(vector: Matrix) -> str:
    """The sketch of a vector of unit length, in hexadecimal."""
    sides = _planes(len(vector)) @ vector > 0
    return np.packbits(sides).tobytes().hex()


def likeness(one: str, other: str) -> float:
    """About the cosine of the two vectors; 0 if they cannot be compared."""
    if not one or len(one) != len(other):
        return 0.0
    apart = (int(one, 16) ^ int(other, 16)).bit_count() / (4 * len(one))
    return math.cos(math.pi * apart)


def mark_of(text: str) -> str:
    """The hash that stands for an answer."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


@cache
def _planes(size: int) -> Matrix:
    """The same planes in every process."""
    return np.random.default_rng(20).standard_normal((_BITS, size)).astype(np.float32)
