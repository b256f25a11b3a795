"""Dead letters from the command line. Above: `commands.back_office`. Below: `core.bus.dead`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.bus.dead import DeadLetter
from core.errors import NotFound
from core.messages import format_time
from switchboard.attach import attach_bus, read_settings

_ALL = 100_000


async def list_dead(data: Path | None, limit: int) -> list[dict[str, Any]]:
    """The newest dead letters."""
    async with attach_bus(read_settings(data)) as bus:
        return [_show(letter) for letter in await bus.dead.list(limit=limit)]


async def replay_dead(data: Path | None, identifiers: list[str] | None) -> list[str]:
    """Replay these (None: all of them); gives the ids that were. Raises `NotFound`."""
    async with attach_bus(read_settings(data)) as bus:
        letters = {letter.id: letter for letter in await bus.dead.list(limit=_ALL)}
        wanted = list(letters) if identifiers is None else identifiers
        if unknown := [name for name in wanted if name not in letters]:
            raise NotFound(f"no dead letter {', '.join(unknown)}")
        for name in wanted:
            await bus.dead.replay(letters[name])
        return wanted


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
