"""The sample tickets of demo mode, as data. Above: the composition root, `channels.rest.demo`.
Below: `records`, TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from core.errors import ConfigError
from core.messages import Frozen
from core.tickets.records import TicketPriority, TicketState


class Sample(Frozen):
    """One conversation, and the ticket that is opened for it. `key` makes a repeat recognisable."""

    key: str = Field(pattern=r"^[a-z]{2}-[a-z]{1,20}$")
    language: str
    customer: str
    subject: str
    priority: TicketPriority = "medium"
    tags: tuple[str, ...] = ()
    status: TicketState = "open"
    assignee: str = ""
    messages: tuple[str, ...] = Field(min_length=1)
    reply: str = ""


class Samples(Frozen):
    """All of them."""

    tickets: tuple[Sample, ...]

    @model_validator(mode="after")
    def _keys_differ(self) -> Samples:
        if len({sample.key for sample in self.tickets}) != len(self.tickets):
            raise ValueError("a key is used twice")
        return self


def read_samples(path: Path) -> tuple[Sample, ...]:
    """Raises `ConfigError` that names the fault; no file: no samples."""
    if not path.is_file():
        return ()
    try:
        return Samples.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).tickets
    except (OSError, ValueError, ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
