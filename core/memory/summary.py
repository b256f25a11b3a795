"""The rolling summary: what older entries came to, cut at the borders of turns only.

Above: `update`. Below: `fold`, `secrets`, `speech`, `state`. Pure, and without a model: it keeps
the customer's goal, decisions, figures, promises and questions, in the words they were said in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from core.memory.fold import fold, split_sentences
from core.memory.secrets import mask_secrets
from core.memory.speech import CORRECTS, pattern
from core.memory.state import Line, Summary
from core.messages import Entry

# Cut when more than CUT_AT entries lie after the border; KEEP of them stay as they are. Both are
# below the window a turn is shown, so nothing falls out of it that the summary has not read.
CUT_AT = 40
KEEP = 20
_LONGEST_LINE = 240
_BUDGET = 6000  # characters, about 1,500 tokens
_FILLER = re.compile(
    r"^(?:hi|hello|hey|thanks?|thank you|ok(?:ay)?|great|yes|no|sure|ahoj|dobry den"
    r"|diky|dekuji|jasne|ano|ne|dobre|super|привет|здравствуите|спасибо|да|нет|хорошо|ок|понятно"
    r"|hallo|guten tag|danke|ja|nein|gut|alles klar|hola|buenos dias|gracias|si|vale"
    r"|de acuerdo)\b[\s\w,]{0,24}[.!)]*$"
)
_DECIDES = (
    r"\b(?:i (?:want|need|would like|will take|choose|decided|agree)|let's|go ahead|please cancel"
    r"|chci|potrebuji|rozhod\w*|vyberu|souhlasim|zruste|беру|хочу|нужно|реши\w+|согласен|согласна"
    r"|отмените|ich (?:mochte|will|brauche|nehme)|entschieden|einverstanden|stornieren"
    r"|quiero|necesito|decidi\w*|acepto|cancelen?)\b"
)
PROMISES = (
    r"\b(?:(?:i|we)(?:'ll| will| am going to| are going to)\s(?!be (?:happy|glad))\w+"
    r"|you will (?:get|receive|hear)"
    r"|(?:ozveme|ozvu|zavolame|posleme|poslu|zaridime|provedeme|budeme vas|vratime)\b"
    r"|(?:мы|я) (?:свяж\w+|пришл\w+|верн\w+|отправ\w+|перезвон\w+|сообщ\w+|провер\w+|оформ\w+)"
    r"|(?:wir|ich) (?:werden?|melden?|schicken?|senden?|rufen?|erstatten?|kummern?)\b"
    r"|(?:le|te|os|les) (?:llamaremos|enviaremos|enviare|avisaremos|devolveremos|contactaremos)"
    r"|(?:vamos|voy) a \w+)"
)


def unread_after(entries: Sequence[Entry], upto: int) -> list[Entry]:
    """What the summary has not taken in."""
    return [entry for entry in entries if entry.seq > upto]


def turn_borders(entries: Sequence[Entry]) -> list[int]:
    """Sequences of last entries of turns: after each of them the customer begins anew."""
    return [
        before.seq
        for before, after in pairwise(entries)
        if after.author.role == "customer" and before.author.role != "customer"
    ]


def find_cut(entries: Sequence[Entry], upto: int) -> int | None:
    """The border to cut at, so that about KEEP entries stay; None: nothing to cut.

    The last turn is never cut off. Words of the customer alone that are more than a window holds
    have no border between turns; they are cut between two messages.
    """
    rest = unread_after(entries, upto)
    if len(rest) <= CUT_AT:
        return None
    wanted = rest[-KEEP - 1].seq
    borders = [seq for seq in turn_borders(rest) if seq <= wanted]
    if borders:
        return borders[-1]
    later = [seq for seq in turn_borders(rest) if seq > wanted]
    if later and len(unread_after(rest, later[0])) >= 1 and rest[-1].seq - later[0] <= CUT_AT:
        return later[0]
    return wanted


def fold_in(summary: Summary, entries: Sequence[Entry], cut: int) -> Summary:
    """The summary with the entries up to `cut` in it."""
    lines = list(summary.lines)
    for entry in entries:
        if summary.upto < entry.seq <= cut:
            lines += lines_of(entry, has_goal=any(line.kind == "goal" for line in lines))
    return Summary(
        upto=cut, lines=bounded(tuple(lines)), text=summary.text, text_upto=summary.text_upto
    )


def without_stale(summary: Summary, stale: Sequence[str]) -> Summary:
    """Without the lines that tell what is no longer true."""
    patterns = [
        re.compile(rf"(?<!\w){re.escape(fold(value))}(?!\w)") for value in stale if len(value) > 1
    ]
    if not patterns:
        return summary
    kept = tuple(
        line for line in summary.lines
        if not any(rule.search(fold(line.text)) for rule in patterns)
    )  # fmt: skip
    text = summary.text
    if any(rule.search(fold(text)) for rule in patterns):
        text = ""
    return summary.model_copy(update={"lines": kept, "text": text})


def bounded(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """What fits: goal, decisions, promises and figures stay longest; among equals the newest."""
    size = sum(len(line.text) for line in lines)
    gone = set[int]()
    for place in sorted(range(len(lines)), key=lambda at: (_weight(lines[at]), lines[at].seq)):
        if size <= _BUDGET:
            break
        gone.add(place)
        size -= len(lines[place].text)
    return tuple(line for place, line in enumerate(lines) if place not in gone)


def promises_in(text: str) -> list[str]:
    """Sentences of ours that say something will happen."""
    return [
        sentence[:_LONGEST_LINE]
        for sentence in split_sentences(text)
        if not sentence.endswith("?") and pattern(PROMISES).search(fold(sentence))
    ]


def first_matter(text: str) -> str:
    """What a message is about: its first sentence that says something."""
    for sentence in split_sentences(mask_secrets(text)):
        if not is_filler(sentence):
            return sentence[:_LONGEST_LINE]
    return ""


def is_filler(sentence: str) -> bool:
    """Greetings, thanks, yes and no."""
    return len(sentence) < 4 or _FILLER.match(fold(sentence)) is not None


def lines_of(entry: Entry, *, has_goal: bool) -> list[Line]:
    """What the summary keeps of one entry."""
    if entry.kind != "message" or not entry.text.strip():
        return []
    role = entry.author.role
    if role != "customer":
        return [
            Line(seq=entry.seq, role=role, kind="promise", text=mask_secrets(sentence))
            for sentence in promises_in(entry.text)
        ] or _decision_of(entry)
    lines: list[Line] = []
    for sentence in split_sentences(mask_secrets(entry.text)):
        if is_filler(sentence):
            continue
        kind = "said" if has_goal else "goal"
        has_goal = True
        if kind == "said" and pattern(_DECIDES).search(fold(sentence)):
            kind = "decision"
        elif kind == "said" and sentence.endswith("?"):
            kind = "question"
        lines.append(Line(seq=entry.seq, role=role, kind=kind, text=sentence[:_LONGEST_LINE]))
    return lines


def _decision_of(entry: Entry) -> list[Line]:
    """The words of a person of ours count as a decision."""
    if entry.author.role != "human_agent":
        return []
    text = mask_secrets(entry.text)[:_LONGEST_LINE]
    return [Line(seq=entry.seq, role="human_agent", kind="decision", text=text)]


def _weight(line: Line) -> int:
    if line.kind in {"goal", "promise"}:
        return 4
    figures = any(character.isdigit() for character in line.text)
    if line.kind == "decision" or pattern(CORRECTS).search(fold(line.text)):
        return 3
    return 2 if figures else 1 if line.kind == "said" else 0
