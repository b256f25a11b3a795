"""Settings of the desk's language. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DeskSettings(BaseModel):
    """How people read and write customers of other languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str = Field(default="en", description="The language that people of the desk read.")
    translate: bool = Field(
        default=True,
        description="With a language model: translate what customers write to people, and what "
        "people write in another language than the customer's.",
    )
    translate_seconds: float = Field(
        default=5.0,
        gt=0,
        le=30,
        description="How long a person's words may wait for their translation; then they go out "
        "as they were written.",
    )
