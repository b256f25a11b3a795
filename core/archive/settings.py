"""Settings of the SQL database. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DatabaseSettings(BaseModel):
    """Where what must outlive the session bus is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL by URL (postgresql://user:password@host/name), or sqlite:///file. "
        "Empty: a SQLite file in the data folder.",
    )
    data_dir: Path = Field(default=Path("data"), description="Where the SQLite file is kept.")
    timeout_seconds: float = Field(
        default=10.0, gt=0, description="How long a statement waits for a lock or the server."
    )
    pool_size: int = Field(default=5, ge=1, description="Connections a process keeps.")
