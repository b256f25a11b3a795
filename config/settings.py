"""All settings of the product, read from the environment: the only module that looks there.

Above: the composition root, which hands each folder its own part. Below: the folders' settings
models, `environment` (names and parsing). The order of force: command-line options, environment,
a `.env` file in the working directory, defaults.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from channels.climbing import ClimbingSettings
from channels.email.settings import EmailSettings
from channels.mcp.settings import McpSettings
from channels.settings import WebSettings
from channels.slack.settings import SlackSettings
from channels.telegram.settings import TelegramSettings
from channels.webhooks.settings import WebhookSettings
from config.environment import Variable, list_variables, read_variables
from core.archive.settings import DatabaseSettings
from core.bus.settings import BusSettings
from core.customers.crm.settings import CrmSettings
from core.engine.settings import EngineSettings
from core.errors import ConfigError
from core.files.settings import FileSettings
from core.identity.settings import ProofSettings
from core.learning.settings import ReportSettings
from core.memory.settings import MemorySettings
from core.observing import MetricsSettings
from core.privacy.settings import PrivacySettings
from core.specialists.settings import ModelSettings, ProviderSettings
from core.tickets.settings import TicketSettings
from core.tracing import TracingSettings
from core.translation.settings import DeskSettings
from kb.settings import KnowledgeSettings

# The names that everybody else gives these things; each may also end in _FILE.
USUAL_NAMES: dict[str, str] = {
    "bus.url": "REDIS_URL",
    "database.url": "DATABASE_URL",
    "knowledge.qdrant_url": "QDRANT_URL",
    "knowledge.qdrant_api_key": "QDRANT_API_KEY",
    "web.allowed_origins": "WIDGET_ALLOWED_ORIGINS",
    "web.identity_secret": "WIDGET_IDENTITY_SECRET",
    "telegram.bot_token": "TELEGRAM_BOT_TOKEN",
    "telegram.api_url": "TELEGRAM_API_URL",
    "telegram.webhook_url": "TELEGRAM_WEBHOOK_URL",
    "telegram.webhook_secret": "TELEGRAM_WEBHOOK_SECRET",
    "slack.bot_token": "SLACK_BOT_TOKEN",
    "slack.app_token": "SLACK_APP_TOKEN",
    "slack.signing_secret": "SLACK_SIGNING_SECRET",
    "slack.api_url": "SLACK_API_URL",
    "slack.desk_channel": "SLACK_DESK_CHANNEL",
    "email.imap_url": "EMAIL_IMAP_URL",
    "email.smtp_url": "EMAIL_SMTP_URL",
    "email.address": "EMAIL_ADDRESS",
    "crm.url": "CRM_URL",
    "crm.api_key": "CRM_API_KEY",
    "openai.api_key": "OPENAI_API_KEY",
    "openai.base_url": "OPENAI_BASE_URL",
    "openai.model": "OPENAI_MODEL",
    "openai.small_model": "OPENAI_SMALL_MODEL",
    "tracing.endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT",
    "tracing.headers": "OTEL_EXPORTER_OTLP_HEADERS",
    "tracing.service": "OTEL_SERVICE_NAME",
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
    tools: Literal["auto", "native", "envelope"] = Field(
        "auto",
        description="How tools are called: by the server's own means, or as JSON in the text; "
        "auto finds out.",
    )
    price_in: float = Field(0.0, ge=0, description="Money for a million tokens read.")
    price_out: float = Field(0.0, ge=0, description="Money for a million tokens written.")
    small_model: str | None = Field(
        None,
        description="A smaller model of the same server: it answers when a budget runs low. Empty: "
        "there is none.",
    )
    small_price_in: float = Field(
        0.0, ge=0, description="Money for a million tokens that the smaller model reads."
    )
    small_price_out: float = Field(
        0.0, ge=0, description="Money for a million tokens that it writes."
    )


class Settings(BaseModel):
    """Everything there is to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(Path("data"), description="The data folder: store, database, secrets.")
    config: Path | None = Field(
        None,
        description="Folder with specialists/, phrases/, exemplars/, escalation.toml, "
        "autonomy.toml and mcp.toml. "
        "Empty: the one that comes with the product.",
    )
    sample_knowledge: bool = Field(
        True,
        description="`switchboard up` fills an empty knowledge base with that of a sample company.",
    )
    demo: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Demo mode: `POST /api/v1/demo/tickets` opens sample tickets in five "
        "languages. auto: only for `switchboard up` on this machine with nothing connected to it.",
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
    telegram: TelegramSettings = Field(default_factory=lambda: TelegramSettings.model_validate({}))
    slack: SlackSettings = Field(default_factory=lambda: SlackSettings.model_validate({}))
    email: EmailSettings = Field(default_factory=lambda: EmailSettings.model_validate({}))
    crm: CrmSettings = Field(default_factory=lambda: CrmSettings.model_validate({}))
    mcp: McpSettings = Field(default_factory=lambda: McpSettings.model_validate({}))
    webhooks: WebhookSettings = Field(default_factory=lambda: WebhookSettings.model_validate({}))
    engine: EngineSettings = Field(default_factory=lambda: EngineSettings.model_validate({}))
    climbing: ClimbingSettings = Field(default_factory=lambda: ClimbingSettings.model_validate({}))
    proof: ProofSettings = Field(default_factory=lambda: ProofSettings.model_validate({}))
    desk: DeskSettings = Field(default_factory=lambda: DeskSettings.model_validate({}))
    tickets: TicketSettings = Field(default_factory=lambda: TicketSettings.model_validate({}))
    files: FileSettings = Field(default_factory=lambda: FileSettings.model_validate({}))
    report: ReportSettings = Field(default_factory=lambda: ReportSettings.model_validate({}))
    memory: MemorySettings = Field(default_factory=lambda: MemorySettings.model_validate({}))
    privacy: PrivacySettings = Field(default_factory=lambda: PrivacySettings.model_validate({}))
    metrics: MetricsSettings = Field(default_factory=lambda: MetricsSettings.model_validate({}))
    tracing: TracingSettings = Field(default_factory=lambda: TracingSettings.model_validate({}))
    openai: OpenAISettings = Field(default_factory=lambda: OpenAISettings.model_validate({}))
    model: ModelSettings = Field(default_factory=lambda: ModelSettings.model_validate({}))

    @property
    def is_bare(self) -> bool:
        """True if nothing is connected to it: no channel, no store or database of its own, and
        nobody but this machine reaches it."""
        connected = (
            self.telegram.is_configured, self.slack.is_configured, self.email.is_configured,
            self.bus.url is not None, self.database.url is not None, self.crm.url is not None,
        )  # fmt: skip
        return self.host in {"127.0.0.1", "localhost", "::1"} and not any(connected)

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
            tools=first.tools, price_in=first.price_in, price_out=first.price_out,
            small_model=first.small_model, small_price_in=first.small_price_in,
            small_price_out=first.small_price_out,
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


def read_named(names: Iterable[str], *, env_file: Path | None = Path(".env")) -> dict[str, str]:
    """These variables as they are set, for a program that we start or a server that we ask: it gets
    what the operator named, and none of our own."""
    surroundings = _read_env_file(env_file) | dict(os.environ)
    return {name: surroundings[name] for name in names if name in surroundings}


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
        words = item["msg"].removeprefix("Value error, ")
        lines.append(f"{name}{f' ({rest})' if rest else ''}: {words}")
    return lines


def _join(faults: list[str]) -> str:
    return "\n".join(faults)
