"""What a message is about and who should answer it: one typed decision with its evidence.

Above: the turn, `POST /triage`, `evaluate`. Below: `training`, `core.language`, `core.ports`.

Two tests, kept apart: which specialist (the head's probabilities), and whether it is anything we
are asked at all (certainty and nearness against a calibrated cut).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from core.engine.mood import Moods
from core.engine.space import Matrix
from core.engine.training import (
    Calibration,
    TrainedTriage,
    kind_share,
    scope_score,
    specialist_shares,
)
from core.language import LanguageDetector
from core.messages import Frozen
from core.ports import Embedder

Kind = Literal["question", "smalltalk", "human_wish", "out_of_scope"]
Source = Literal["embedding", "llm"]

_EVIDENCE = 3
_LONGEST = 2000
# An active specialist is left only for one that is this much likelier, and likely in itself.
_SWITCH_MARGIN = 0.25
_SWITCH_SCORE = 0.5
_SMALLTALK_SCORE = 0.5
_OUTSIDE_SCORE = 0.5


class Near(Frozen):
    """An example sentence close to the message."""

    text: str
    label: str
    similarity: float


class TriageDecision(Frozen):
    """`score` is the calibrated probability of `specialist` (or of the kind, when it is not a
    question), `margin` its distance to the next, `scope` minus `scope_cut` tells how far inside
    the scope the message is; `wish` is the probability that a human is asked for; `evidence` are
    the nearest examples."""

    kind: Kind
    specialist: str
    intent: str
    priority: str
    sentiment: str
    language: str
    score: float
    margin: float
    scope: float
    scope_cut: float
    wish: float = 0.0
    evidence: tuple[Near, ...]
    source: Source = "embedding"
    switched: bool = False


class Triage:
    """Decides with trained heads; `replace` swaps them while it runs."""

    def __init__(
        self,
        trained: TrainedTriage,
        embedder: Embedder,
        detector: LanguageDetector,
        *,
        fallback: str,
    ) -> None:
        self._embedder = embedder
        self._detector = detector
        self.replace(trained, fallback=fallback)

    def replace(self, trained: TrainedTriage, *, fallback: str) -> None:
        """Take over newly trained heads."""
        self._trained = trained
        self._moods = Moods(trained.moods)
        self._fallback = fallback

    @property
    def calibration(self) -> Calibration:
        """For health pages and `doctor`."""
        return self._trained.calibration

    @property
    def specialists(self) -> tuple[str, ...]:
        """Names of those it can route to."""
        labels = (label.split("/") for label in self._trained.route.labels)
        return tuple(sorted({label[1] for label in labels if label[0] == "intent"}))

    async def decide(
        self,
        text: str,
        *,
        last_language: str | None = None,
        active: str | None = None,
        vector: Sequence[float] | None = None,
    ) -> TriageDecision:
        """Embeds `text` unless its `vector` is given."""
        if vector is None:
            vector = (await self._embedder.embed([text[:_LONGEST]]))[0]
        return self.judge(text, vector, last_language=last_language, active=active)

    def judge(
        self,
        text: str,
        vector: Sequence[float],
        *,
        last_language: str | None = None,
        active: str | None = None,
    ) -> TriageDecision:
        """The decision for a text whose vector is known: microseconds, no waiting."""
        language = self._detector.detect(text).language
        row = self._trained.space.place(np.asarray(vector, dtype=np.float32)[None, :], [language])
        head = self._trained.route
        chances = head.probabilities(row)[0]
        shares = {name: float(share) for name, share in specialist_shares(head, chances).items()}
        near, closest = self._nearest(row)
        scope = self._scope(shares, float(kind_share(head, chances, "out_of_scope")), closest)
        kind, kind_score = self._kind(chances, scope)
        specialist, switched = self._specialist(shares, active)
        ranked = [*sorted(shares.values(), reverse=True), 0.0]
        is_question = kind == "question"
        sentiment = self._moods.sentiment(text, row)
        return TriageDecision(
            kind=kind,
            specialist=specialist,
            switched=switched,
            intent=self._intent(chances, kind, specialist),
            sentiment=sentiment,
            priority=self._moods.priority(text, row, sentiment),
            language=language or last_language or self._detector.default,
            score=round(shares.get(specialist, 0.0) if is_question else kind_score, 4),
            margin=round(ranked[0] - ranked[1], 4),
            scope=round(scope, 4),
            wish=round(float(kind_share(head, chances, "human_wish")), 4),
            scope_cut=round(self.calibration.scope_cut, 4),
            evidence=near,
        )

    def _nearest(self, row: Matrix) -> tuple[tuple[Near, ...], float]:
        similar = self._trained.route.rows @ row[0]
        best = [int(n) for n in np.argsort(-similar)[:_EVIDENCE]]
        near = tuple(
            Near(
                text=self._trained.exemplars[n].text,
                label=self._trained.exemplars[n].route,
                similarity=round(float(similar[n]), 4),
            )
            for n in best
        )
        return near, float(similar[best[0]])

    def _scope(self, shares: dict[str, float], outside: float, closest: float) -> float:
        certain = math.log(max(max(shares.values(), default=0.0), 1e-6))
        certain += math.log(max(1.0 - outside, 1e-6))
        measured = self.calibration
        scores = scope_score(
            np.array([certain], dtype=np.float32),
            np.array([closest], dtype=np.float32),
            measured.scope_centre,
            measured.scope_spread,
        )
        return float(scores[0])

    def _kind(self, chances: Matrix, scope: float) -> tuple[Kind, float]:
        head = self._trained.route
        wish = float(kind_share(head, chances, "human_wish"))
        talk = float(kind_share(head, chances, "smalltalk"))
        outside = float(kind_share(head, chances, "out_of_scope"))
        if wish >= self.calibration.wish_cut:
            return "human_wish", wish
        if talk >= _SMALLTALK_SCORE:
            return "smalltalk", talk
        if outside >= _OUTSIDE_SCORE or scope < self.calibration.scope_cut:
            return "out_of_scope", outside
        return "question", 0.0

    def _specialist(self, shares: dict[str, float], active: str | None) -> tuple[str, bool]:
        """Who answers; True if that is a change from the active one."""
        best = max(shares, key=lambda name: shares[name], default=self._fallback)
        if active is None or active not in shares:
            return best, False
        if best == active:
            return active, False
        clear = shares[best] >= _SWITCH_SCORE and shares[best] - shares[active] >= _SWITCH_MARGIN
        return (best, True) if clear else (active, False)

    def _intent(self, chances: Matrix, kind: Kind, specialist: str) -> str:
        prefix = f"intent/{specialist}/" if kind == "question" else f"{kind}/"
        columns = [
            n for n, label in enumerate(self._trained.route.labels) if label.startswith(prefix)
        ]
        if not columns:
            return kind
        best = max(columns, key=lambda column: float(chances[column]))
        return self._trained.route.labels[best].split("/", 2)[2]
