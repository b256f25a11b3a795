"""Stories: what a customer says turn by turn, and what must come of it. YAML, one or many a file.

Above: `playing`, the command line. Below: `core.errors`, PyYAML.

    - story: a forgotten password
      language: en
      turns:
        - customer: I forgot my password
          model: ["Use the link **Forgot password** below the sign-in form. [1]"]
          expect: {specialist: technical, reply_contains: [password], escalates: false}
      end_state: {owner: ai}

Faults are reported with file and line, all of a file at once. The keys are those of the models
below; docs/stories.md describes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import ConfigError
from core.messages import ControlAction
from core.rehearsal.script import Move


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_tuple(value: object) -> object:
    """One is a list of one."""
    return (value,) if isinstance(value, str) else value


class Expect(_Part):
    """What a turn must bring. What is not named is not looked at.

    `reply_contains` must all occur in what was said (without regard to case), of
    `reply_contains_any` one must; `tools` were all called with success; `escalates` is a yes or a
    no, or the reason code.
    """

    specialist: str | None = None
    outcome: Literal["reply", "offer", "escalate", "silence"] | None = None
    reply_contains: tuple[str, ...] = ()
    reply_contains_any: tuple[str, ...] = ()
    reply_lacks: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    no_tools: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()
    escalates: bool | str | None = None
    intent: str | None = None
    priority: str | None = None
    language: str | None = None

    _lists = field_validator(
        "reply_contains", "reply_contains_any", "reply_lacks", "tools", "no_tools", "cites",
        "buttons", mode="before",
    )(_as_tuple)  # fmt: skip


class EndState(_Part):
    """How it must stand at the end. `orders` and `refunds` name states in the customer system;
    `facts` are values that are remembered, by kind."""

    owner: Literal["ai", "human", "nobody"] | None = None
    status: Literal["open", "closed"] | None = None
    specialist: str | None = None
    tickets: int | None = None
    orders: dict[str, str] = {}
    refunds: dict[str, str] = {}
    facts: dict[str, str] = {}


class Step(_Part):
    """One thing that happens; after what the customer does the engine takes a turn.

    `model` is the script of the model for this turn: words, or `{call: {tool: arguments}}`.
    """

    customer: tuple[str, ...] = ()
    press: str | None = None
    human: str | None = None
    act: ControlAction | None = None
    model: tuple[Any, ...] = ()
    expect: Expect = Expect()

    _lists = field_validator("customer", "model", mode="before")(_as_tuple)

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        named = [self.customer, self.press, self.human, self.act]
        if sum(bool(item) for item in named) != 1:
            raise ValueError("a step is one of customer, press, human, act")
        for move in self.model:
            read_move(move)
        return self


class Contact(_Part):
    """Who the customer is, and how well that is proved (level 0-3)."""

    id: str
    level: int = Field(default=2, ge=0, le=3)


class Story(_Part):
    """One story; `source` says where it stands. `played` tells which engine plays it: `plain`
    without a model, `model` with the script."""

    story: str
    language: str = "en"
    contact: Contact | None = None
    channel: str = "web"
    played: tuple[Literal["plain", "model"], ...] = ("plain", "model")
    turns: tuple[Step, ...] = Field(min_length=1)
    end_state: EndState = EndState()
    source: str = ""

    @property
    def has_script(self) -> bool:
        """True if a model has words in it."""
        return any(step.model for step in self.turns)


def read_move(value: Any) -> Move:
    """One answer of the model as it is written in a story. Raises `ValueError`."""
    if isinstance(value, str):
        return Move(text=value)
    if isinstance(value, dict) and set(value) <= {"say", "call"} and value:  # pyright: ignore[reportUnknownArgumentType]
        calls: Any = value.get("call", {})  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        named = [calls] if isinstance(calls, dict) else list(calls)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return Move(text=str(value.get("say", "")), calls=tuple(_calls(named)))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    raise ValueError("a move is a text, or {say: text, call: {tool: {argument: value}}}")


def _calls(named: Iterable[Any]) -> Iterable[tuple[str, str]]:
    for item in named:
        if not isinstance(item, dict):
            raise ValueError("a call is {tool: {argument: value}}")
        for name, arguments in item.items():  # pyright: ignore[reportUnknownVariableType]
            yield str(name), json.dumps(arguments or {})  # pyright: ignore[reportUnknownArgumentType]


def read_stories(paths: Iterable[Path]) -> list[Story]:
    """Every story of these files and folders. Raises `ConfigError` that names file and line."""
    stories: list[Story] = []
    faults: list[str] = []
    for path in _files(paths):
        try:
            stories += _read(path)
        except ConfigError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError("\n".join(faults))
    if not stories:
        raise ConfigError("there are no stories in these files")
    return stories


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")])
        else:
            yield path


def _read(path: Path) -> list[Story]:
    try:
        text = path.read_text(encoding="utf-8")
        data: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: {error.problem}") from error
    items: Any = data.get("stories") if isinstance(data, dict) else data  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(items, list):
        raise ConfigError(f"{path}:1: a list of stories is wanted")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    prefix: tuple[str | int, ...] = ("stories",) if isinstance(data, dict) else ()
    stories: list[Story] = []
    faults: list[str] = []
    for number, item in enumerate(items):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        where = (*prefix, number)
        line = _line(root, where)
        try:
            stories.append(
                Story.model_validate(item).model_copy(update={"source": f"{path}:{line}"})
            )
        except ValidationError as error:
            faults += [
                f"{path}:{_line(root, (*where, *fault['loc']))}: "
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
                for fault in error.errors()
            ]
    if faults:
        raise ConfigError("\n".join(faults))
    return stories


def _line(node: Any, where: tuple[str | int, ...]) -> int:
    """The line (from 1) of the deepest part of `where` that is written down."""
    line = 1
    for part in where:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            found = [value for key, value in node.value if key.value == part]
            if not found:
                break
            node = found[0]
        else:
            break
        line = node.start_mark.line + 1
    return line
