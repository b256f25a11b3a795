"""Opens what `switchboard replay` needs: the archive, an engine, and nothing that is live.

Above: `commands.replay`. Below: `core.rehearsal.replay`, `core.archive`, `core.engine`, `kb`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from config.settings import Settings
from core.archive.database import Database, open_database
from core.archive.reader import ArchiveReader
from core.archive.settings import DatabaseSettings
from core.engine.runner import TurnRunner
from core.errors import InputError, NotFound
from core.rehearsal.replay import Replayed, Stored, replay, story_of
from core.specialists.settings import ModelSettings
from switchboard.attach import attach_database, read_settings

_PAGE = 500


async def replay_stored(
    conversation: str, *, data: Path | None, kb: Path | None, model: str | None,
    save_story: Path | None,
) -> Replayed:  # fmt: skip
    """Run it again; also write the story of it. Raises `NotFound`."""
    settings = read_settings(data)
    async with attach_database(settings) as database:
        stored = await read_stored(database, conversation)
        if save_story is not None:
            await asyncio.to_thread(_write, save_story, story_of(stored))
        async with _open_engine(settings, database, kb, model) as engine:
            return await replay(stored, engine, fleeting=_of_the_hour(settings))


def _write(path: Path, story: str) -> None:
    try:
        path.write_text(story, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _of_the_hour(settings: Settings) -> list[str]:
    """What is said of the wait for a person; it hangs on the clock and on who is at the desk."""
    from core.phrases import load_phrases

    phrases = load_phrases(
        settings.config_dir / "phrases", default=settings.engine.default_language
    )
    keys = ("after_hours", "human_soon")
    return [phrases.say(key, language) for key in keys for language in phrases.languages]


async def read_stored(database: Database, conversation: str) -> Stored:
    """All that the archive has of a conversation. Raises `NotFound`."""
    reader = ArchiveReader(database)
    head = await reader.conversation(conversation)
    if head is None:
        raise NotFound(f"the archive has no conversation {conversation}")
    entries = await reader.entries(conversation, limit=_PAGE)
    while len(more := await reader.entries(conversation, after=entries[-1].seq, limit=_PAGE)):
        entries += more
    found = {entry.seq: await reader.receipt(conversation, entry.seq) for entry in entries}
    return Stored(
        id=conversation,
        language=head["language"],
        channel=head["channel"] or "web",
        contact=head["contact"],
        level=int(head.get("level") or 0),
        entries=entries,
        receipts={seq: receipt for seq, receipt in found.items() if receipt},
    )


@asynccontextmanager
async def _open_engine(
    settings: Settings, database: Database, kb: Path | None, model: str | None
) -> AsyncGenerator[TurnRunner, None]:
    """The engine on this installation's knowledge, or on that of a folder; with a model only if
    one is named."""
    from core.engine.open import EngineFiles, open_engine
    from kb.open import open_knowledge

    async with AsyncExitStack() as stack:
        if kb is not None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="switchboard-replay-"))
            database = await stack.enter_async_context(
                open_database(DatabaseSettings(data_dir=Path(folder)))
            )
            await database.migrate()
        knowledge = await stack.enter_async_context(
            open_knowledge(settings.knowledge_settings, database)
        )
        if kb is not None:
            await knowledge.ingest([kb])
        engine = await stack.enter_async_context(
            open_engine(
                settings.engine, _models(settings, model),
                EngineFiles(settings.config_dir, settings.data),
                embedder=knowledge.embedder, knowledge=knowledge.searcher,
            )
        )  # fmt: skip
        yield engine.turn


def _models(settings: Settings, model: str | None) -> ModelSettings:
    if model is None:
        return ModelSettings()
    configured = settings.model_settings
    providers = tuple(item.model_copy(update={"model": model}) for item in configured.providers)
    return configured.model_copy(update={"providers": providers})
