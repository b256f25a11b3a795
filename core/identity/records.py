"""People as values. Above: `people`, REST, the export. Below: the vocabulary."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from core.ids import ContactId
from core.messages import Frozen

# How an identity became a contact's: claimed by whoever wrote, vouched for by the platform, the
# domain of the sender or the host's page, brought by a link out of a conversation that was proved,
# confirmed by a one-time code, or put down by a person of the desk.
Evidence = Literal["claim", "platform", "page", "link", "code", "desk"]
MergeState = Literal["proposed", "done", "undone"]


class Contact(Frozen):
    """A person. `merged_into` is set while they are known as another contact."""

    id: ContactId
    name: str | None = None
    language: str | None = None
    email: str | None = None
    notes: str | None = None
    attributes: dict[str, Any] = Field(default_factory=dict[str, Any])
    created_at: datetime
    updated_at: datetime
    merged_into: ContactId | None = None


class Identity(Frozen):
    """One way to reach a contact. `name` is what heads of conversations call it
    (`Head.contact`); `level` says how well it is proved to be theirs, 0-3."""

    id: str
    contact: ContactId
    channel: str
    account: str
    value: str
    name: str
    level: int
    evidence: Evidence
    proved_at: datetime | None
    created_at: datetime


class Merge(Frozen):
    """Two contacts that are one person: proposed by evidence, done by a person, or undone.

    `moved` is what the undoing puts back: identities and conversations of `gone`, and the fields
    of `kept` that were empty before."""

    id: str
    kept: ContactId
    gone: ContactId
    state: MergeState
    evidence: tuple[str, ...] = ()
    reason: str | None = None
    by: str | None = None
    at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None
    moved: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])


class Preview(Frozen):
    """What a merge would do. `by_evidence`: both sides show proof of level 2 or more; without that
    it takes a person's reason."""

    kept: ContactId
    gone: ContactId
    identities: tuple[Identity, ...]
    conversations: int
    fields: tuple[str, ...]
    evidence: tuple[str, ...]
    by_evidence: bool


class Everything(Frozen):
    """All that is known by a contact: for export and erasure."""

    contact: Contact
    identities: tuple[Identity, ...]
    conversations: tuple[str, ...]
    addresses: tuple[str, ...]
    merged: tuple[ContactId, ...]
