"""Cuts a text into the pieces that the model knows: the likeliest way by their scores. Pure.

Above: `kb.embed.encoder`. Below: the tables of `kb.embed.weights`.
"""

from __future__ import annotations

from kb.embed.weights import Weights

_SPACE = "\u2581"  # how the vocabulary writes a space


class Tokenizer:
    """A unigram tokenizer over the vocabulary of a model file."""

    def __init__(self, weights: Weights) -> None:
        self._pieces = weights.pieces
        self._scores = weights.scores
        self._unknown = weights.unknown
        self._replacements = weights.replacements
        self._longest = max(map(len, self._pieces))
        self._penalty = min(self._scores) - 10.0

    def ids(self, text: str) -> list[int]:
        """The pieces of a text, without those that begin and end one."""
        marks = [char.encode() for char in self._normalise(text)]
        starts = [0]
        for mark in marks:
            starts.append(starts[-1] + len(mark))
        return self._cut(b"".join(marks), starts)

    def _normalise(self, text: str) -> str:
        replaced = text.translate(self._replacements)
        while "  " in replaced:
            replaced = replaced.replace("  ", " ")
        return (replaced if replaced.startswith(" ") else " " + replaced).replace(" ", _SPACE)

    def _cut(self, data: bytes, starts: list[int]) -> list[int]:
        """The best way to each place, from the one before it on that way (Viterbi)."""
        count = len(starts) - 1
        best = [0.0] + [float("-inf")] * count
        piece, origin = [0] * (count + 1), [0] * (count + 1)
        pieces, scores, unknown = self._pieces, self._scores, self._unknown
        for at in range(count):
            here, begin = best[at], starts[at]
            if here + self._penalty > best[at + 1]:
                best[at + 1], piece[at + 1], origin[at + 1] = here + self._penalty, unknown, at
            for to in range(at + 1, count + 1):
                end = starts[to]
                if end - begin > self._longest:
                    break
                found = pieces.get(data[begin:end])
                if found is not None and found != unknown and here + scores[found] > best[to]:
                    best[to], piece[to], origin[to] = here + scores[found], found, at
        found_ids: list[int] = []
        while count > 0:
            found_ids.append(piece[count])
            count = origin[count]
        return found_ids[::-1]
