"""The trained ear for reasons to call a person: a head over its own examples, and its cuts.

Above: `training`, `triage`. Below: `classifier`, `calibration`, `core.escalation.alarm`.

Examples are of kind "escalation"; the label is a reason, a reason with `_offer` (a person should
be offered, not called), or begins with `none` (sounds like a reason and is none). Ordinary
questions of triage stand against all of them, its wishes for a person count as `request`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.engine import calibration
from core.engine.classifier import Classifier, train
from core.engine.exemplars import Exemplar
from core.engine.features import Features
from core.engine.space import Matrix
from core.escalation.alarm import Alarm
from core.messages import Frozen

HEAD = "escalation"
NONE = "none"
_OFFER = "_offer"
_FOLDS = 4
_BETA = 0.5
_ENOUGH = 60  # held-back examples of a language, to have a cut of its own
# Intents of triage that are themselves about complaints, fraud or reaching somebody: as examples
# of "nothing to call a person for" they would teach the wrong thing.
_DOUBTFUL = frozenset(
    {"account_hacked", "unknown_charge", "contact", "privacy", "leak", "repeated_problem"}
)
_DOUBTFUL_SPECIALIST = "supervisor"


class AlarmCuts(Frozen):
    """Where `now` begins for the ear alone: at the best balance of held-back examples, by
    language, a false alarm counting more than a missed one (phrases hear much of what the ear
    misses); `balance` is the F-measure (beta 0.5) there."""

    cut: float
    cuts: dict[str, float]
    balance: float
    balances: dict[str, float]

    def of(self, language: str | None) -> float:
        """The cut for a text in this language."""
        return self.cuts.get(language or "", self.cut)


def label_of(item: Exemplar) -> str | None:
    """What an example teaches the ear; None if nothing."""
    if item.kind == HEAD:
        return item.label
    if item.kind == "human_wish":
        return "request"
    if item.kind in {"smalltalk", "out_of_scope"}:
        return NONE
    is_ordinary = item.label not in _DOUBTFUL and item.specialist != _DOUBTFUL_SPECIALIST
    return NONE if item.kind == "intent" and is_ordinary else None


def train_alarms(
    exemplars: Sequence[Exemplar], features: Features
) -> tuple[Classifier, AlarmCuts] | None:
    """The head and its cuts; None without examples of its kind."""
    if not any(item.kind == HEAD for item in exemplars):
        return None
    labels = [label_of(item) for item in exemplars]
    picked = [n for n, label in enumerate(labels) if label is not None]
    mine, own = features.pick(picked), [label or NONE for label in labels if label is not None]
    items = [exemplars[n] for n in picked]
    held = calibration.hold_back(mine, own, [item.place for item in items], folds=_FOLDS)
    head = calibration.tuned(train(mine, own), held, own, {name: group_of(name) for name in own})
    return head, _measure(head, held, own, items)


def group_of(label: str) -> str:
    """`now`, `offer` or `none`."""
    if label.startswith(NONE):
        return "none"
    return "offer" if label.endswith(_OFFER) else "now"


def listen(head: Classifier, chances: Matrix, cut: float, text: str) -> Alarm:
    """What the head hears in one text, of which `chances` are its probabilities."""
    shares = {label: float(chance) for label, chance in zip(head.labels, chances, strict=True)}
    now = {label: share for label, share in shares.items() if group_of(label) == "now"}
    offer = {label: share for label, share in shares.items() if group_of(label) == "offer"}
    reason = max(now, key=lambda label: now[label], default="")
    offered = max(offer, key=lambda label: offer[label], default="")
    return Alarm(
        reason=reason,
        now=round(sum(now.values()), 4),
        wish=round(now.get("request", 0.0), 4),
        offer_reason=offered.removesuffix(_OFFER),
        offer=round(sum(offer.values()), 4),
        cut=round(cut, 4),
        text=text,
        shares={label: round(share, 3) for label, share in now.items() if share >= 0.01},
    )


def _measure(
    head: Classifier,
    held: calibration.HeldBack,
    labels: Sequence[str],
    items: Sequence[Exemplar],
) -> AlarmCuts:
    chances = head.chances(held.voices)
    columns = [n for n, label in enumerate(held.labels) if group_of(label) == "now"]
    scores = chances[:, columns].sum(axis=1)
    places = [int(place) for place in held.places]
    right = np.array([group_of(labels[place]) == "now" for place in places])
    tags = np.array([items[place].language for place in places])
    cut, balance = _best_cut(scores, right)
    own = {
        str(tag): _best_cut(scores[tags == tag], right[tags == tag])
        for tag in np.unique(tags)
        if int((tags == tag).sum()) >= _ENOUGH
    }
    return AlarmCuts(
        cut=cut,
        cuts={tag: found[0] for tag, found in own.items()},
        balance=balance,
        balances={tag: found[1] for tag, found in own.items()},
    )


def _best_cut(scores: Matrix, right: calibration.Flags) -> tuple[float, float]:
    """The cut of the best balance, and that balance."""

    def balance(cut: float) -> float:
        rung = scores >= cut
        weight = _BETA * _BETA
        hits = (1 + weight) * (rung & right).sum()
        return float(hits / max(1.0, float(rung.sum() + weight * right.sum())))

    best = max((round(balance(cut), 4), -abs(cut - 0.5), cut) for cut in np.linspace(0.2, 0.8, 61))
    return round(float(best[2]), 3), best[0]
