"""What the REST routes need that lies beyond the log; the composition root chooses who serves.

Above: routes. Below: `core.ports`. Served by knowledge base, archive and engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from core.ids import ConversationId
from core.ports import SearchResult


class Page(Protocol):
    """Some items and the cursor to the rest."""

    @property
    def items(self) -> list[dict[str, Any]]:
        """This page."""
        ...

    @property
    def next(self) -> str | None:
        """None: that was all."""
        ...


class Archive(Protocol):
    """Conversations as they were written to SQL."""

    async def list_conversations(
        self, *, status: str | None = None, owner: str | None = None,
        channel: str | None = None, specialist: str | None = None, contact: str | None = None,
        q: str | None = None, cursor: str | None = None, limit: int = 50,
        person: str | None = None,
    ) -> Page:  # fmt: skip
        """Newest first. `contact` is what heads call somebody, `person` the id of a contact."""
        ...


class CaseQueue(Protocol):
    """What waits for people."""

    async def list(
        self, *, waiting: bool | None, holder: str | None, limit: int
    ) -> list[dict[str, Any]]:
        """Who waits longest for the most urgent thing comes first."""
        ...


class StatisticsDesk(Protocol):
    """What happened, counted."""

    async def read(self, since: datetime, until: datetime) -> dict[str, Any]:
        """From `since`, and before `until`."""
        ...

    async def forecast(self, of: str, hours: int) -> dict[str, Any]:
        """How many messages, conversations or cases are to come in each of the next hours."""
        ...


class KnowledgeDesk(Protocol):
    """Documents and search."""

    async def search(
        self, query: str, *, limit: int, language: str | None, categories: tuple[str, ...]
    ) -> SearchResult:
        """The nearest passages."""
        ...

    async def list(self) -> list[dict[str, Any]]:
        """All documents."""
        ...

    async def add(self, fields: dict[str, Any]) -> str:
        """Write a document; its id."""
        ...

    async def remove(self, document: str) -> None:
        """Raises `NotFound`."""
        ...

    async def gaps(self, *, days: int, limit: int) -> list[dict[str, Any]]:
        """What was asked and not answered, gathered into topics."""
        ...


class ApprovalDoor(Protocol):
    """Acts that wait for a person; all results are plain JSON values."""

    async def list(self, *, status: str | None, limit: int) -> list[dict[str, Any]]:
        """Those of a status (None: all), the longest waiting first."""
        ...

    async def decide(
        self, identifier: str, decision: Literal["approve", "reject"], *, by: str,
        comment: str | None,
    ) -> dict[str, Any]:  # fmt: skip
        """Raises `NotFound`; `Conflict` when the contrary was decided before."""
        ...


class TriageDesk(Protocol):
    """The triage of a text, without a turn."""

    async def decide(self, text: str, *, conversation: str | None) -> dict[str, Any]:
        """The typed decision."""
        ...


class CorrectionDoor(Protocol):
    """What people say triage got wrong; all results are plain JSON values."""

    async def propose(self, fields: dict[str, Any], *, by: str) -> dict[str, Any]:
        """Raises `InputError` for what nothing could be learned from."""
        ...

    async def list(self, *, status: str | None, limit: int) -> list[dict[str, Any]]:
        """Those of a status (None: all), oldest first."""
        ...

    async def review(
        self, identifier: str, verdict: Literal["accepted", "rejected"], *, by: str
    ) -> dict[str, Any]:
        """Raises `NotFound`; `Conflict` when the contrary was decided before."""
        ...


class SpecialistList(Protocol):
    """The specialists as they are now."""

    async def overview(self) -> list[dict[str, Any]]:
        """Name and description of each, and how busy it is now and was within the hour."""
        ...


class ViewDoor(Protocol):
    """A conversation as one specialist sees it."""

    async def view(
        self, conversation: ConversationId, specialist: str | None = None
    ) -> dict[str, Any]:
        """Raises `NotFound`."""
        ...


class PrivacyDoor(Protocol):
    """People's right to their data; all results but a file's path are plain JSON values."""

    async def erase(self, contact: str, *, by: str, origin: str) -> dict[str, Any]:
        """Begin to forget a person; the rest is done by a service."""
        ...

    async def preview(self, contact: str) -> dict[str, Any]:
        """What that would find."""
        ...

    async def erasure(self, identifier: str) -> dict[str, Any]:
        """How far one is. Raises `NotFound`."""
        ...

    async def export(self, contact: str, *, by: str, origin: str) -> dict[str, Any]:
        """Write everything down. Raises `NotFound`."""
        ...

    def exported(self, identifier: str) -> Path:
        """The file, while its link is good. Raises `NotFound`."""
        ...

    async def lines(
        self, *, whom: str | None, before: int | None, limit: int
    ) -> list[dict[str, Any]]:
        """Of the audit log, the newest first."""
        ...

    async def verify(self) -> dict[str, Any]:
        """Whether the audit log is whole."""
        ...


class WebhookDoor(Protocol):
    """Who is told of what happens; all results are plain JSON values.

    All but `list` and `add` raise `NotFound`.
    """

    async def add(
        self, url: str, events: Sequence[str], *, description: str, by: str
    ) -> dict[str, Any]:
        """With its secret. Raises `InputError` for an address that nothing may be sent to."""
        ...

    async def list(self) -> list[dict[str, Any]]:
        """The oldest first."""
        ...

    async def remove(self, identifier: str) -> None:
        """With everything that waits for it."""
        ...

    async def enable(self, identifier: str) -> dict[str, Any]:
        """Tell it again."""
        ...

    async def test(self, identifier: str) -> dict[str, Any]:
        """Tell it an event that means nothing; the delivery."""
        ...

    async def deliveries(
        self, identifier: str, *, status: str | None, limit: int
    ) -> list[dict[str, Any]]:
        """The newest first."""
        ...

    async def replay(self, identifier: str, event: str) -> dict[str, Any]:
        """Tell it once more."""
        ...


class TokenDoor(Protocol):
    """Tokens of people and programs; all results are plain JSON values."""

    async def add(
        self, *, scope: Literal["desk", "admin"], name: str, limits: tuple[str, ...],
        expires_at: datetime | None, by: str,
    ) -> dict[str, Any]:  # fmt: skip
        """With the token itself."""
        ...

    async def list(self) -> list[dict[str, Any]]:
        """Those that were not revoked, the newest first."""
        ...

    async def revoke(self, identifier: str) -> None:
        """Raises `NotFound`."""
        ...

    async def end_customer_tokens(self, conversation: str) -> None:
        """Those issued until now open nothing."""
        ...
