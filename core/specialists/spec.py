"""A specialist as data: one TOML file and its prompt in Markdown.

Above: `registry`. Below: `core.errors`.

Faults are reported with file, line and field, all of a file at once.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator

from core.errors import ConfigError
from core.messages import Frozen
from core.specialists.sight import CATEGORIES, default_sight
from core.toml_file import parse_toml, read_text

TOOLS = frozenset(
    {
        "search_knowledge",
        "get_customer",
        "get_orders",
        "get_billing",
        "create_ticket",
        "update_ticket",
        "request_refund",
        "remember_fact",
        "handoff",
        "consult",
        "offer_human",
        "escalate",
    }
)
_LONGEST_EXAMPLE = 2_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_OUTSIDE = re.compile(r"[a-z][a-z0-9_]{0,19}\.[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*\Z")


class SpecialistSpec(Frozen):
    """Everything a specialist is. `examples` are what customers write to it, by language."""

    name: str
    description: str = Field(min_length=10)
    examples: dict[str, tuple[str, ...]]
    prompt: str
    tools: tuple[str, ...] = ("search_knowledge",)
    categories: tuple[str, ...] = ()
    model: str | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_steps: int | None = Field(default=None, ge=1, le=8)
    consult: tuple[str, ...] = ()
    sees: tuple[str, ...] = ()
    escalate: dict[str, Any] = Field(default_factory=dict[str, Any])
    instructions: str = ""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not _NAME.match(value):
            raise ValueError("1-40 of a-z, 0-9 and _, beginning with a letter")
        return value

    @field_validator("examples")
    @classmethod
    def _examples(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        wrong = [language for language in value if not _LANGUAGE.match(language)]
        if wrong:
            raise ValueError(f"not a language tag: {', '.join(wrong)}")
        if sum(len(texts) for texts in value.values()) < 3:
            raise ValueError("at least three examples, over all languages")
        if not all(
            0 < len(text.strip()) <= _LONGEST_EXAMPLE for texts in value.values() for text in texts
        ):
            raise ValueError(f"an example is a sentence of 1 to {_LONGEST_EXAMPLE} characters")
        return value

    @field_validator("tools")
    @classmethod
    def _tools(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [tool for tool in value if tool not in TOOLS and not _OUTSIDE.match(tool)]
        if unknown:
            raise ValueError(
                f"unknown tool {', '.join(unknown)}; known: {', '.join(sorted(TOOLS))}, and "
                "server.tool of config/mcp.toml"
            )
        return value

    @field_validator("sees")
    @classmethod
    def _sees(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in CATEGORIES]
        if unknown:
            known = ", ".join(CATEGORIES)
            raise ValueError(f"unknown category {', '.join(unknown)}; known: {known}")
        return value

    @property
    def sight(self) -> tuple[str, ...]:
        """What it sees of customers and of colleagues' work; by default what its tools are for."""
        return self.sees or default_sight(self.tools)


def read_spec(path: Path) -> SpecialistSpec:
    """Read one file and its prompt. Raises `ConfigError` that lists every fault with its line."""
    text = read_text(path)
    data = parse_toml(path, text)
    try:
        spec = SpecialistSpec.model_validate(data)
    except ValidationError as error:
        raise ConfigError("\n".join(_faults(path, text, error))) from error
    if spec.name != path.stem:
        line = line_of(text, ("name",))
        raise ConfigError(f"{path}:{line}: name: must be the file's own name, {path.stem!r}")
    return spec.model_copy(update={"instructions": _prompt(path, text, spec.prompt)})


def _prompt(path: Path, text: str, name: str) -> str:
    file = path.parent / name
    if file.resolve().parent != path.parent.resolve() or not file.is_file():
        line = line_of(text, ("prompt",))
        raise ConfigError(f"{path}:{line}: prompt: no file {name!r} beside it")
    words = read_text(file).strip()
    if not words:
        raise ConfigError(f"{file}:1: the prompt is empty")
    return words


def _faults(path: Path, text: str, error: ValidationError) -> list[str]:
    faults: list[str] = []
    for fault in error.errors():
        where = tuple(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        faults.append(f"{path}:{line_of(text, where)}: {'.'.join(where)}: {message}")
    return faults


def line_of(text: str, where: tuple[str, ...]) -> int:
    """The line (from 1) where the deepest named key of `where` is set; 1 if it is nowhere."""
    names = [part for part in where if not part.isdigit()]
    for name in reversed(names):
        setting = re.compile(rf"(^|[\s{{,.\[])[\"']?{re.escape(name)}[\"']?\s*[=\].]")
        for number, line in enumerate(text.splitlines(), 1):
            if not line.lstrip().startswith("#") and setting.search(line):
                return number
    return 1
