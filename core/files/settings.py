"""Settings of the file store. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class FileSettings(BaseModel):
    """Attachments of customers and answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path | None = Field(
        default=None,
        description="Where files are kept. Empty: `files` in the data folder. Processes on several "
        "machines need one folder that they share.",
    )
    max_bytes: int = Field(
        default=20_000_000, ge=1_000, le=200_000_000, description="The largest file that is taken."
    )
    days: float = Field(default=90.0, gt=0, description="Files are deleted after so many days.")
    link_minutes: float = Field(
        default=240.0, gt=0, description="A link to a file shown in a page opens for so long."
    )
    mail_link_hours: float = Field(
        default=168.0,
        gt=0,
        description="A link to a file in a message that is kept elsewhere opens for so long.",
    )
    public_url: str | None = Field(
        default=None,
        description="The gateway's address as customers reach it (https://…), for links to files "
        "in channels that cannot carry a file. Empty: such a file is named, without a link.",
    )
    fetch_seconds: float = Field(
        default=30.0, gt=0, description="Deadline of fetching a file from its platform."
    )
