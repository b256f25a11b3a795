"""From variables to nested values: names, usual names, lists, and secrets in mounted files.

Above: `settings`, which hands the environment in. Below: pydantic models of the folders.

A setting `bus.lease_seconds` is the variable `SWITCHBOARD_BUS__LEASE_SECONDS`; some have a usual
name beside it (`REDIS_URL`). `NAME_FILE` names a file whose content is the value.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

PREFIX = "SWITCHBOARD_"
_FILE = "_FILE"
_PLACEHOLDER = re.compile(r"(<.*>|change[-_ ]?me|your[-_ ].*|x{3,}|todo|secret)\Z", re.IGNORECASE)
# Kubernetes sets these for a service that is called `switchboard`; they are not ours.
_CLUSTER_LINKS = re.compile(r"SWITCHBOARD_(SERVICE_(HOST|PORT.*)|PORT_\d+_TCP.*)\Z")


@dataclass(frozen=True)
class Variable:
    """One setting as the environment sees it."""

    path: tuple[str, ...]
    name: str
    usual: str | None
    default: str
    description: str
    secret: bool
    complex: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Names it may be set by; the first wins."""
        return (self.name, self.usual) if self.usual else (self.name,)


def list_variables(
    model: type[BaseModel], *, usual: Mapping[str, str], without: frozenset[str]
) -> list[Variable]:
    """All variables of a settings model, in the order of its fields."""
    return list(_walk(model, (), usual, without))


def read_variables(
    variables: list[Variable], environ: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """The nested values that are set, and every fault (each with its mend)."""
    values: dict[str, Any] = {}
    faults = _find_unknown(variables, environ)
    for variable in variables:
        try:
            raw = _read(variable, environ)
            if raw is not None:
                _put(values, variable.path, _parse(variable, raw))
        except ValueError as fault:
            faults.append(str(fault))
    return values, faults


def _walk(
    model: type[BaseModel],
    path: tuple[str, ...],
    usual: Mapping[str, str],
    without: frozenset[str],
) -> Iterator[Variable]:
    for field_name, field in model.model_fields.items():
        here = (*path, field_name)
        dotted = ".".join(here)
        if dotted in without:
            continue
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _walk(field.annotation, here, usual, without)
            continue
        kinds = _types(cast("Any", field.annotation))
        yield Variable(
            path=here,
            name=PREFIX + "__".join(here).upper(),
            usual=usual.get(dotted),
            default=_show_default(field),
            description=(field.description or "").strip(),
            secret=SecretStr in kinds,
            complex=not kinds.isdisjoint({tuple, list, dict, frozenset}),
        )


def _types(annotation: Any) -> set[Any]:
    """The types an annotation allows, without what they hold."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return {kind for part in get_args(annotation) for kind in _types(part)}
    return {origin or annotation}


def _show_default(field: FieldInfo) -> str:
    default: Any = field.get_default(call_default_factory=True, validated_data={})
    if default is None or default is PydanticUndefined or default == () or default == {}:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, (tuple, list, frozenset)):
        return ",".join(str(item) for item in default)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return str(default)


def _read(variable: Variable, environ: Mapping[str, str]) -> str | None:
    """The text of a variable by any of its names; empty is the same as not set."""
    for name in variable.names:
        direct, file = environ.get(name, ""), environ.get(name + _FILE, "")
        if name == PREFIX + "PORT" and direct.startswith("tcp://"):
            continue  # a cluster's link to a service of our name
        if direct and file:
            raise ValueError(f"{name} and {name}{_FILE} are both set: keep one")
        text = _read_file(name, file) if file else direct
        if text and variable.secret and _PLACEHOLDER.match(text):
            raise ValueError(f"{name} holds a placeholder: put the real value in, or remove it")
        if text:
            return text
    return None


def _read_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{name}{_FILE}: cannot read {path} ({type(error).__name__})") from error


def _parse(variable: Variable, raw: str) -> Any:
    """Lists are JSON or comma-separated words; everything else is pydantic's business."""
    if not variable.complex:
        return raw
    if raw.lstrip().startswith(("[", "{")):
        try:
            return json.loads(raw)
        except ValueError as error:
            raise ValueError(f"{variable.name} is no valid JSON: {error}") from error
    return [word.strip() for word in raw.split(",") if word.strip()]


def _put(values: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        values = values.setdefault(step, {})
    values[path[-1]] = value


def _find_unknown(variables: list[Variable], environ: Mapping[str, str]) -> list[str]:
    """Names with our prefix that mean nothing, most often a slip of the keyboard."""
    known = {variable.name for variable in variables}
    known |= {name + _FILE for name in known}
    faults: list[str] = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in known or _CLUSTER_LINKS.match(name):
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        mend = f"did you mean {near[0]}?" if near else "remove it, or see docs/configuration.md"
        faults.append(f"{name} is not a setting: {mend}")
    return faults
