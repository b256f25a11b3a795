"""What a message is about and who should answer it: one typed decision with its evidence.

Above: the turn, `POST /triage`, `evaluate`. Below: `training`, `core.language`, `core.ports`.

Two tests, kept apart: which specialist (the head's probabilities), and whether it is anything we
are asked at all (certainty and nearness against a calibrated cut).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.engine.alarms import HEAD, listen
from core.engine.clauses import split_clauses
from core.engine.decision import IntentFound, Kind, Near, TriageDecision, with_intents
from core.engine.features import Features
from core.engine.mood import Moods
from core.engine.second_opinion import SecondOpinion
from core.engine.space import Matrix
from core.engine.trail import sketch
from core.engine.trained import Calibration, TrainedTriage, kind_share, specialist_shares
from core.engine.training import scope_parts
from core.escalation.alarm import Alarm
from core.language import LanguageDetector
from core.ports import Embedder
from core.specialists.budget import Account

_EVIDENCE = 3
_LONGEST = 2000
# An active specialist is left only for one that is this much likelier, and likely in itself.
_SWITCH_MARGIN = 0.25
_SWITCH_SCORE = 0.5
_SMALLTALK_SCORE = 0.5
_OUTSIDE_SCORE = 0.5
# How near the cut, and how near the next specialist, a decision is unsure.
_CUT_BAND = 0.25
_RIVAL_MARGIN = 0.3


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
        self._second: SecondOpinion | None = None
        self._embedder = embedder
        self._detector = detector
        self.replace(trained, fallback=fallback)

    def replace(self, trained: TrainedTriage, *, fallback: str) -> None:
        """Take over newly trained heads."""
        self._trained = trained
        self._moods = Moods(trained.moods)
        self._fallback = fallback

    def ask_when_unsure(self, second: SecondOpinion) -> None:
        """From now on unsure messages are decided by a language model."""
        self._second = second

    @property
    def calibration(self) -> Calibration:
        """For health pages and `doctor`."""
        return self._trained.calibration

    def is_unsure(self, decision: TriageDecision) -> bool:
        """Whether a second opinion is worth asking for: two specialists compete, or the message
        lies so near the cut that held-back examples of both sides are there."""
        if decision.kind in ("smalltalk", "human_wish") or decision.source == "llm":
            return False
        near_cut = abs(decision.scope - decision.scope_cut) < _CUT_BAND
        if decision.kind == "out_of_scope":
            return near_cut and decision.score < _OUTSIDE_SCORE
        return near_cut or (
            decision.score < self.calibration.sure_score and decision.margin < _RIVAL_MARGIN
        )

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """The intents of each specialist."""
        found: dict[str, list[str]] = {}
        for label in self._trained.route.labels:
            kind, specialist, intent = label.split("/", 2)
            if kind == "intent":
                found.setdefault(specialist, []).append(intent)
        return {name: tuple(intents) for name, intents in found.items()}

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
        """Embeds `text` unless its `vector` is given, and the clauses it is made of."""
        clauses = self.split(text)
        texts = [*clauses] if vector is not None else [text[:_LONGEST], *clauses]
        found = await self._embedder.embed(texts) if texts else []
        if vector is None:
            vector, *found = found
        whole = self.judge(text, vector, last_language=last_language, active=active)
        parts = [
            (clause, self.judge(clause, one, last_language=whole.language, active=active))
            for clause, one in zip(clauses, found, strict=True)
        ]
        return await self.refine(text, with_intents(whole, parts))

    async def refine(
        self, text: str, decision: TriageDecision, account: Account | None = None
    ) -> TriageDecision:
        """The decision, or that of a language model when there is one and this one is unsure; it
        costs `account`."""
        if self._second is None or not self.is_unsure(decision):
            return decision
        return await self._second.ask(text, decision, self.labels, account)

    def split(self, text: str) -> tuple[str, ...]:
        """The clauses of a text that may each ask for something; empty when there is only one."""
        bare = text[:_LONGEST]
        return split_clauses(bare, self._detector.detect(bare).language)

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
        row = self._trained.space.place(
            [text], np.asarray(vector, dtype=np.float32)[None, :], [language]
        )
        head = self._trained.route
        voices = head.voices(row)
        chances = head.chances(voices)[0]
        shares = {name: float(share) for name, share in specialist_shares(head, chances).items()}
        near, closest = self._nearest(row.vectors)
        parts = scope_parts(
            head,
            voices.mixed(head.mix),
            voices.scores,
            np.array([closest], dtype=np.float32),
            self._trained.typical.score(row.vectors),
        )
        scope = float(self.calibration.scope.score(parts)[0])
        cut = self.calibration.cut_of(language)
        kind, kind_score = self._kind(chances, scope, cut)
        greeted = kind == "smalltalk" and active is None and self._fallback in shares
        specialist, switched = (
            (self._fallback, False) if greeted else self._specialist(shares, active)
        )
        ranked = [*sorted(shares.values(), reverse=True), 0.0]
        is_question = kind == "question"
        sentiment = self._moods.sentiment(text, row)
        intent = self._intent(chances, kind, specialist)
        score = round(shares.get(specialist, 0.0) if is_question else kind_score, 4)
        asked = IntentFound(intent=intent, specialist=specialist, score=score, text=text)
        return TriageDecision(
            alarm=self._alarm(text, row, language),
            sketch=sketch(row.vectors[0]),
            kind=kind,
            specialist=specialist,
            switched=switched,
            intent=intent,
            intents=(asked,) if is_question else (),
            sentiment=sentiment,
            priority=self._moods.priority(text, row, sentiment),
            language=language or last_language or self._detector.default,
            score=score,
            margin=round(ranked[0] - ranked[1], 4),
            scope=round(scope, 4),
            wish=round(float(kind_share(head, chances, "human_wish")), 4),
            scope_cut=round(cut, 4),
            evidence=near,
        )

    def _alarm(self, text: str, row: Features, language: str | None) -> Alarm | None:
        """What it sounds like to the ear for alarms, if one was trained."""
        head, cuts = self._trained.moods.get(HEAD), self.calibration.alarms
        if head is None or cuts is None:
            return None
        return listen(head, head.probabilities(row)[0], cuts.of(language), text)

    def _nearest(self, row: Matrix) -> tuple[tuple[Near, ...], float]:
        """The closest examples, and how close the closest of ours is."""
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
        return near, float(similar[self._trained.inside].max())

    def _kind(self, chances: Matrix, scope: float, cut: float) -> tuple[Kind, float]:
        head = self._trained.route
        wish = float(kind_share(head, chances, "human_wish"))
        talk = float(kind_share(head, chances, "smalltalk"))
        outside = float(kind_share(head, chances, "out_of_scope"))
        if wish >= self.calibration.wish_cut:
            return "human_wish", wish
        if talk >= _SMALLTALK_SCORE:
            return "smalltalk", talk
        if outside >= _OUTSIDE_SCORE or scope < cut:
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
