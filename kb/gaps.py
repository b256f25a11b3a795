"""What the knowledge lacks: unanswered questions of all languages gathered into topics.

Above: `switchboard` (the command `kb gaps`, `GET /knowledge/gaps`). Below: the embedder, `frame`.

Questions are compared in the frame of the knowledge, where the same question in two languages lies
together. A topic is a dense question with everything near it, then topics whose middles are near
become one. No language model: the title is the question that is nearest to the middle.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np

from core.messages import format_time
from core.ports import Embedder, SearchResult
from kb.documents import Matrix, Vector
from kb.frame import to_unit

# Cuts for single questions and for the middles of topics. On 386 questions in five languages about
# the sample articles, 96 of 100 questions then share a topic with most of their article's others,
# and 59 of 100 pairs about one article are together (docs/knowledge.md).
NEAR = 0.45
_SAME_TOPIC = 0.45
_EXAMPLES = 5
_TITLE = 100
_GREETING = re.compile(
    r"^(?:hello|hi|hey|good (?:morning|day)|dobrý den|ahoj|здравствуйте|привет|добрый день|hallo|"
    r"guten tag|hola|buenos días|buenas)\b[\s,.!–-]*",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


class Question(Protocol):
    """A question that got no answer."""

    @property
    def conversation(self) -> str:
        """Where it was asked."""
        ...

    @property
    def text(self) -> str:
        """The customer's words."""
        ...

    @property
    def language(self) -> str:
        """Its language."""
        ...

    @property
    def at(self) -> datetime:
        """When."""
        ...

    @property
    def reason(self) -> str:
        """Why it went without an answer."""
        ...


@dataclass(frozen=True)
class Gap:
    """A topic. `kind` is `missing` when no article is about it, `failing` when `nearest` is but
    does not answer."""

    title: str
    count: int
    conversations: tuple[str, ...]
    languages: dict[str, int]
    reasons: dict[str, int]
    first_at: datetime
    last_at: datetime
    examples: tuple[str, ...]
    kind: str
    nearest: dict[str, Any] | None

    def public(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "title": self.title,
            "count": self.count,
            "kind": self.kind,
            "nearest": self.nearest,
            "languages": self.languages,
            "reasons": self.reasons,
            "first_at": format_time(self.first_at),
            "last_at": format_time(self.last_at),
            "examples": list(self.examples),
            "conversations": list(self.conversations),
        }


Place = Callable[[Vector, str], Vector]
Search = Callable[[str, str], Awaitable[SearchResult]]


class GapMiner:
    """Gathers questions into gaps. `place` puts a vector into the frame of the knowledge,
    `search` asks the knowledge for what is nearest."""

    def __init__(
        self, embedder: Embedder, place: Place, search: Search, *, language: str = "en"
    ) -> None:
        self._embedder = embedder
        self._place = place
        self._search = search
        self._language = language

    async def mine(self, questions: Sequence[Question], *, limit: int = 50) -> list[Gap]:
        """The topics asked about most, by the number of conversations."""
        asked = _distinct(questions)
        if not asked:
            return []
        vectors = await self._embedder.embed([item.text for item in asked])
        rows = np.stack(
            [
                self._place(np.asarray(vector, dtype=np.float32), item.language)
                for vector, item in zip(vectors, asked, strict=True)
            ]
        )
        topics = gather(rows)
        topics.sort(key=lambda topic: (-len(topic), topic[0]))
        return [await self._gap(topic, asked, rows) for topic in topics[:limit]]

    async def _gap(self, topic: list[int], asked: Sequence[Question], rows: Matrix) -> Gap:
        middle = to_unit(rows[topic].mean(axis=0))
        order = sorted(topic, key=lambda at: -float(rows[at] @ middle))
        own = [at for at in order if asked[at].language == self._language]
        central = asked[(own or order)[0]]
        found = await self._search(central.text, central.language)
        about = found.passages[0] if found.passages and found.verdict != "none" else None
        members = [asked[at] for at in order]
        return Gap(
            title=title_of(central.text),
            count=len(members),
            conversations=tuple(dict.fromkeys(item.conversation for item in members)),
            languages=dict(Counter(item.language for item in members).most_common()),
            reasons=dict(Counter(item.reason for item in members).most_common()),
            first_at=min(item.at for item in members),
            last_at=max(item.at for item in members),
            examples=tuple(item.text[:300] for item in members[:_EXAMPLES]),
            kind="missing" if about is None else "failing",
            nearest=None
            if about is None
            else {"document": about.document, "title": about.title, "score": round(about.score, 4)},
        )


def gather(rows: Matrix) -> list[list[int]]:
    """Groups of row numbers; unit rows. Deterministic: the densest row first, ties by number."""
    near = rows @ rows.T
    stars = _stars(near >= NEAR, near)
    return _merge(stars, rows)


def title_of(text: str) -> str:
    """A draft title: the question itself, without greeting and what follows it."""
    flat = " ".join(text.split())
    flat = _GREETING.sub("", flat) or flat
    sentences = _SENTENCE_END.split(flat)
    chosen = next((item for item in sentences if item.endswith("?")), sentences[0])
    chosen = chosen if len(chosen) <= _TITLE else chosen[:_TITLE].rsplit(" ", 1)[0] + "…"
    return chosen[:1].upper() + chosen[1:]


def _stars(close: Any, near: Matrix) -> list[list[int]]:
    """Each densest row that is left takes its neighbours that are left."""
    left = np.ones(len(near), dtype=bool)
    stars: list[list[int]] = []
    while left.any():
        degrees = (close & left).sum(axis=1) * left
        centre = int(degrees.argmax())
        members = np.flatnonzero(close[centre] & left)
        left[members] = False
        left[centre] = False
        stars.append(sorted({centre, *map(int, members)}))
    return stars


def _merge(groups: list[list[int]], rows: Matrix) -> list[list[int]]:
    """Groups whose middles are near become one, the nearest pair first."""
    groups = [list(group) for group in groups]
    while len(groups) > 1:
        middles = to_unit(np.stack([rows[group].mean(axis=0) for group in groups]))
        near = middles @ middles.T
        np.fill_diagonal(near, -1.0)
        first, second = divmod(int(near.argmax()), len(groups))
        if near[first, second] < _SAME_TOPIC:
            break
        groups[min(first, second)] += groups.pop(max(first, second))
    return [sorted(group) for group in groups]


def _distinct(questions: Sequence[Question]) -> list[Question]:
    """The same words in the same conversation count once."""
    unique = {(item.conversation, item.text.strip()): item for item in questions}
    return [item for item in unique.values() if item.text.strip()]
