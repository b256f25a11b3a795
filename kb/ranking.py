"""Puts candidate passages in order, and says what speaks for each. Pure.

Above: `kb.search`, `kb.calibrator`. Below: `kb.snapshot`, `kb.lexical`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.ports import Passage
from kb.documents import StoredDocument, Vector
from kb.frame import closeness
from kb.lexical import codes_of, grams_of, likeness
from kb.snapshot import Item, Snapshot

LETTERS_WEIGHT = 1.0
FOREIGN_LETTERS = 0.15
# How far behind a translation in the customer's own language may be and still be shown instead.
OWN_LANGUAGE = 0.25
# How far behind another passage of its document its beginning may be and still be shown first:
# articles answer in their first paragraph, and the title they share makes the rest nearly as near.
LEAD = 0.15
# The largest distance between two matters that counts.
FARTHEST = 0.5
_CODE_FOUND = 0.5
_CODE_ABSENT = -0.4
_CODE_NAMED = 0.2

Allows = Callable[[Item], bool]


@dataclass(frozen=True, slots=True)
class Question:
    """A query: its words, its unit vector, and the language it is in (None: not known)."""

    text: str
    vector: Vector
    language: str | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage and its evidence: by meaning, by letters, by codes; `total` orders. `nearness`
    and `handicap` are those of the question, the same for every passage (see `kb.frame`). `ahead`
    is how far its family is before the best of all others (below 0: behind it)."""

    item: Item
    meaning: float
    letters: float
    codes: float
    own_language: bool
    nearness: float = 0.0
    handicap: float = 0.0
    ahead: float = 0.0

    @property
    def total(self) -> float:
        """What the order goes by."""
        return self.meaning + LETTERS_WEIGHT * self.letters + self.codes


def rank(
    snapshot: Snapshot,
    question: Question,
    candidates: Iterable[str],
    *,
    allows: Allows | None = None,
) -> list[Ranked]:
    """Candidates, and what shares a code with the question, best first, each family in one
    language. `allows` says which passages may be found at all."""
    codes = codes_of(question.text)
    rows = _rows(snapshot, candidates, codes)
    rows = [row for row in rows if allows is None or allows(snapshot.items[row])]
    if not rows:
        return []
    meaning = snapshot.placed[rows] @ snapshot.frame.place_question(
        question.vector, question.language
    )
    letters = _letters(snapshot, question, rows)
    close = closeness(question.vector[None], snapshot.raw[rows])
    nearness = snapshot.frame.nearness(float(close[0]), question.language)
    ranked = [
        Ranked(
            snapshot.items[row], float(meaning[at]), letters[at],
            _codes(snapshot.items[row], codes),
            _is_own(snapshot.items[row].document, question.language),
            nearness,
            snapshot.frame.handicap(question.language),
        )
        for at, row in enumerate(rows)
    ]  # fmt: skip
    ranked.sort(key=lambda found: -found.total)
    return _with_distance(_lead_first(_one_language_a_family(ranked)))


def similarity(question: Question, item: Item) -> float:
    """The plain cosine of question and passage."""
    return float(np.dot(question.vector, item.vector))


def _rows(snapshot: Snapshot, candidates: Iterable[str], codes: frozenset[str]) -> list[int]:
    found = {snapshot.rows[name]: None for name in candidates if name in snapshot.rows}
    for code in codes:
        found |= dict.fromkeys(snapshot.by_code.get(code, ()))
    return list(found)


def _letters(snapshot: Snapshot, question: Question, rows: Sequence[int]) -> list[float]:
    lexicon = snapshot.lexicons.get(question.language or "")
    if lexicon is None:
        return [0.0] * len(rows)
    spread = lexicon.spread(grams_of(question.text))
    return [
        likeness(spread, snapshot.items[row].grams, snapshot.lengths[row])
        if snapshot.items[row].document.language == question.language
        else FOREIGN_LETTERS
        for row in rows
    ]


def _codes(item: Item, asked: frozenset[str]) -> float:
    """A passage about E14 answers a question about E14, and none about E15; an article named after
    it answers better than a list of all codes."""
    if not asked:
        return 0.0
    share = len(asked & item.codes) / len(asked)
    if not share:
        return _CODE_ABSENT
    return _CODE_FOUND * share + (_CODE_NAMED if asked & codes_of(item.document.title) else 0.0)


def _is_own(document: StoredDocument, language: str | None) -> bool:
    if language is None:
        return document.translation_of is None
    return document.language == language


def _one_language_a_family(ranked: list[Ranked]) -> list[Ranked]:
    """The asker's language (the original, if that is not known) if what it says is nearly as near,
    else the nearest.

    What is shown in place of a nearer translation takes over its evidence.
    """
    best: dict[str, Ranked] = {}
    own: dict[str, Ranked] = {}
    for found in ranked:
        best.setdefault(found.item.family, found)
        if found.own_language:
            own.setdefault(found.item.family, found)
    kept: list[Ranked] = []
    for found in ranked:
        leader = best[found.item.family]
        mine = own.get(found.item.family, leader)
        chosen = mine if _behind(mine, leader) <= OWN_LANGUAGE else leader
        if found.item.document.language == chosen.item.document.language:
            kept.append(replace(found, meaning=found.meaning + leader.total - chosen.total))
    return sorted(kept, key=lambda found: -found.total)


def _behind(mine: Ranked, leader: Ranked) -> float:
    """How far; by meaning alone if that is less, as letters are only guessed across languages."""
    return min(leader.total - mine.total, leader.meaning - mine.meaning)


def _lead_first(ranked: list[Ranked]) -> list[Ranked]:
    """The beginning of a document before its other passages, if it is nearly as near as they."""
    best: dict[str, Ranked] = {}
    for found in ranked:
        best.setdefault(found.item.document.id, found)
    kept: list[Ranked] = []
    for found in ranked:
        ahead = best[found.item.document.id].total - found.total
        if found.item.passage.ordinal == 0 and 0 < ahead <= LEAD:
            found = replace(found, meaning=found.meaning + ahead + 1e-6)
        kept.append(found)
    return sorted(kept, key=lambda found: -found.total)


def _with_distance(ranked: list[Ranked]) -> list[Ranked]:
    """Each with the distance of its family to the others: one matter far before all others is
    seldom a wrong one."""
    best: dict[str, float] = {}
    for found in ranked:
        best.setdefault(found.item.family, found.total)
    totals = sorted(best.values(), reverse=True)
    if len(totals) < 2:
        return [replace(found, ahead=FARTHEST) for found in ranked]
    first, second = totals[:2]
    return [
        replace(
            found,
            ahead=max(-FARTHEST, min(FARTHEST, own - (second if own == first else first))),
        )
        for found in ranked
        for own in (best[found.item.family],)
    ]


def to_passage(found: Ranked, question: Question, *, span: str, score: float) -> Passage:
    """The passage as the port shows it."""
    piece, document = found.item.passage, found.item.document
    return Passage(
        id=piece.id, document=document.id, title=document.title, url=document.url,
        category=document.category, language=document.language, heading=piece.heading,
        text=piece.text, span=span, score=score, similarity=similarity(question, found.item),
    )  # fmt: skip
