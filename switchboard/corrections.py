"""Corrections of triage for the doors. Above: `doors`. Below: the SQL of them, the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from core.archive.corrections import SqlCorrections
from core.engine.corrections import Correction, NewCorrection, check_correction
from core.messages import format_time
from core.text import clean_text

if TYPE_CHECKING:
    from core.engine.open import Engine


class CorrectionDoor:
    """`channels.rest.ports.CorrectionDoor` over the database and the engine's specialists."""

    def __init__(self, book: SqlCorrections, engine: Engine) -> None:
        self._book = book
        self._engine = engine

    async def propose(self, fields: dict[str, Any], *, by: str) -> dict[str, Any]:
        """See the port. A specialist means kind "intent"; the language is told by the text."""
        text = clean_text(fields.pop("text")).strip()
        kind = fields.pop("kind", None) or ("intent" if fields.get("specialist") else None)
        language = fields.pop("language", None) or self._engine.detector.choose(text)
        new = NewCorrection(text=text, kind=kind, language=language, **fields)
        check_correction(new, [spec.name for spec in self._engine.registry.all()])
        return show_correction(await self._book.propose(new, by=by))

    async def list(self, *, status: str | None, limit: int) -> list[dict[str, Any]]:
        """See the port."""
        return [show_correction(item) for item in await self._book.list(status=status, limit=limit)]

    async def review(
        self, identifier: str, verdict: Literal["accepted", "rejected"], *, by: str
    ) -> dict[str, Any]:
        """See the port."""
        return show_correction(await self._book.review(identifier, verdict, by=by))


def show_correction(item: Correction) -> dict[str, Any]:
    """As REST and commands show it."""
    reviewed = format_time(item.reviewed_at) if item.reviewed_at else None
    times = {"proposed_at": format_time(item.proposed_at), "reviewed_at": reviewed}
    return {**item.model_dump(), **times}
