"""Opens the parts a process needs, in order, and closes them in reverse.

Above: `serving`, `roles`. Below: everything. Order: store → database → knowledge → engine → web
application. Imports are made when a part is needed: an archive process loads no model.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from config.settings import Settings
from core.bus.connect import Bus, open_bus
from switchboard.data_folder import DataFolder
from switchboard.keys import admin_token

if TYPE_CHECKING:
    from channels.server import ServerService
    from core.archive.database import Database
    from core.engine.open import Engine
    from core.engine.runner import TurnRunner
    from kb.ingest import Progress
    from kb.open import Knowledge

T = TypeVar("T")
Report = Callable[[int, int], None]
ShowProgress = Callable[[str], AbstractContextManager[Report]]


@dataclass
class Parts:
    """What this process has opened; None is what its roles do not need."""

    settings: Settings
    bus: Bus
    database: Database
    admin_token: str
    knowledge: Knowledge | None = None
    engine: Engine | None = None
    turn: TurnRunner | None = None
    server: ServerService | None = None
    pages: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def need(part: T | None) -> T:
    """A part that must be there by now."""
    if part is None:
        raise RuntimeError("a part is used before it is opened")
    return part


@asynccontextmanager
async def open_parts(
    settings: Settings, folder: DataFolder, roles: Sequence[str], *, progress: ShowProgress,
    fill: bool = False,
) -> AsyncGenerator[Parts]:  # fmt: skip
    """Open everything these roles need. Raises `ConfigError` (with the mend) if it cannot run.

    `fill`: put the sample knowledge into a knowledge base that never held anything.
    """
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(open_bus(settings.bus_settings))
        database = await stack.enter_async_context(_open_database(settings))
        parts = Parts(settings, bus, database, admin_token(settings, folder))
        if {"web", "worker"} & set(roles):
            await _open_knowledge(stack, parts, folder, fill=fill, progress=progress)
            await _open_engine(stack, parts)
        if "web" in roles:
            from switchboard.doors import open_server

            parts.server = open_server(parts, folder)
        yield parts


@asynccontextmanager
async def _open_database(settings: Settings) -> AsyncGenerator[Database]:
    from core.archive.database import open_database

    async with open_database(settings.database_settings) as database:
        await database.migrate()
        yield database


async def _open_knowledge(
    stack: AsyncExitStack, parts: Parts, folder: DataFolder, *, fill: bool, progress: ShowProgress
) -> None:
    from kb.open import open_knowledge

    settings = parts.settings
    opened = open_knowledge(settings.knowledge_settings, parts.database)
    parts.knowledge = await stack.enter_async_context(opened)
    if fill and settings.sample_knowledge:
        await _fill(parts, folder, progress)


async def _fill(parts: Parts, folder: DataFolder, progress: ShowProgress) -> None:
    """The sample knowledge into a base that never held anything; a fill cut short is resumed."""
    mark, knowledge = folder.path / "sample-knowledge", need(parts.knowledge)
    if mark.exists():
        if mark.read_text(encoding="utf-8").strip() == "done":
            return
    elif not await knowledge.is_untouched():
        return
    mark.write_text("begun\n", encoding="utf-8")
    with progress("Reading the sample knowledge (first start only)") as report:

        def tell(now: Progress) -> None:
            report(now.passages_done, now.passages)

        await knowledge.ingest([parts.settings.config_dir / "knowledge"], on_progress=tell)
    mark.write_text("done\n", encoding="utf-8")


async def _open_engine(stack: AsyncExitStack, parts: Parts) -> None:
    from core.engine.echo import EchoTurn
    from core.engine.open import EngineFiles, open_engine

    settings, knowledge = parts.settings, need(parts.knowledge)
    if settings.engine.turn == "echo":
        parts.turn = EchoTurn()
        return
    parts.engine = await stack.enter_async_context(
        open_engine(
            settings.engine, settings.model_settings,
            EngineFiles(settings.config_dir, settings.data),
            embedder=knowledge.embedder, knowledge=knowledge.searcher,
        )
    )  # fmt: skip
    parts.turn = parts.engine.turn
