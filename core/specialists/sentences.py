"""Where sentences end, in five languages; abbreviations, ordinals and decimals end none.

Above: `gate`. Below: nothing. Made for text that is still being written: an end is only told when
the blank after it is there, and where the next word decides, when that word is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"[.!?…]+[\"'»”“)\]*_]*(?:\s*\[\d{1,2}\])*(?P<gap>\s+)|\n+")
_ABBREVIATIONS_LISTED = """
mr mrs ms dr prof st no nos e.g i.e eg ie etc vs approx inc ltd co dept ext fig vol jan feb mar
apr jun jul aug sep sept oct nov dec a.m p.m incl max min tel hr hrs u.s napr např tj tzv resp
popr příp pripad atd apod č c čís str tř pan p ing mgr bc judr mudr tel vč cca hod mj odst kč ul
nám т т.е т.д т.п т.к е д п др см напр руб коп ул г гг стр тел мин час тыс млн им рис z z.b b
bzw ca d.h d h u u.a a usw nr inkl exkl ggf evtl str tel abs art bspw vgl sog zzgl mwst hr fr
ing mo di mi sr sra srta ud uds vd p.ej ej pág pag núm num art av avda dra prof aprox tel máx
mín ee.uu
"""
_ABBREVIATIONS = frozenset(_ABBREVIATIONS_LISTED.split())
_LAST_WORD = re.compile(r"([^\W\d_]+(?:\.[^\W\d_]+)*)\.[\"'»”)]*$")
_ORDINAL = re.compile(r"(?:^|[\s(])(\d{1,4})\.$")
_LINE_MARK = re.compile(r"(?:^|\n)[ \t]*\d{1,2}\.$")


def sentence_ends(text: str, *, whole: bool = False) -> Iterator[int]:
    """Places after each complete sentence of `text`. `whole`: nothing comes after it."""
    for found in _END.finditer(text):
        if (
            found["gap"] is None
            or "\n" in found["gap"]
            or not _goes_on(text, found.start(), found.end(), found[0], whole=whole)
        ):
            yield found.end()


def _goes_on(text: str, start: int, end: int, mark: str, *, whole: bool) -> bool:
    """True if the mark does not end a sentence, or it cannot be told yet."""
    if not mark.startswith(".") or mark.startswith("..") or "…" in mark:
        return False
    head = text[: start + 1]
    following = text[end : end + 1]
    if _LINE_MARK.search(head):
        return True
    if _ORDINAL.search(head[-8:]):
        # 21. listopadu, am 3. November, Nr. 5. Dann: the next word tells.
        if not following:
            return not whole
        return following.islower() or following.isdigit() or _is_month(text[end:])
    word = _LAST_WORD.search(head[-24:])
    if word is None:
        return False
    bare = word[1].lower()
    short = (len(bare) == 1 and bare not in {"i", "a", "y", "o", "я"}) or bare in _ABBREVIATIONS
    if not short:
        return False
    return bool(following) or not whole


def _is_month(text: str) -> bool:
    return re.match(r"(?:Jan|Jän|Feb|März|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|[Ee]tage|Tag)", text) is not None  # noqa: E501  # fmt: skip


def split_sentences(text: str) -> list[str]:
    """The sentences of a whole text, blanks kept: they add up to it."""
    ends = [*sentence_ends(text, whole=True)]
    if not ends or ends[-1] < len(text):
        ends.append(len(text))
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False) if start < end]
