"""What must not get lost in translation: links, addresses, codes and words of the glossary stand
behind marks while a model has the text; numbers are compared afterwards.

Above: `model`. Below: `core.specialists.checks`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.specialists.checks import Evidence

_KEPT = re.compile(
    r"https?://[^\s<>\"]+|www\.[^\s<>\"]+|[\w.+-]+@[\w-]+\.[\w.-]+\w"
    r"|(?<![\w-])(?=[A-Za-z0-9-]*\d)(?=[A-Za-z0-9-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?![\w-])"
    r"|`[^`\n]+`"
)
_MARK = re.compile(r"\[#(\d{1,3})\]")
_END_OF_LINK = ".,;:!?)]}'\""


@dataclass(frozen=True)
class Marked:
    """A text with marks `[#1]` in place of what must stay as it is."""

    text: str
    kept: tuple[str, ...]


def mark(text: str, glossary: Sequence[str] = ()) -> Marked:
    """Put marks in; one for each place."""
    terms = sorted({term for term in glossary if term.strip()}, key=len, reverse=True)
    words = "|".join(re.escape(term) for term in terms)
    rule = re.compile(rf"(?<!\w)(?:{words})(?!\w)|{_KEPT.pattern}") if words else _KEPT
    kept: list[str] = []

    def replace(found: re.Match[str]) -> str:
        whole = found[0]
        bare = whole.rstrip(_END_OF_LINK) if "://" in whole or whole.startswith("www.") else whole
        kept.append(bare)
        return f"[#{len(kept)}]{whole[len(bare) :]}"

    # What looks like a mark already must not be taken for one of ours.
    return Marked(rule.sub(replace, _MARK.sub(r"[\1]", text)), tuple(kept))


def restore(translation: str, marked: Marked) -> str | None:
    """The translation with what stood behind the marks; None if one is missing, twice or new."""
    found = [int(number) for number in _MARK.findall(translation)]
    if sorted(found) != list(range(1, len(marked.kept) + 1)):
        return None
    return _MARK.sub(lambda one: marked.kept[int(one[1]) - 1], translation)


def lost(original: str, translation: str) -> list[str]:
    """Numbers and links of either text that the other does not have."""
    before, after = Evidence([original], "customer"), Evidence([translation], "customer")
    return [
        *after.invented_numbers(original), *after.invented_links(original),
        *before.invented_numbers(translation), *before.invented_links(translation),
    ]  # fmt: skip
