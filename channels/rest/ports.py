"""What the REST routes need that lies beyond the log; the composition root chooses who serves.

Above: routes. Below: `core.ports`. Served by knowledge base, archive and engine.
"""

from __future__ import annotations

from typing import Any, Protocol

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
        self, *, status: str | None, owner: str | None, channel: str | None,
        specialist: str | None, q: str | None, cursor: str | None, limit: int,
    ) -> Page:  # fmt: skip
        """Newest first."""
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


class TriageDesk(Protocol):
    """The triage of a text, without a turn."""

    async def decide(self, text: str, *, conversation: str | None) -> dict[str, Any]:
        """The typed decision."""
        ...


class SpecialistList(Protocol):
    """The specialists as they are now."""

    def overview(self) -> list[dict[str, Any]]:
        """Name and description of each, and how busy it is."""
        ...
