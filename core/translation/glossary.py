"""Words that stay as they are in every language: products, plans, the company's name.

Above: `model`. Below: TOML (`config/glossary.toml`).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigError
from core.toml_file import read_toml


class Glossary(BaseModel):
    """`keep` are the words that are never translated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: tuple[str, ...] = Field(default=(), max_length=500)


def read_glossary(path: Path) -> Glossary:
    """The glossary; an empty one where there is no file. Raises `ConfigError`."""
    if not path.is_file():
        return Glossary()
    try:
        return Glossary.model_validate(read_toml(path))
    except ValidationError as error:
        raise ConfigError(f"{path}: {error.errors()[0]['msg']}") from error
