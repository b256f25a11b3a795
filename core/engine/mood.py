"""How a customer feels and how much it hurries: values, from the head or from plain signs.

Above: `triage`. Below: `classifier`.

Sentiment: positive, neutral, negative, frustrated, angry. Priority: low, medium, high, urgent.
"""

from __future__ import annotations

import re

from core.engine.classifier import Classifier
from core.engine.features import Features

SENTIMENTS = ("positive", "neutral", "negative", "frustrated", "angry")
PRIORITIES = ("low", "medium", "high", "urgent")
_SURE = 0.45
_SHOUTING = re.compile(r"!{2,}|\?!|!\?")
_WORD = re.compile(r"[^\W\d_]{3,}")


class Moods:
    """Judges with the trained heads; without a head everything is neutral and medium."""

    def __init__(self, heads: dict[str, Classifier]) -> None:
        self._sentiment = heads.get("sentiment")
        self._priority = heads.get("priority")

    def sentiment(self, text: str, row: Features) -> str:
        """One of `SENTIMENTS`; shouting makes a bad mood worse."""
        found = _best(self._sentiment, row, SENTIMENTS) or "neutral"
        if is_shouted(text) and found in {"negative", "frustrated"}:
            return "angry" if found == "frustrated" else "frustrated"
        return found

    def priority(self, text: str, row: Features, sentiment: str) -> str:
        """One of `PRIORITIES`; an angry customer is never of low or medium priority."""
        found = _best(self._priority, row, PRIORITIES) or "medium"
        if sentiment == "angry" and found in {"low", "medium"}:
            return "high"
        return found


def is_shouted(text: str) -> bool:
    """Rows of exclamation marks, or most words in capitals."""
    words = _WORD.findall(text)
    loud = sum(word.isupper() for word in words)
    return bool(_SHOUTING.search(text)) or (len(words) >= 3 and loud >= 0.6 * len(words))


def _best(head: Classifier | None, row: Features, allowed: tuple[str, ...]) -> str | None:
    if head is None:
        return None
    chances = head.probabilities(row)[0]
    column = int(chances.argmax())
    label = head.labels[column]
    return label if label in allowed and float(chances[column]) >= _SURE else None
