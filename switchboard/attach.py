"""Opening the stores of an installation from a command, beside a gateway that may be running.

Above: `kb_access`, `letters`, `doctor`. Below: `core.bus`, `core.archive`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from config.settings import Settings, load_settings
from core.bus.settings import BusSettings
from core.telemetry import configure_logging
from switchboard.data_folder import DataFolder

if TYPE_CHECKING:
    from core.archive.database import Database
    from core.bus.connect import Bus


def read_settings(data: Path | None) -> Settings:
    """The settings of a command: only warnings are logged."""
    settings = load_settings(overrides={"data": data})
    configure_logging(level="WARNING", json=False)
    return settings


def find_store(settings: Settings) -> BusSettings:
    """The store, or the embedded one of the gateway that runs on the data folder."""
    bus = settings.bus_settings
    if bus.url is None and DataFolder(settings.data).find_gateway() is not None:
        from core.bus.embedded import EmbeddedServer

        return bus.model_copy(update={"url": SecretStr(EmbeddedServer(settings.data).url)})
    return bus


@asynccontextmanager
async def attach_bus(settings: Settings) -> AsyncGenerator[Bus]:
    """The bus; an embedded store that does not run is started for this command."""
    from core.bus.connect import open_bus

    DataFolder(settings.data).make()
    async with open_bus(find_store(settings)) as bus:
        yield bus


@asynccontextmanager
async def attach_database(settings: Settings) -> AsyncGenerator[Database]:
    """The SQL database, its tables up to date."""
    from core.archive.database import open_database

    DataFolder(settings.data).make()
    async with open_database(settings.database_settings) as database:
        await database.migrate()
        yield database
