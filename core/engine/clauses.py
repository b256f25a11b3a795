"""Cuts a message into the parts that may each ask for something of their own. Pure.

Above: `scene`, `triage`. Below: nothing. It cuts too much rather than too little: a part only
counts when triage is sure of it, and when it asks for something else than the other parts.
"""

from __future__ import annotations

import re

_MOST = 4
_LEAST_WORDS = 3
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+|;\s+")
# "And", "also", "besides", "by the way" where they can begin a clause; the same letters are other
# words in other languages.
_JOINTS: dict[str, re.Pattern[str]] = {
    language: re.compile(rf",?\s+(?:{words})\s+", re.IGNORECASE)
    for language, words in {
        "en": r"and(?:\s+also)?|also|plus|besides|by the way",
        "cs": r"a(?:\s+tak[eé])?|tak[eé]|nav[ií]c|mimochodem",
        "ru": r"и(?:\s+ещ[её])?|а\s+(?:ещ[её]|также)|также|кстати",
        "de": r"und(?:\s+(?:auch|außerdem))?|außerdem|übrigens",
        "es": r"y(?:\s+además|\s+también)?|además|también|por cierto",
    }.items()
}


def split_clauses(text: str, language: str | None) -> tuple[str, ...]:
    """The parts of a message in order, at most four; empty when it has only one."""
    sentences = [part.strip() for part in _SENTENCE.split(text) if part and part.strip()]
    parts: list[str] = []
    for sentence in sentences:
        parts.extend(_of_sentence(sentence, language))
    long_enough = [part for part in parts if len(part.split()) >= _LEAST_WORDS]
    return tuple(long_enough[:_MOST]) if len(long_enough) > 1 else ()


def _of_sentence(sentence: str, language: str | None) -> list[str]:
    """Cut at "and" if every piece could stand alone. Never at a comma: outside English they mark
    clauses of one matter, not several matters."""
    joint = _JOINTS.get(language or "")
    pieces = [piece.strip(" ,") for piece in joint.split(sentence)] if joint else []
    if len(pieces) > 1 and all(len(piece.split()) >= _LEAST_WORDS for piece in pieces):
        return pieces
    return [sentence]
