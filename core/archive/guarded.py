"""A database whose faults are told in our words.

Above: every store of tables. Below: `database`. What a driver raises, a full disk and a wait that
was too long all mean the same to whoever asked: it could not be done, and may be tried again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database, Queue
from core.errors import ArchiveUnavailable

FAULTS = (SQLAlchemyError, OSError, TimeoutError)


class GuardedDatabase:
    """`what` names the things in the tables (`webhooks`), `error` makes what is raised instead.

    `clashes`: what another wrote first is raised as SQLAlchemy's `IntegrityError`.
    """

    def __init__(
        self, database: Database, what: str,
        error: Callable[[str], Exception] = ArchiveUnavailable, *, clashes: bool = False,
    ) -> None:  # fmt: skip
        self._database = database
        self._what = what
        self._error = error
        self._passed = (IntegrityError,) if clashes else ()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A connection that reads; raises `error`."""
        try:
            async with self._database.read() as connection:
                yield connection
        except FAULTS as fault:
            raise self._error(f"{self._what} cannot be read: {_name(fault)}") from fault

    @asynccontextmanager
    async def write(self, queue: Queue | None = None) -> AsyncGenerator[AsyncConnection]:
        """A connection in one transaction that writes, in its turn in a queue; raises `error`."""
        try:
            async with self._database.write(queue) as connection:
                yield connection
        except self._passed:
            raise
        except FAULTS as fault:
            raise self._error(f"{self._what} cannot be written: {_name(fault)}") from fault


def _name(fault: BaseException) -> str:
    """Its kind: the words of a driver may quote what was to be written."""
    return type(fault).__name__
