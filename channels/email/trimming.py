"""What the sender wrote now: without quotes, attributions, signatures and footers. Pure.

Above: `parsing`. Below: `quotes`, `signatures`. Answers between the lines of a quote keep the quote
they answer. A mail never becomes empty by this: where nothing would be left, less is taken away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from channels.email.quotes import (
    attribution_lines,
    header_lines,
    is_forward,
    is_separator,
    sender_in,
)
from channels.email.signatures import cut_signature

_MOST_LINES = 5_000
_QUOTED = re.compile(r"^\s{0,3}(?:>|\|(?=\s))")
_FORWARDED = re.compile(
    r"^\s*(?:fwd?|wg|fw|i|tr|rv|enc|p[rř]ep(?:osl[aá]no)?|пересл\w*)\s*:", re.IGNORECASE
)
_MANY_BLANK = re.compile(r"\n{3,}")
# A quote without an attribution that is no longer than this may be the sender's own words.
_SHORT_QUOTE = 4


@dataclass
class _Stretch:
    kind: str  # text, quote, attribution, forward
    lines: list[str]


def trim(full_text: str, *, subject: str = "") -> str:
    """See the module."""
    lines = full_text.split("\n")[:_MOST_LINES]
    stretches = _divide(lines, forwarded=_FORWARDED.match(subject) is not None)
    kept = _keep(stretches)
    text = _join(kept)
    return text or _join([_Stretch("text", cut_signature(lines))]) or full_text.strip()


def _divide(lines: Sequence[str], *, forwarded: bool) -> list[_Stretch]:
    stretches: list[_Stretch] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        if _QUOTED.match(line):
            _add(stretches, "quote", line)
            place += 1
        elif is_forward(line) or (forwarded and _ends_here(lines, place)):
            stretches.append(_Stretch("forward", list(lines[place:])))
            break
        elif _ends_here(lines, place):
            stretches.append(_Stretch("end", list(lines[place:])))
            break
        elif (count := attribution_lines(lines, place)) and not _is_first_word(
            stretches, lines, place + count
        ):
            stretches.append(_Stretch("attribution", list(lines[place : place + count])))
            place += count
            if not _quote_follows(lines, place):
                stretches.append(_Stretch("end", list(lines[place:])))
                break
        else:
            _add(stretches, "text", line)
            place += 1
    return stretches


def _ends_here(lines: Sequence[str], place: int) -> bool:
    return is_separator(lines[place]) or header_lines(lines, place) > 0


def _is_first_word(stretches: Sequence[_Stretch], lines: Sequence[str], after: int) -> bool:
    """True if nothing was said yet and no marked quote follows: then it is no attribution."""
    said = any(line.strip() for stretch in stretches for line in stretch.lines)
    return not said and not _quote_follows(lines, after)


def _quote_follows(lines: Sequence[str], place: int) -> bool:
    for line in lines[place : place + 4]:
        if line.strip():
            return _QUOTED.match(line) is not None
    return False


def _add(stretches: list[_Stretch], kind: str, line: str) -> None:
    """Blank lines belong to whatever is before them."""
    if not stretches or (stretches[-1].kind != kind and (kind == "quote" or line.strip())):
        stretches.append(_Stretch(kind, []))
    stretches[-1].lines.append(line)


def _keep(stretches: list[_Stretch]) -> list[_Stretch]:
    """Texts without signatures; quotes that are answered in between; forwarded mails."""
    quotes = [place for place, one in enumerate(stretches) if one.kind == "quote"]
    answered = [place for place in quotes if _text_follows(stretches, place)]
    between = len(answered) >= 2 or (len(quotes) >= 2 and len(answered) >= 1)
    kept: list[_Stretch] = []
    for place, one in enumerate(stretches):
        if one.kind == "text":
            kept.append(_Stretch("text", cut_signature(one.lines)))
        elif one.kind == "forward":
            kept.append(_Stretch("forward", _without_head(one.lines)))
        elif one.kind == "quote" and (
            (between and place in answered) or _is_own_quote(stretches, place)
        ):
            kept.append(one)
    return kept


def _without_head(lines: Sequence[str]) -> list[str]:
    """A forwarded mail as other channels show it: who wrote it, and what."""
    rest = list(lines)
    while rest and (not rest[0].strip() or is_forward(rest[0]) or is_separator(rest[0])):
        del rest[0]
    count = header_lines(rest, 0) if rest else 0
    sender = sender_in(rest[:count])
    if not sender:
        return list(lines)
    said = rest[count:]
    while said and not said[0].strip():
        del said[0]
    return [f"⤷ {sender}:", *said]


def _text_follows(stretches: Sequence[_Stretch], place: int) -> bool:
    after = stretches[place + 1] if place + 1 < len(stretches) else None
    return (
        after is not None
        and after.kind == "text"
        and any(line.strip() for line in cut_signature(after.lines))
        and not _only_signature(after.lines)
    )


def _only_signature(lines: Sequence[str]) -> bool:
    first = next((line for line in lines if line.strip()), "")
    return first in {"-- ", "--"}


def _is_own_quote(stretches: Sequence[_Stretch], place: int) -> bool:
    """The only quote, short and under no attribution, such as an error message that is pasted."""
    before = stretches[place - 1] if place else None
    kinds = [one.kind for one in stretches]
    if before is None or before.kind != "text" or kinds.count("quote") != 1:
        return False
    inside = [line.lstrip("> ") for line in stretches[place].lines]
    last = next((line for line in reversed(before.lines) if line.strip()), "")
    looks_attributed = last.rstrip().endswith(":") and any(mark in last for mark in "<@0123456789")
    attributed = looks_attributed or "attribution" in kinds or attribution_lines(inside, 0) > 0
    return not attributed and len(inside) <= _SHORT_QUOTE


def _join(stretches: Sequence[_Stretch]) -> str:
    text = "\n".join("\n".join(one.lines) for one in stretches)
    return _MANY_BLANK.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()
