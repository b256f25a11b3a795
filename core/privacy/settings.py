"""Settings of privacy. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PrivacySettings(BaseModel):
    """How long data of people is kept, and what of it others see. 0 days: for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    masking: Literal["off", "model", "strict"] = Field(
        default="model",
        description="What language models see of people: `off` everything; `model` tokens instead "
        "of mail addresses, numbers of phones, cards and accounts, and of names and addresses that "
        "are known; `strict` also instead of every number that names a customer, an order or an "
        "invoice.",
    )
    messages_days: float = Field(
        default=1095.0, ge=0, description="Conversations are deleted so long after the last word."
    )
    decisions_days: float = Field(
        default=365.0, ge=0, description="Receipts of answers, drafts and approvals are deleted."
    )
    tickets_days: float = Field(
        default=1825.0,
        ge=0,
        description="Closed tickets are deleted so long after the last change.",
    )
    contacts_days: float = Field(
        default=1095.0, ge=0, description="People without conversations and tickets are deleted."
    )
    deliveries_days: float = Field(
        default=30.0, ge=0, description="What webhooks were told is deleted."
    )
    late_days: float = Field(
        default=30.0, gt=0, description="How long a platform may repeat what was erased."
    )
    export_hours: float = Field(default=24.0, gt=0, description="The link to an export ends.")
