"""Writes the vectors that come with the product: `make vectors`, after its texts have changed.

Above: the Makefile. Below: `wiring`, run once on an empty data folder with everything remembered.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from config.settings import Settings, load_settings
from core.archive.database import open_database
from core.engine.open import EngineFiles, open_engine
from core.errors import ConfigError
from kb.embed.local import LocalEmbedder
from kb.embed.shipped import save_shipped
from kb.open import open_knowledge


async def freeze(settings: Settings) -> tuple[Path, int]:
    """Embed what a first start embeds; the file, and how many texts are in it."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings.database_settings))
        await database.migrate()
        knowledge = await stack.enter_async_context(
            open_knowledge(settings.knowledge_settings, database)
        )
        embedder = knowledge.embedder
        if not isinstance(embedder, LocalEmbedder):
            raise ConfigError("vectors are shipped for the bundled model only")
        vectors = embedder.record()
        await knowledge.ingest([settings.config_dir / "knowledge"])
        files = EngineFiles(settings.config_dir, settings.data)
        opened = open_engine(
            settings.engine, settings.model_settings, files,
            embedder=embedder, knowledge=knowledge.searcher,
        )  # fmt: skip
        await stack.enter_async_context(opened)
        return save_shipped(embedder.name, vectors), len(vectors)


def main() -> None:
    """Run it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings({}, env_file=None, overrides={"data": Path(folder)})
        path, count = asyncio.run(freeze(settings))
    print(f"{count} vectors in {path.name} ({path.stat().st_size // 1024} kB)")  # noqa: T201


if __name__ == "__main__":
    main()
