"""Finds the part of a passage that answers: one to four sentences in a row, word for word. Pure.

Above: `kb.search`. Below: `kb.chunker`.
"""

from __future__ import annotations

from kb.chunker import sentences

LONGEST = 480
_MOST = 4


def best_span(text: str, query: str) -> str:
    """The run of sentences to quote; the whole text when it is short."""
    whole = text.strip()
    if len(whole) <= LONGEST:
        return whole
    parts = sentences(text)[:_MOST]
    while len(parts) > 1 and sum(map(len, parts)) > LONGEST:
        parts.pop()
    start = whole.find(parts[0])
    end = whole.find(parts[-1], start) + len(parts[-1])
    return whole[start:end]
