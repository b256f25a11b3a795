"""How much of what was found is said: the best span with the beginning of its article, no page.

Above: `plain`. Below: `core.ports`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.ports import Passage

_SENTENCE_END = re.compile(r"[.!?…](?=\s)|\n")
_SENTENCES = re.compile(r"(?<=[.!?…])\s+|\n+")
_NEAR_THE_BEST = 0.5


def shorten(text: str, room: int) -> str:
    """At most `room` signs, cut behind a sentence; the citation leads to the rest."""
    if len(text) <= room:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text, 0, room)]
    if ends and ends[-1] >= room // 3:
        return text[: ends[-1]].rstrip()
    return f"{text[: room - 1].rsplit(None, 1)[0].rstrip(' ,;:')}…"


def span_of(passage: Passage) -> str:
    """The words of a passage that are said."""
    return passage.span.strip() or passage.text.strip()


def with_lead(best: Passage, found: Sequence[Passage], room: int) -> tuple[Passage, ...]:
    """The best passage; before it the beginning of the same article, when that is nearly as good
    and both are short enough: several passages of one article answer together."""
    near = [
        item
        for item in found
        if item.document == best.document
        and _place(item) < _place(best)
        and item.score >= best.score * _NEAR_THE_BEST
    ]
    lead = min(near, key=_place, default=None)
    if lead is None or len(span_of(lead)) + len(span_of(best)) + 2 > room:
        return (best,)
    return (lead.model_copy(update={"span": _without(span_of(lead), span_of(best))}), best)


def _without(lead: str, best: str) -> str:
    """The lead without the sentences that the best span says again."""
    kept = [sentence for sentence in _SENTENCES.split(lead) if sentence not in best]
    return " ".join(kept) or lead


def _place(passage: Passage) -> int:
    """Where in its article a passage stands: ids end with `#` and a number."""
    number = passage.id.rpartition("#")[2]
    return int(number) if number.isdecimal() else 0
