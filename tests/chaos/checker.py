"""Judges what a platform has seen of a conversation: the same for every channel and every bot.

Above: the chaos tests of channels. Below: nothing. Customers say words that occur nowhere else, and
whoever answers says them back, alone or several in one answer. So the answers tell what was read,
in which order, and how often.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"ref[A-Z]+")


@dataclass(frozen=True)
class Verdict:
    """Each as `customer word`."""

    asked: int
    unanswered: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    disordered: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.asked} asked, {len(self.unanswered)} unanswered, {len(self.doubled)} answered "
            f"twice, {len(self.disordered)} out of order, {len(self.strange)} nobody's"
        )


def judge(said: Mapping[str, Sequence[str]], seen: Mapping[str, Sequence[str]]) -> Verdict:
    """`said`: the words of each customer in their order; `seen`: the answers in each chat."""
    unanswered: list[str] = []
    doubled: list[str] = []
    disordered: list[str] = []
    strange: list[str] = []
    for who, words in said.items():
        answered = _WORD.findall("\n".join(seen.get(who, ())))
        counts = Counter(answered)
        unanswered += [f"{who} {word}" for word in words if not counts[word]]
        doubled += [f"{who} {word}" for word, count in counts.items() if count > 1]
        strange += [f"{who} {word}" for word in counts if word not in words]
        place = {word: number for number, word in enumerate(words)}
        highest = -1
        for word in dict.fromkeys(word for word in answered if word in place):
            if place[word] < highest:
                disordered.append(f"{who} {word}")
            highest = max(highest, place[word])
    return Verdict(
        asked=sum(map(len, said.values())), unanswered=tuple(unanswered), doubled=tuple(doubled),
        disordered=tuple(disordered), strange=tuple(strange),
    )  # fmt: skip
