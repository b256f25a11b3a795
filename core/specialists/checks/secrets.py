"""What must never leave: the mark of the prompt, its own words, keys and tokens, hidden letters.

Above: `answer`. Below: `folding`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from core.specialists.checks.folding import words_of

_SECRET = re.compile(
    r"\bsk-[A-Za-z0-9_-]{16,}|\bxox[abposr]-[\w-]{10,}|\bgh[pousr]_\w{20,}|\bAKIA[A-Z0-9]{12,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}|-----BEGIN [A-Z ]+-----|\b\d{8,10}:[\w-]{30,}"
    r"|\bwhsec_\w{10,}|(?i:\bbearer\s+[\w.~+/-]{16,})"
    r"|(?i:\b(?:password|api[ _-]?key|token|secret)\s*[:=]\s*[\w.~+/-]{12,})"
)
_RUN = 12  # so many words of the prompt in a row are no accident
_HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e01ef]")
_MIXED = re.compile(r"(?=\w*[A-Za-z])(?=\w*[\u0400-\u04ff])[^\W\d_]{3,}")
_LOOKALIKE = frozenset("асеорхукіјѕһԁԛԝмтвнАСЕОРХУКІЈЅМТВН")


class Guarded:
    """A prompt that must not be told: its mark and its long runs of words."""

    def __init__(self, mark: str, prompt: str) -> None:
        self._mark = mark
        self._runs = _runs_of_prompt(prompt)

    def leaks(self, text: str) -> bool:
        """True if `text` gives away the mark, a run of the prompt, or any secret."""
        if self._mark and self._mark in text.replace(" ", "").replace("-", ""):
            return True
        return _SECRET.search(text) is not None or not self._runs.isdisjoint(_runs(words_of(text)))


def is_disguised(text: str) -> bool:
    """True if it holds letters that cannot be seen, or words in two scripts that look like one."""
    if _HIDDEN.search(text):
        return True
    return any(
        all(letter in _LOOKALIKE for letter in word if letter > "\u03ff")
        for word in _MIXED.findall(text)
    )


@lru_cache(maxsize=64)
def _runs_of_prompt(prompt: str) -> frozenset[str]:
    return frozenset(_runs(words_of(prompt)))


def _runs(words: list[str]) -> list[str]:
    return [" ".join(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)]
