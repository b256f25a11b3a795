"""What the routes about learning need; the composition root serves it (`switchboard.learning`).

Above: `learning`, `channels.deps`. Below: nothing.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol


class KnowledgeDrafts(Protocol):
    """Answers that may become knowledge; all results are plain JSON values."""

    async def propose(self, fields: dict[str, Any], *, by: str) -> dict[str, Any]:
        """Raises `InputError` for what can be no article."""
        ...

    async def list(self, *, status: str | None, limit: int) -> list[dict[str, Any]]:
        """Those of a status (None: all), oldest first."""
        ...

    async def accept(self, identifier: str, fields: dict[str, Any], *, by: str) -> dict[str, Any]:
        """Raises `NotFound`; `Conflict` when it was rejected, or holds personal data."""
        ...

    async def reject(self, identifier: str, *, by: str) -> dict[str, Any]:
        """Raises `NotFound`; `Conflict` when it was accepted."""
        ...


class LearningDesk(Protocol):
    """What is measured, and what follows from it; all results are plain JSON values."""

    async def draft_measures(self, *, days: int) -> dict[str, Any]:
        """How the drafts of these days fared."""
        ...

    async def autonomy(self, *, limit: int) -> dict[str, Any]:
        """Who answers what, with the changes, newest first."""
        ...

    async def set_mode(
        self, intent: str, mode: Literal["auto", "draft"], *, why: str, by: str
    ) -> dict[str, Any]:
        """The change. Raises `InputError`."""
        ...

    async def decide_change(
        self, identifier: str, status: Literal["applied", "dismissed"], *, by: str
    ) -> dict[str, Any]:
        """Raises `NotFound`; `Conflict` when it was decided otherwise."""
        ...

    async def weekly_report(self, week: str | None) -> dict[str, Any]:
        """Of a week (`2026-W07`), or of the last whole one. Raises `InputError`."""
        ...
