"""All settings of the product, read from the environment: the only module that looks there.

Above: the composition root, which hands each folder its own part. Below: the folders' settings
models, `environment` (names and parsing). The order of force: command-line options, environment,
a `.env` file in the working directory, defaults.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from channels.settings import WebSettings
from config.environment import Variable, list_variables, read_variables
from core.archive.settings import DatabaseSettings
from core.bus.settings import BusSettings
from core.engine.settings import EngineSettings
from core.errors import ConfigError
from core.specialists.settings import ModelSettings, ProviderSettings
from kb.settings import KnowledgeSettings

# The names that everybody else gives these things; each may also end in _FILE.
USUAL_NAMES: dict[str, str] = {
    "bus.url": "REDIS_URL",
    "database.url": "DATABASE_URL",
    "knowledge.qdrant_url": "QDRANT_URL",
    "knowledge.qdrant_api_key": "QDRANT_API_KEY",
    "web.allowed_origins": "WIDGET_ALLOWED_ORIGINS",
    "web.identity_secret": "WIDGET_IDENTITY_SECRET",
    "openai.api_key": "OPENAI_API_KEY",
    "openai.base_url": "OPENAI_BASE_URL",
    "openai.model": "OPENAI_MODEL",
}
# Set by the composition root from other settings, never from outside.
DERIVED = frozenset({"bus.data_dir", "database.data_dir", "knowledge.exemplars_dir"})
_CONFIG = Path(__file__).parent


class LogSettings(BaseModel):
    """What is written to standard error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG also writes what customers say; never use it in production."
    )
    format: Literal["auto", "json", "text"] = Field(
        "auto", description="JSON lines, or text for people; auto: text in a terminal."
    )


class OpenAISettings(BaseModel):
    """The first language model server. Key or address set: it is used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: SecretStr | None = Field(None, description="Key of the model server.")
    base_url: str | None = Field(
        None, description="Any OpenAI-compatible server. Empty: the vendor's own, if a key is set."
    )
    model: str = Field("gpt-4o-mini", description="The model that answers.")


class Settings(BaseModel):
    """Everything there is to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(Path("data"), description="The data folder: store, database, secrets.")
    config: Path | None = Field(
        None,
        description="Folder with specialists/, phrases/, exemplars/ and escalation.toml. "
        "Empty: the one that comes with the product.",
    )
    sample_knowledge: bool = Field(
        True,
        description="`switchboard up` fills an empty knowledge base with that of a sample company.",
    )
    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(8080, ge=0, le=65_535, description="Its port; 0 picks a free one.")
    grace_seconds: float = Field(
        20.0, ge=0, description="After a stop signal, how long running work may take to finish."
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Signs the tokens of visitors. Empty: made once, kept in the data folder. "
        "Processes on several machines need the same.",
    )
    admin_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Opens console and API with every right. Empty: made once, kept in the "
        "data folder.",
    )
    url: str | None = Field(None, description="For commands: the running gateway to talk to.")
    token: SecretStr | None = Field(None, description="For commands: the token to show it.")
    log: LogSettings = Field(default_factory=lambda: LogSettings.model_validate({}))
    bus: BusSettings = Field(default_factory=lambda: BusSettings.model_validate({}))
    database: DatabaseSettings = Field(default_factory=lambda: DatabaseSettings.model_validate({}))
    knowledge: KnowledgeSettings = Field(
        default_factory=lambda: KnowledgeSettings.model_validate({})
    )
    web: WebSettings = Field(default_factory=lambda: WebSettings.model_validate({}))
    engine: EngineSettings = Field(default_factory=lambda: EngineSettings.model_validate({}))
    openai: OpenAISettings = Field(default_factory=lambda: OpenAISettings.model_validate({}))
    model: ModelSettings = Field(default_factory=lambda: ModelSettings.model_validate({}))

    @property
    def config_dir(self) -> Path:
        """Where specialists, phrases and the sample knowledge are."""
        return self.config or _CONFIG

    @property
    def knowledge_settings(self) -> KnowledgeSettings:
        """The knowledge base's part, its exemplars in the configuration folder."""
        return self.knowledge.model_copy(update={"exemplars_dir": self.config_dir / "exemplars"})

    @property
    def bus_settings(self) -> BusSettings:
        """The bus's part, its files in the data folder."""
        return self.bus.model_copy(update={"data_dir": self.data})

    @property
    def database_settings(self) -> DatabaseSettings:
        """The database's part, its file in the data folder."""
        return self.database.model_copy(update={"data_dir": self.data})

    @property
    def model_settings(self) -> ModelSettings:
        """The models' part: the server of the usual names first, then the others."""
        first = self.openai
        if first.api_key is None and first.base_url is None:
            return self.model
        provider = ProviderSettings(
            name="openai", base_url=first.base_url, api_key=first.api_key, model=first.model,
            price_in=0, price_out=0,
        )  # fmt: skip
        return self.model.model_copy(update={"providers": (provider, *self.model.providers)})


def list_settings() -> list[Variable]:
    """Every variable, for documentation and `switchboard settings`."""
    return list_variables(Settings, usual=USUAL_NAMES, without=DERIVED)


def load_settings(
    environ: Mapping[str, str] | None = None,
    *,
    env_file: Path | None = Path(".env"),
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Read everything. Raises `ConfigError` that names all faults at once, each with its mend.

    `overrides` are options of the command line, by the name of a top-level field.
    """
    surroundings = _read_env_file(env_file) | dict(os.environ if environ is None else environ)
    values, faults = read_variables(list_settings(), surroundings)
    values.update({name: value for name, value in (overrides or {}).items() if value is not None})
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_join(faults + _explain(error))) from None
    if faults:
        raise ConfigError(_join(faults))
    return settings


def _read_env_file(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    return {name: text for name, text in dotenv_values(path).items() if text}


def _explain(error: ValidationError) -> list[str]:
    """Pydantic's findings by the names that people set; what was set is not repeated."""
    by_path = {variable.path: variable for variable in list_settings()}
    lines: list[str] = []
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        place = tuple(str(step) for step in item["loc"])
        prefixes = (place[:length] for length in range(len(place), 0, -1))
        found = next((by_path[path] for path in prefixes if path in by_path), None)
        name = " or ".join(found.names) if found else ".".join(place)
        rest = ".".join(place[len(found.path) :]) if found else ""
        lines.append(f"{name}{f' ({rest})' if rest else ''}: {item['msg']}")
    return lines


def _join(faults: list[str]) -> str:
    return "\n".join(faults)
