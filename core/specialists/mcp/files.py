"""`config/mcp.toml` as data: whose tools may be used, and how far they are trusted.

Above: `toolset`, the composition root. Below: `core.errors`. What is not written down is not there:
a server's other tools are never offered, and a tool without its pin is not offered either.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import ConfigError
from core.messages import Frozen
from core.specialists.spec import line_of
from core.specialists.tools.base import ACTS, Risk
from core.specialists.wire_names import wire_name
from core.toml_file import parse_toml, read_text

_SERVER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_TOOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_ENVIRONMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PIN = re.compile(r"sha256:[0-9a-f]{64}\Z")
# A model server takes names of so many signs.
_LONGEST_NAME = 64
_SHELL = re.compile(r"[|&;<>`\n]|\$\(")


class _Strict(Frozen):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolGrant(_Strict):
    """One allowed tool. `pin` is the hash of its name, description and schema; `subject` the
    argument into which we put the customer's id, and which the model never sees."""

    risk: Risk = "read"
    level: int = Field(default=1, ge=0, le=3)
    subject: str | None = None
    pin: str | None = None

    @field_validator("pin")
    @classmethod
    def _is_a_hash(cls, pin: str | None) -> str | None:
        if pin is not None and not _PIN.match(pin):
            raise ValueError("must be sha256: and 64 hexadecimal digits (switchboard mcp pin)")
        return pin

    @model_validator(mode="after")
    def _is_safe(self) -> ToolGrant:
        if self.level < 1 and (self.subject is not None or self.risk in ACTS):
            raise ValueError("level: a tool about a customer, or one that writes, needs 1 or more")
        return self


class ServerSpec(_Strict):
    """One MCP server: a `command` (a list, never shell text) or a `url`. `environment` names the
    variables it inherits beside the harmless ones; `token_env` the one that holds the token of a
    URL; `private` says that the URL is one of our own network."""

    command: tuple[str, ...] = ()
    url: str | None = None
    environment: tuple[str, ...] = ()
    token_env: str | None = None
    private: bool = False
    # Less than the ten seconds that the house gives any tool: then the server is counted as late.
    deadline_seconds: float = Field(default=8.0, gt=0, le=9)
    start_seconds: float = Field(default=30.0, gt=0, le=120)
    result_bytes: int = Field(default=262_144, ge=1_024, le=4_194_304)
    result_characters: int = Field(default=4_000, ge=200, le=20_000)
    tools: dict[str, ToolGrant] = Field(default_factory=dict[str, ToolGrant])

    @field_validator("command")
    @classmethod
    def _is_a_list(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if command and (not command[0].strip() or _SHELL.search(command[0])):
            raise ValueError("a program and its arguments, each an item of its own; no shell text")
        if any("\0" in part for part in command):
            raise ValueError("a part holds a NUL")
        return command

    @field_validator("environment")
    @classmethod
    def _are_not_ours(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not _ENVIRONMENT.match(name) or name.upper().startswith("SWITCHBOARD_"):
                raise ValueError(f"{name!r} is no name of a variable that a server may see")
        return names

    @field_validator("tools")
    @classmethod
    def _have_names(cls, tools: dict[str, ToolGrant]) -> dict[str, ToolGrant]:
        for name in tools:
            if not _TOOL.match(name):
                raise ValueError(f"{name!r} is no name of a tool")
        return tools

    @model_validator(mode="after")
    def _has_one_way(self) -> ServerSpec:
        if bool(self.command) == (self.url is not None):
            raise ValueError("either command or url, not both and not none")
        if self.url is not None:
            parts = urlsplit(self.url)
            if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username:
                raise ValueError("url: must be https://host/path, without a user in it")
            if parts.scheme == "http" and not self.private:
                raise ValueError("url: must begin with https:// (or say private = true)")
        return self


class CrmTools(_Strict):
    """Which tools of `server` are the company's CRM; what is None it does not have."""

    server: str
    customer: str
    find: str | None = None
    orders: str | None = None
    billing: str | None = None
    ticket: str | None = None
    history: str | None = None
    write_history: str | None = None


class McpFile(_Strict):
    """All of the file."""

    servers: dict[str, ServerSpec] = Field(default_factory=dict[str, ServerSpec])
    crm: CrmTools | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> McpFile:
        seen: dict[str, str] = {}
        for server, spec in self.servers.items():
            if not _SERVER.match(server) or len(server) > 20:
                raise ValueError(f"{server!r}: 1-20 of a-z, 0-9 and single _ as name of a server")
            for tool in spec.tools:
                name = f"{server}.{tool}"
                if len(wire_name(name)) > _LONGEST_NAME:
                    raise ValueError(f"{name}: longer than {_LONGEST_NAME} signs")
                if (other := seen.setdefault(wire_name(name), name)) != name:
                    raise ValueError(f"{name} and {other} look the same to a model")
        self._check_crm()
        return self

    def _check_crm(self) -> None:
        if self.crm is None:
            return
        spec = self.servers.get(self.crm.server)
        if spec is None:
            raise ValueError(f"crm.server: there is no server {self.crm.server!r}")
        named = self.crm.model_dump(exclude={"server"}, exclude_none=True)
        for role, tool in named.items():
            if tool not in spec.tools:
                raise ValueError(f"crm.{role}: {tool!r} is none of the tools of the server")

    def names(self) -> list[str]:
        """Every allowed tool, as specialists list it."""
        return [f"{server}.{tool}" for server, spec in self.servers.items() for tool in spec.tools]


def read_mcp(path: Path) -> McpFile:
    """The file; nothing if it is not there. Raises `ConfigError` with every fault and its line."""
    if not path.is_file():
        return McpFile()
    text = read_text(path)
    try:
        return McpFile.model_validate(parse_toml(path, text))
    except ValidationError as error:
        raise ConfigError(
            "\n".join(_fault(path, text, fault) for fault in error.errors())
        ) from error


def _fault(path: Path, text: str, fault: Any) -> str:
    where = tuple(str(part) for part in fault["loc"])
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{path}:{line_of(text, where)}: {'.'.join(where)}: {message}"
