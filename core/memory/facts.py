"""Facts with where they come from: what a message adds, and what it makes untrue.

Above: `update`. Below: `finding`, `state`. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.memory import values
from core.memory.finding import Finding, find_facts, kind_of
from core.memory.fold import fold
from core.memory.secrets import find_secrets
from core.memory.state import SINGLE, Fact, Speaker
from core.messages import Entry, format_time

_MOST = 80
_NUMBERS = frozenset({"order", "invoice", "ticket", "serial", "phone"})
_WORDS = frozenset({"name", "address", "product", "other", "language", "channel"})
# A bare "no, it is …" in words is about what was said at most so many entries before.
_NEAR_WORDS = 4
_NEAR_VALUES = 30


def holding(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Those that nothing later made untrue."""
    return tuple(fact for fact in facts if fact.holds)


def with_entry(facts: tuple[Fact, ...], entry: Entry, language: str) -> tuple[Fact, ...]:
    """The facts after this message of the customer."""
    for found in find_facts(entry.text, entry.language or language, holding(facts)):
        facts = _with_finding(facts, found, entry, entry.language or language)
    return bounded(facts)


def with_noted(
    facts: tuple[Fact, ...], key: str, value: str, *, seq: int, at: str, language: str
) -> tuple[Fact, ...]:
    """The facts after a specialist had this remembered. Secrets are not."""
    if find_secrets(f"{key}: {value}") or find_secrets(f"{key} {value}"):
        return facts
    kind, name = kind_of(key)
    if any(fact.holds and fact.kind == kind and _same(fact.value, value) for fact in facts):
        return facts
    new = Fact(kind=kind, key=name, value=value, seq=seq, at=at, language=language, by="specialist")
    return bounded(_put(facts, new, corrects=False))


def with_earlier(facts: tuple[Fact, ...], earlier: Sequence[Fact]) -> tuple[Fact, ...]:
    """Facts of the same contact from other conversations come first: whatever is said here counts
    more."""
    known = {(fact.kind, fact.key) for fact in facts if fact.kind in SINGLE}
    kept = [
        fact.model_copy(update={"seq": 0, "by": "earlier"})
        for fact in earlier
        if fact.holds and (fact.kind, fact.key) not in known
        and not any(fact.kind == own.kind and _same(fact.value, own.value) for own in facts)
    ]  # fmt: skip
    return bounded((*kept, *facts))


def _with_finding(
    facts: tuple[Fact, ...], found: Finding, entry: Entry, language: str
) -> tuple[Fact, ...]:
    wrong = _meant(facts, found, entry.seq)
    kind, key = found.kind, found.key
    if found.bare:
        if wrong is None:
            return facts
        kind, key = wrong.kind, wrong.key
    new = make_fact(kind, key, found.value, entry, language)
    if wrong is not None and not _same(wrong.value, new.value):
        if wrong.kind == new.kind and not new.key:
            new = new.model_copy(update={"key": wrong.key})
        facts = _supersede(facts, wrong, entry.seq)
    return _put(facts, new, corrects=found.corrects)


def make_fact(
    kind: str, key: str, value: str, entry: Entry, language: str, by: Speaker = "customer"
) -> Fact:
    """A fact from an entry."""
    return Fact(
        kind=kind, key=key, value=" ".join(value.split()), seq=entry.seq,
        at=format_time(entry.at), language=language, by=by,
    )  # fmt: skip


def _meant(facts: tuple[Fact, ...], found: Finding, seq: int) -> Fact | None:
    """The fact that a correction makes untrue."""
    if not found.corrects:
        return None
    valid = list(reversed(holding(facts)))
    if found.old:
        return next((fact for fact in valid if _same(fact.value, found.old)), None)
    if found.kind:
        same = [fact for fact in valid if fact.kind == found.kind and fact.seq < seq]
        named = [fact for fact in same if fact.key == found.key]
        if found.kind in {"other", "date"} or named:
            return next(iter(named), None)
        return next(iter(same), None)
    return _last_alike(valid, found.value, seq)


def _last_alike(valid: Sequence[Fact], value: str, seq: int) -> Fact | None:
    """The newest fact whose value has the form of this one."""
    kinds, near = _kinds_like(value)
    alike = [fact for fact in valid if fact.kind in kinds and 0 < seq - fact.seq <= near]
    if kinds == _NUMBERS:  # "no, 5512": whatever looks most like it
        alike += [
            fact for fact in valid
            if fact.kind in {"other", "product"} and any(letter.isdigit() for letter in fact.value)
            and 0 < seq - fact.seq <= near
        ]  # fmt: skip
    return max(alike, key=lambda fact: fact.seq, default=None)


def _kinds_like(value: str) -> tuple[frozenset[str], int]:
    if values.EMAIL.fullmatch(value):
        return frozenset({"email"}), _NEAR_VALUES
    if values.DATE.fullmatch(fold(value)):
        return frozenset({"date", "other"}), _NEAR_VALUES
    words = value.split()
    if len(words) == 1 and sum(letter.isdigit() for letter in value) >= 2:
        return _NUMBERS, _NEAR_VALUES
    if value.startswith("+"):
        return frozenset({"phone"}), _NEAR_VALUES
    return _WORDS, _NEAR_WORDS


def _put(facts: tuple[Fact, ...], new: Fact, *, corrects: bool) -> tuple[Fact, ...]:
    """Add it, unless it is known; of some kinds there is one at a time."""
    for fact in facts:
        known = fact.holds and fact.kind == new.kind and _same(fact.value, new.value)
        if known and (fact.key == new.key or not new.key):
            return facts
    if new.kind in SINGLE:
        for fact in holding(facts):
            if fact.kind == new.kind and fact.key == new.key:
                facts = _supersede(facts, fact, new.seq)
    return (*facts, new)


def _supersede(facts: tuple[Fact, ...], wrong: Fact, seq: int) -> tuple[Fact, ...]:
    return tuple(
        fact.model_copy(update={"superseded_by": seq}) if fact is wrong else fact for fact in facts
    )


def _same(one: str, other: str) -> bool:
    return _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return "".join(letter for letter in fold(text) if letter.isalnum())


def bounded(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """Not more than a state may hold: what is untrue goes first, then the oldest."""
    excess = len(facts) - _MOST
    if excess <= 0:
        return facts
    order = sorted(range(len(facts)), key=lambda place: (facts[place].holds, place))
    gone = set(order[:excess])
    return tuple(fact for place, fact in enumerate(facts) if place not in gone)
