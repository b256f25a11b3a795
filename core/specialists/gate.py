"""The gate between a streaming model and the customer: whole sentences, checked, then let through.

Above: `loop`. Below: `checks`, `sentences`.

A piece of text waits until its sentence is complete; a sentence goes out only when it passed. So
whatever was shown is part of an answer that was sound so far, and the answer is the sum of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from core.errors import ModelGarbage
from core.specialists.checks import Violation, may_be_json, violation_of
from core.specialists.checks.shape import LONGEST
from core.specialists.sentences import sentence_ends, split_sentences
from core.text import clean_text

_MARK = re.compile(r"[ \t]*\[(\d{1,2})\](?!\()")
_THOUGHT = re.compile(r"<think>.*?</think>\s*", re.DOTALL)


class CheckFailed(ModelGarbage):
    """The model's words failed a check; `violation` tells which, and what to tell the model."""

    def __init__(self, violation: Violation) -> None:
        check = violation.check
        super().__init__(f"the answer failed the check of {check}", code=f"check_{check}")
        self.violation = violation

    @property
    def check(self) -> str:
        """The name of the check."""
        return self.violation.check


class SentenceGate:
    """Takes pieces, gives what may be shown; citation marks `[2]` are collected and taken out."""

    def __init__(self, check: Callable[[str, str], Violation | None]) -> None:
        """`check(sentence, text_before_it)` tells what is wrong, or gives None."""
        self._check = check
        self._waiting = ""
        self._shown: list[str] = []
        self._marks: list[int] = []

    @property
    def text(self) -> str:
        """All that was let through."""
        return "".join(self._shown).strip()

    @property
    def marks(self) -> tuple[int, ...]:
        """The passages that were cited, in the order of first mention."""
        return tuple(dict.fromkeys(self._marks))

    @property
    def raw(self) -> str:
        """What still waits."""
        return self._waiting

    def feed(self, piece: str) -> str:
        """Take a piece; gives the sentences that are complete and sound. Raises `CheckFailed`."""
        self._waiting += piece
        if len(self._waiting) + sum(map(len, self._shown)) > LONGEST:
            raise CheckFailed(violation_of("length"))
        if self._must_wait():
            return ""
        cut = max(sentence_ends(self._waiting), default=0)
        ready, self._waiting = self._waiting[:cut], self._waiting[cut:]
        return self._let_through(ready)

    def finish(self) -> str:
        """The stream is over: check and give the rest. Raises `CheckFailed`."""
        rest = _THOUGHT.sub("", self._waiting)
        self._waiting = ""
        if "<think>" in rest or (not self._shown and may_be_json(rest)):
            raise CheckFailed(violation_of("garbage"))
        return self._let_through(rest)

    def _must_wait(self) -> bool:
        """True while it may still turn out to be a tool call or a thought."""
        if not self._shown:
            self._waiting = _THOUGHT.sub("", self._waiting)
        start = self._waiting.lstrip()
        if self._shown:
            return False
        return not start or "<think>".startswith(start[:7]) or may_be_json(start)

    def _let_through(self, text: str) -> str:
        """All of `text` if every sentence of it is sound."""
        self._marks += [int(mark) for mark in _MARK.findall(text)]
        text = clean_text(_MARK.sub("", text))
        if not self._shown:
            text = text.lstrip()
        for sentence in split_sentences(text):
            if sentence.strip() and (problem := self._check(sentence, "".join(self._shown))):
                raise CheckFailed(problem)
            self._shown.append(sentence)
        return text
