"""Opening the archive, and looking whether the store still holds what the archive says it should.

Above: `wiring`. Below: `core.archive`, `core.bus.rebuild`. Bars are drawn only when there is
something to show: at most starts there is nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from config.settings import Settings
from core.bus.connect import Bus

if TYPE_CHECKING:
    from core.archive.database import Database
    from core.bus.rebuild import StoreWatch

Report = Callable[[int, int], None]
ShowProgress = Callable[[str], AbstractContextManager[Report]]


@asynccontextmanager
async def open_archive(settings: Settings, progress: ShowProgress) -> AsyncGenerator[Database]:
    """The SQL database, its tables up to date. Raises `ConfigError` if they are too new."""
    from core.archive.database import open_database
    from core.privacy.guard import install_guard

    async with open_database(settings.database_settings) as database:
        with _when_told(progress, "Bringing the tables up to date") as report:
            await database.migrate(report)
        await install_guard(database)
        yield database


async def watch_store(bus: Bus, database: Database, progress: ShowProgress) -> StoreWatch:
    """A store that lost what it held is rebuilt before anything else begins."""
    from core.archive.lives import ArchiveLives
    from core.bus.rebuild import StoreWatch

    watch = StoreWatch(bus, ArchiveLives(database))
    with _when_told(progress, "Bringing conversations back into the store") as report:
        await watch.look(report)
    return watch


@contextmanager
def _when_told(progress: ShowProgress, title: str) -> Generator[Report]:
    with ExitStack() as stack:
        bars: list[Report] = []

        def report(done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(progress(title)))
            bars[0](done, total)

        yield report
