"""What the routes about people take and give. Above: `contacts`. Below: pydantic."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from channels.rest.models import Body
from channels.rest.shapes import Shape, Time
from core.identity.records import Evidence, MergeState

_Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
_Text = Annotated[str, StringConstraints(max_length=500)]
Attributes = dict[_Key, _Text | int | float | bool]


class Profile(Body):
    """What is noted of a person; all of it is replaced. An address in here is a note: it proves
    nothing and joins nobody."""

    name: str | None = Field(default=None, min_length=1, max_length=200, examples=["Eva Novak"])
    language: str | None = Field(
        default=None, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35,
        examples=["cs"], description="BCP 47.",
    )  # fmt: skip
    email: str | None = Field(default=None, max_length=254, examples=["eva@example.org"])
    notes: str | None = Field(default=None, max_length=4_000, examples=["Prefers a call"])
    attributes: Attributes = Field(default={}, max_length=50, examples=[{"newsletter": True}])


class NewIdentity(Body):
    """Another way to reach them. What a person of the desk puts down is a claim: level 0."""

    channel: Literal["email", "telegram", "slack", "web", "rest", "phone"]
    value: str = Field(min_length=1, max_length=200, examples=["eva@example.org"])
    account: str = Field(default="", max_length=100, description="Such as the site of a page.")


class MergeRequest(Body):
    """The contact that becomes this one."""

    other: str = Field(min_length=1, max_length=64, examples=["ct_7Qm0Lw2Yx5nJ3kTz8Rb1Vg"])
    reason: str | None = Field(
        default=None, max_length=500, examples=["She told us on the phone"],
        description="Needed where no proof of level 2 on both sides speaks for it.",
    )  # fmt: skip
    dry_run: bool = Field(default=False, description="Say what would happen, and do nothing.")
    name: str | None = Field(default=None, max_length=100, description="Who does it.")


class UndoRequest(Body):
    """Who undoes it."""

    name: str | None = Field(default=None, max_length=100)


class IdentityShape(Shape):
    """One way to reach a contact, and how well it is proved to be theirs."""

    id: str
    channel: str
    account: str
    value: str
    level: int = Field(
        description="0 claimed, 1 proved by the channel, 2 signed by the page, 3 one-time code."
    )
    evidence: Evidence
    proved_at: str | None
    created_at: str = Time


class ContactShape(Shape):
    """A person."""

    id: str
    name: str | None
    language: str | None
    email: str | None
    notes: str | None
    attributes: Attributes
    created_at: str = Time
    updated_at: str = Time
    merged_into: str | None = Field(description="The contact they are known as now.")


class WholeContact(ContactShape):
    """A person with everything that is known of who they are."""

    identities: list[IdentityShape]


class ContactPage(Shape):
    """Last changed first."""

    contacts: list[ContactShape]
    next: str | None


class Identities(Shape):
    """The best proved first."""

    identities: list[IdentityShape]


class MergeShape(Shape):
    """Two contacts that are one person: proposed, done or undone."""

    id: str
    kept: str
    gone: str
    state: MergeState
    evidence: list[str]
    reason: str | None
    by: str | None
    at: str = Time
    undone_by: str | None
    undone_at: str | None


class Merges(Shape):
    """The newest first."""

    merges: list[MergeShape]


class MergeAnswer(Shape):
    """What a merge did, or would do. `by_evidence`: proof of level 2 or more on both sides speaks
    for it; without that it takes a reason. `merge` is null after a dry run."""

    dry_run: bool
    kept: str
    gone: str
    identities: list[IdentityShape] = Field(description="Those that move.")
    conversations: int = Field(description="So many move.")
    fields: list[str] = Field(description="Those that the other alone has: taken over.")
    evidence: list[str]
    by_evidence: bool
    merge: MergeShape | None
