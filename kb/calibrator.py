"""Learns from the knowledge itself how to score it: the frame, then the calibration.

Above: `kb.open`. Below: `kb.frame`, `kb.ranking`, `kb.calibration`, an embedder.

A title (or, without one, the first sentence) is taken for a question. Its own document, without
those words, is the right answer; with its own document hidden, whatever comes first is a wrong
one, as are all answers to questions that have nothing to do with the company
(`config/exemplars/out_of_scope.toml`).
"""

from __future__ import annotations

import asyncio
import hashlib
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice, zip_longest
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import structlog

from core.ports import Embedder
from core.text import clean_text
from kb.calibration import DEFAULT, Calibration, Example, evidence_of, fit
from kb.chunker import sentences
from kb.documents import Matrix, Vector
from kb.frame import Frame, Grouped, Primer, make_frame
from kb.lexical import codes_of, grams_of
from kb.ranking import Allows, Question, Ranked, rank
from kb.snapshot import Item, Snapshot, build

T = TypeVar("T")
_log = structlog.get_logger("knowledge")
FEWEST = 12  # documents below which there is nothing to learn from
_SAMPLE = 64
_TITLES = 40  # of each language, for the frame
_WIDE = 40
_STRANGERS = 150
# How often questions that are answered, nearly answered and not at all about us are taken to come.
_SHARES = (0.7, 0.15, 0.15)


class Calibrator:
    """Makes frame and calibration of a snapshot."""

    def __init__(self, embedder: Embedder, exemplars_dir: Path) -> None:
        self._embedder = embedder
        self._exemplars_dir = exemplars_dir

    async def calibrate(self, snapshot: Snapshot) -> tuple[Frame, Calibration]:
        """The frame, and a calibration in it (the default one for very small knowledge)."""
        primer = Primer.load()
        general = await self._embed_by_language(primer.questions)
        frame = await self._make_frame(snapshot, primer, general)
        framed = await asyncio.to_thread(build, snapshot.version, frame, snapshot.items)
        frame = await asyncio.to_thread(_with_handicaps, framed, primer, general)
        framed = replace(framed, frame=frame)
        sample = _sample(framed.items)
        if len(sample) < FEWEST:
            return frame, DEFAULT.model_copy(update={"passages": len(snapshot.items)})
        questions = await self._questions(sample)
        strangers = await self._strangers()
        untitled = await self._without_titles(framed, sample)
        made = await asyncio.to_thread(_examples, framed, untitled, sample, questions, strangers)
        calibration = await asyncio.to_thread(fit, made, passages=len(snapshot.items))
        _log.info(
            "knowledge_calibrated", examples=calibration.examples, auroc=calibration.auroc,
            sure_cut=calibration.sure_cut, unsure_cut=calibration.unsure_cut,
        )  # fmt: skip
        return frame, calibration

    async def _make_frame(self, snapshot: Snapshot, primer: Primer, general: Grouped) -> Frame:
        titles: dict[str, dict[str, None]] = defaultdict(dict)
        passages: dict[str, list[Vector]] = defaultdict(list)
        for item in snapshot.items:
            passages[item.document.language].append(item.vector)
            titles[item.document.language][item.document.title] = None
        chosen = {name: list(islice(_shuffled(found), _TITLES)) for name, found in titles.items()}
        return make_frame(
            general,
            await self._embed_by_language(primer.passages),
            questions=await self._embed_by_language(chosen),
            passages={name: np.stack(found) for name, found in passages.items()},
        )

    async def _questions(self, sample: Sequence[Item]) -> list[Question]:
        texts = [_question_of(item) for item in sample]
        vectors = await self._embed(texts)
        return [
            Question(text, vector, item.document.language)
            for item, text, vector in zip(sample, texts, vectors, strict=True)
        ]

    async def _strangers(self) -> list[Question]:
        sentences = await asyncio.to_thread(_read_strangers, self._exemplars_dir)
        chosen = list(islice(_shuffled(sentences), _STRANGERS))
        vectors = await self._embed([text for text, _ in chosen])
        return [Question(t, v, lang) for (t, lang), v in zip(chosen, vectors, strict=True)]

    async def _without_titles(self, snapshot: Snapshot, sample: Sequence[Item]) -> Snapshot:
        """The snapshot in which the sampled documents do not hold the words of their questions."""
        names = {item.document.id for item in sample}
        picked = [item for item in snapshot.items if item.document.id in names]
        texts = [_bare(item) for item in picked]
        vectors = await self._embed(texts)
        changed = {
            item.passage.id: replace(item, vector=v, grams=grams_of(t), codes=codes_of(t))
            for item, t, v in zip(picked, texts, vectors, strict=True)
        }
        items = [changed.get(item.passage.id, item) for item in snapshot.items]
        return await asyncio.to_thread(build, snapshot.version, snapshot.frame, items)

    async def _embed_by_language(self, texts: Mapping[str, Sequence[str]]) -> dict[str, Matrix]:
        return {
            language: np.stack(await self._embed(list(found)))
            for language, found in texts.items()
            if found
        }

    async def _embed(self, texts: list[str]) -> list[Vector]:
        vectors = await self._embedder.embed(texts) if texts else []
        return [np.asarray(vector, dtype=np.float32) for vector in vectors]


def _with_handicaps(snapshot: Snapshot, primer: Primer, general: Grouped) -> Frame:
    """The frame that knows how much each language finds: the primer asks the same in all."""
    found: dict[str, float] = {}
    for language, texts in primer.questions.items():
        rows = zip(texts, general[language], strict=True)
        best = [_best(snapshot, Question(text, row, language), None) for text, row in rows]
        found[language] = float(np.mean([0.0 if item is None else item.total for item in best]))
    most = max(found.values())
    return replace(
        snapshot.frame, handicaps={name: round(most - value, 4) for name, value in found.items()}
    )


def nearest_ids(snapshot: Snapshot, question: Question) -> list[str]:
    """Candidates by an exact search of the snapshot, for measuring without the index."""
    scores = snapshot.placed @ snapshot.frame.place_question(question.vector, question.language)
    best: list[int] = np.argsort(-scores)[: _WIDE * 2].tolist()
    return [snapshot.items[row].passage.id for row in best]


def _examples(
    full: Snapshot,
    untitled: Snapshot,
    sample: Sequence[Item],
    questions: Sequence[Question],
    strangers: Sequence[Question],
) -> list[Example]:
    inside: list[Example] = []
    near: list[Example] = []
    for item, question in zip(sample, questions, strict=True):
        inside += [
            _example(found, right=found.item.family == item.family, answerable=True)
            for found in _tries(untitled, item, question)
        ]
        wrong = _best(full, question, _outside(item.family))
        if wrong is not None:
            near.append(_example(wrong, right=False, answerable=False))
    far = [
        _example(found, right=False, answerable=False)
        for question in strangers
        if (found := _best(full, question, None)) is not None
    ]
    groups = zip((inside, near, far), _SHARES, strict=True)
    return [
        replace(example, weight=weight / len(group))
        for group, weight in groups
        for example in group
    ]


def _tries(untitled: Snapshot, item: Item, question: Question) -> list[Ranked]:
    """What is found for a title: in its own language, and, if there is one, in a translation."""
    own, family = item.document.language, item.family

    def translated(other: Item) -> bool:
        return other.family != family or other.document.language != own

    def untranslated(other: Item) -> bool:
        return other.family != family or other.document.language == own

    tries = [_best(untitled, question, untranslated)]
    others = {i.document.language for i in untitled.items if i.family == family} - {own}
    if others:
        tries.append(_best(untitled, question, translated))
    return [found for found in tries if found is not None]


def _outside(family: str) -> Allows:
    def allows(item: Item) -> bool:
        return item.family != family

    return allows


def _best(snapshot: Snapshot, question: Question, allows: Allows | None) -> Ranked | None:
    found = rank(snapshot, question, nearest_ids(snapshot, question), allows=allows)
    return found[0] if found else None


def _example(found: Ranked, *, right: bool, answerable: bool) -> Example:
    return Example(evidence_of(found), right, answerable, 1.0)


def _sample(items: Sequence[Item]) -> list[Item]:
    """First passages of documents of all languages in turn, chosen by a hash: always the same."""
    by_language: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.passage.ordinal == 0 and _question_of(item) and _bare(item):
            by_language[item.document.language].append(item)
    lists = [_by_hash(found) for _, found in sorted(by_language.items())]
    turns = zip_longest(*lists)
    return list(islice((item for turn in turns for item in turn if item is not None), _SAMPLE))


def _by_hash(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda item: _digest(item.document.id))


def _shuffled(texts: Iterable[T]) -> list[T]:
    return sorted(texts, key=lambda text: _digest(str(text)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _question_of(item: Item) -> str:
    title = item.document.title
    return _lead(item) if _repeats_text(item) else title


def _bare(item: Item) -> str:
    """What a passage says besides the question that is made of its document."""
    piece = item.passage
    text = piece.text
    if piece.ordinal == 0 and _repeats_text(item):
        text = text.replace(_lead(item), "", 1).strip()
    return "\n".join(part for part in (piece.heading, text) if part)


def _repeats_text(item: Item) -> bool:
    """True for a document without a title of its own."""
    title = item.document.title.rstrip("…")
    return item.passage.text.startswith(title)


def _lead(item: Item) -> str:
    return next(iter(sentences(item.passage.text)), "")


def _read_strangers(folder: Path) -> list[tuple[str, str]]:
    """Sentences with their languages; none if the file is not there."""
    try:
        data = tomllib.loads((folder / "out_of_scope.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        _log.warning("no_out_of_scope_exemplars", folder=str(folder))
        return []
    tables = [
        cast(dict[str, list[str]], table) for table in data.values() if isinstance(table, dict)
    ]
    return [
        (clean_text(text), language)
        for table in tables
        for language, texts in table.items()
        for text in texts
    ]
