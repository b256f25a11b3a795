"""Shapes of what REST takes; unknown fields are refused. Above: routes. Below: pydantic."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

Text = Field(min_length=1, max_length=8_000)


class Body(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid")


class NewConversation(Body):
    """Opens a conversation."""

    text: str | None = Field(default=None, description="The first message.")
    contact: str | None = Field(default=None, max_length=200, description="Whose it is.")
    language: str | None = Field(default=None, max_length=35, description="BCP 47.")


class NewMessage(Body):
    """What the customer says."""

    text: str = Field(description="Plain text, at most 4,000 characters.")
    client_id: str | None = Field(
        default=None, description="The client's own id: a repeat under it is not said twice."
    )
    attachments: list[dict[str, Any]] | None = Field(default=None, description="Not taken yet.")


class Act(Body):
    """Why something is done."""

    reason: str | None = Field(default=None, max_length=500)
    name: str | None = Field(default=None, max_length=100, description="Who does it.")


class Words(Body):
    """What a person of the desk says or notes."""

    text: str
    name: str | None = Field(default=None, max_length=100, description="Who says it.")
    client_id: str | None = None


class TriageRequest(Body):
    """A text to judge."""

    text: str
    conversation: str | None = None


class NewDocument(Body):
    """A document for the knowledge base, Markdown or plain text."""

    title: str = Field(min_length=1, max_length=300)
    text: str = Field(min_length=1, max_length=500_000)
    id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,120}$")
    category: str | None = Field(default=None, max_length=60)
    language: str | None = Field(default=None, max_length=35)
    url: str | None = Field(default=None, max_length=1_000, pattern=r"^https?://")
