"""Dead letters from the command line. Above: `commands.back_office`. Below: `core.bus.dead`, and
`core.customers.history` for what the system of customers never took (its ids begin `history:`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from config.settings import Settings
from core.bus.dead import DeadLetter
from core.customers.history.outbox import HistoryOutbox
from core.customers.history.records import Waiting
from core.errors import NotFound
from core.messages import format_time
from switchboard.attach import attach_bus, attach_database, read_settings

_ALL = 100_000


async def list_dead(data: Path | None, limit: int) -> list[dict[str, Any]]:
    """The newest dead letters."""
    settings = read_settings(data)
    async with attach_bus(settings) as bus:
        found = [_show(letter) for letter in await bus.dead.list(limit=limit)]
    found += [_show_history(item) for item in await _dead_history(settings, limit)]
    return sorted(found, key=lambda item: item["at"], reverse=True)[:limit]


async def replay_dead(data: Path | None, identifiers: list[str] | None) -> list[str]:
    """Replay these (None: all of them); gives the ids that were. Raises `NotFound`."""
    settings = read_settings(data)
    history = [item.key for item in await _dead_history(settings, _ALL)]
    async with attach_bus(settings) as bus:
        letters = {letter.id: letter for letter in await bus.dead.list(limit=_ALL)}
        wanted = [*letters, *history] if identifiers is None else identifiers
        if unknown := [name for name in wanted if name not in letters and name not in history]:
            raise NotFound(f"no dead letter {', '.join(unknown)}")
        for name in wanted:
            if name in letters:
                await bus.dead.replay(letters[name])
    async with attach_database(settings) as database:
        for name in wanted:
            if name in history:
                await HistoryOutbox(database).replay(name)
    return wanted


async def _dead_history(settings: Settings, limit: int) -> list[Waiting]:
    async with attach_database(settings) as database:
        return await HistoryOutbox(database).dead(limit=limit)


def _show(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "at": format_time(letter.at),
        "reader": letter.reader,
        "conversation": letter.conversation,
        "after": letter.after,
        "seen": letter.seen,
        "error": letter.error,
    }


def _show_history(item: Waiting) -> dict[str, Any]:
    return {
        "id": item.key,
        "at": format_time(item.at),
        "reader": "crm-history",
        "conversation": item.conversation,
        "after": item.seq - 1,
        "seen": item.seq,
        "error": f"not taken by the system of customers: {item.last_error or 'unknown'}",
    }
