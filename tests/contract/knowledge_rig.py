"""What the contract of the knowledge base needs: processes that share one truth.

Above: `knowledge_contract`. Below: `kb.open`, a database file, an embedder without a model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from core.archive.database import open_database
from core.archive.settings import DatabaseSettings
from kb.open import Knowledge, open_knowledge
from kb.settings import KnowledgeSettings
from tests.fakes.knowledge import WordEmbedder


@dataclass
class KnowledgeRig(ABC):
    """Opens knowledge as separate processes would; `connect` is how they reach a shared index."""

    folder: Path
    settings: KnowledgeSettings
    connect: Callable[[], Any] | None = None
    database_url: str | None = None
    exempt: ClassVar[dict[str, str]] = {}

    @asynccontextmanager
    async def process(self, embedder: WordEmbedder | None = None) -> AsyncGenerator[Knowledge]:
        """The knowledge base as a process of its own has it."""
        settings = DatabaseSettings.model_validate(
            {"data_dir": self.folder, "url": self.database_url}
        )
        async with open_database(settings) as database:
            await database.migrate()
            used = embedder or WordEmbedder()
            async with open_knowledge(
                self.settings, database, embedder=used, connect=self.connect
            ) as knowledge:
                await knowledge.refresh()
                yield knowledge

    @abstractmethod
    def lose_index(self) -> None:
        """Drop what a shared index holds."""

    def write(self, name: str, text: str) -> Path:
        """A file to be read."""
        path = self.folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path
