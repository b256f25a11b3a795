"""The example sentences that triage learns from.

Above: `training`. Below: TOML files of `config/exemplars`, the specialists' own examples.

A file holds one `kind` and a table for each label, with lists of sentences by language:

    kind = "intent"            # intent, smalltalk, human_wish, out_of_scope, sentiment, priority,
                               # escalation (labels: see `alarms`)
    specialist = "billing"     # only for intents
    [refund_status]
    en = ["Where is my refund?"]
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from core.errors import ConfigError
from core.messages import Frozen
from core.specialists.spec import SpecialistSpec
from core.text import clean_text, unmarked
from core.toml_file import read_toml

ExemplarKind = Literal[
    "intent", "smalltalk", "human_wish", "out_of_scope", "sentiment", "priority", "escalation"
]
ROUTE_KINDS: frozenset[str] = frozenset({"intent", "smalltalk", "human_wish", "out_of_scope"})
_KINDS = frozenset(get_args(ExemplarKind))
_LISTS = TypeAdapter(dict[str, list[str]])


class Exemplar(Frozen):
    """One sentence with what it stands for. `place` is its index in its list of its language."""

    text: str
    language: str
    kind: ExemplarKind
    label: str
    specialist: str | None = None
    place: int = 0

    @property
    def route(self) -> str:
        """The label of the routing head: `kind/specialist/label`."""
        return f"{self.kind}/{self.specialist or ''}/{self.label}"


def load_exemplars(folder: Path, specialists: Iterable[SpecialistSpec]) -> tuple[Exemplar, ...]:
    """All sentences of the folder and of the specialists. Raises `ConfigError` with every fault."""
    specs = list(specialists)
    names = {spec.name for spec in specs}
    found: list[Exemplar] = []
    faults: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            found.extend(_of_file(path, names))
        except ConfigError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError("\n".join(faults))
    # The named intents come first: of two equal sentences the one with an intent stays.
    found.extend(item for spec in specs for item in _of_specialist(spec))
    return _without_repeats(found)


def digest(exemplars: Iterable[Exemplar], model: str) -> str:
    """Changes when a sentence, a label or the embedding model changes."""
    state = hashlib.sha256(model.encode())
    for item in exemplars:
        state.update(item.model_dump_json().encode())
    return state.hexdigest()[:32]


def _of_specialist(spec: SpecialistSpec) -> Iterator[Exemplar]:
    for language, texts in spec.examples.items():
        for place, text in enumerate(texts):
            yield Exemplar(
                text=clean_text(text),
                language=language,
                kind="intent",
                label="general",
                specialist=spec.name,
                place=place,
            )


def _of_file(path: Path, specialists: set[str]) -> list[Exemplar]:
    data = read_toml(path)
    kind = data.pop("kind", None)
    specialist = data.pop("specialist", None)
    if kind not in _KINDS:
        raise ConfigError(f"{path}: kind: must be one of {', '.join(sorted(_KINDS))}")
    if (kind == "intent") != (specialist is not None):
        raise ConfigError(f'{path}: specialist: belongs to kind "intent", and only there')
    if specialist is not None and specialist not in specialists:
        return []  # that specialist was taken away; its intents lead nowhere
    found: list[Exemplar] = []
    for label, lists in data.items():
        found.extend(_of_label(path, kind, specialist, label, lists))
    return found


def _of_label(
    path: Path, kind: ExemplarKind, specialist: str | None, label: str, lists: Any
) -> Iterator[Exemplar]:
    try:
        sentences = _LISTS.validate_python(lists)
    except ValidationError as error:
        where = ".".join([label, *(str(part) for part in error.errors()[0]["loc"])])
        raise ConfigError(f"{path}: {where}: must be lists of sentences by language") from error
    for language, texts in sentences.items():
        for place, text in enumerate(texts):
            clean = clean_text(text).strip()
            for form in _forms(clean, kind, language):
                yield Exemplar(
                    text=form,
                    language=language,
                    kind=kind,
                    label=label,
                    specialist=specialist,
                    place=place,
                )


def _forms(text: str, kind: ExemplarKind, language: str) -> tuple[str, ...]:
    """What alarms learn from in Czech they learn from without diacritics, too: many write so."""
    if kind != "escalation" or language != "cs":
        return (text,)
    bare = unmarked(text)
    return (text,) if bare == text.casefold() else (text, bare)


def _without_repeats(found: Iterable[Exemplar]) -> tuple[Exemplar, ...]:
    """A sentence counts once for each head (routes, sentiment, priority)."""
    kept: dict[tuple[str, str], Exemplar] = {}
    for item in found:
        head = "route" if item.kind in ROUTE_KINDS else item.kind
        if item.text:
            kept.setdefault((head, item.text.casefold()), item)
    return tuple(kept.values())
