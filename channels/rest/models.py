"""Shapes of what REST takes; unknown fields are refused. Above: routes. Below: pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from channels.floods.proofs import LONGEST_PROOF

Text = Field(min_length=1, max_length=8_000)


class Body(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid")


class NewConversation(Body):
    """Opens a conversation."""

    text: str | None = Field(default=None, description="The first message.")
    contact: str | None = Field(default=None, max_length=200, description="Whose it is.")
    language: str | None = Field(default=None, max_length=35, description="BCP 47.")
    proof: str | None = Field(
        default=None,
        max_length=LONGEST_PROOF,
        description="The solved challenge, when a refusal with `challenge_required` brought one.",
    )


class FileRef(Body):
    """A file that was uploaded to this conversation before."""

    id: str = Field(max_length=64)


class NewMessage(Body):
    """What the customer says."""

    text: str = Field(
        default="", description="Plain text, at most 4,000 characters; may be empty with a file."
    )
    client_id: str | None = Field(
        default=None, description="The client's own id: a repeat under it is not said twice."
    )
    attachments: list[FileRef] | None = Field(
        default=None, description="Files uploaded before, at most 10."
    )


class Act(Body):
    """Why something is done."""

    reason: str | None = Field(default=None, max_length=500)
    name: str | None = Field(default=None, max_length=100, description="Who does it.")


class Closing(Act):
    """Why it ends, and whether it is shut for good for who holds a token of it."""

    end_tokens: bool = Field(
        default=False, description="Tokens that customers have for it are called back."
    )


class Return(Act):
    """Why it goes back to the AI, and what the AI's next turn must know."""

    decided: str | None = Field(
        default=None,
        max_length=500,
        description="How the matter was settled.",
        examples=["Refund of 90 EUR granted"],
    )
    promised: list[str] | None = Field(
        default=None,
        max_length=8,
        description="What the customer may expect.",
        examples=[["Parcel is sent on Monday"]],
    )
    open: list[str] | None = Field(
        default=None,
        max_length=8,
        description="What is still to be done.",
        examples=[["Invoice is missing"]],
    )


class Assignment(Act):
    """Whose it is from now on."""

    to: str = Field(min_length=1, max_length=100, examples=["Eva"])


class Snooze(Act):
    """How long it rests; neither `until` nor `minutes`: it rests no more."""

    until: str | None = Field(
        default=None, max_length=40, description="RFC 3339.", examples=["2030-01-31T09:30:00Z"]
    )
    minutes: int | None = Field(default=None, ge=1, le=60 * 24 * 90, examples=[60])


class Priority(Act):
    """How much it hurries."""

    priority: Literal["low", "medium", "high", "urgent"] = Field(examples=["high"])


class Escalation(Body):
    """Opens a case for people."""

    reason: str = Field(
        min_length=1,
        max_length=60,
        pattern=r"^[a-z][a-z_]*$",
        examples=["complaint"],
        description="A reason of the escalation rules, such as request or complaint.",
    )
    text: str | None = Field(
        default=None, max_length=2_000, examples=["The parcel arrived broken for the second time."]
    )
    name: str | None = Field(default=None, max_length=100, description="Who does it.")


class Duty(Body):
    """At the desk, or away from it."""

    on: bool
    name: str | None = Field(default=None, max_length=100, description="Who it is.")
    languages: list[str] | None = Field(
        default=None,
        max_length=20,
        description="Which they speak, BCP 47.",
        examples=[["cs", "en"]],
    )
    until: str | None = Field(
        default=None, max_length=40, description="RFC 3339; else for a working day.",
        examples=["2030-01-31T17:00:00Z"],
    )  # fmt: skip


class DraftWords(Body):
    """How a draft goes out: without `text` as it is."""

    text: str | None = Field(default=None, min_length=1, max_length=8_000)
    name: str | None = Field(default=None, max_length=100, description="Who says it.")


class Words(Body):
    """What a person of the desk says or notes."""

    text: str = ""
    name: str | None = Field(default=None, max_length=100, description="Who says it.")
    client_id: str | None = None
    attachments: list[FileRef] | None = Field(
        default=None, description="Files uploaded before, at most 10."
    )


class Decision(Body):
    """What a person decides about an act that waits."""

    decision: Literal["approve", "reject"]
    comment: str | None = Field(
        default=None, max_length=500, description="For the record; the customer does not see it."
    )


class TriageCorrection(Body):
    """What triage should have said of a text: who answers, what it is, how it hurries or sounds."""

    text: str = Field(min_length=1, max_length=2_000)
    specialist: str | None = Field(default=None, max_length=40)
    intent: str | None = Field(default=None, max_length=40)
    kind: Literal["intent", "smalltalk", "human_wish", "out_of_scope"] | None = Field(
        default=None, description="What it is; with a specialist it is an intent."
    )
    priority: Literal["low", "medium", "high", "urgent"] | None = None
    sentiment: Literal["positive", "neutral", "negative", "frustrated", "angry"] | None = None
    language: str | None = Field(default=None, max_length=20, description="Else the text tells.")
    conversation: str | None = Field(default=None, max_length=80)
    comment: str | None = Field(default=None, max_length=500)


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
    language: str | None = Field(
        default=None, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35,
        description="BCP 47; else it is recognised.",
    )  # fmt: skip
    url: str | None = Field(default=None, max_length=1_000, pattern=r"^https?://")
