"""Who is at the desk now: the list of people on duty, kept for all processes together.

Above: the desks (Slack's command, console, REST), the case keeper, the engine. Below: `calls`.
Whoever forgets to go off duty is off by itself when their time is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from core.bus.calls import Calls
from core.bus.keys import PREFIX
from core.messages import Frozen, format_time

_KEY = f"{PREFIX}:{{00}}:duty"
_USED = f"{PREFIX}:{{00}}:duty:used"
_USED_SECONDS = 30 * 86_400
_HOURS = 12.0
_NAME = 120


class OnDuty(Frozen):
    """A person at the desk: `id` as the log has it (`slack:T1:U1`), until when."""

    id: str
    name: str = ""
    languages: tuple[str, ...] = ()
    since: datetime
    until: datetime

    def public(self) -> dict[str, Any]:
        """As JSON for the desk."""
        shape = self.model_dump(mode="json")
        return {**shape, "since": format_time(self.since), "until": format_time(self.until)}


def _now() -> datetime:
    return datetime.now(UTC)


class DutyList:
    """Who is on duty. All methods raise `BusUnavailable`."""

    def __init__(
        self, calls: Calls, *, hours: float = _HOURS, clock: Callable[[], datetime] = _now
    ) -> None:
        self._calls = calls
        self._hours = hours
        self._clock = clock

    def keep_for(self, hours: float) -> None:
        """Whoever goes on duty from now on is off by itself after so long."""
        self._hours = hours

    async def on(
        self, person: str, name: str = "", *, languages: Sequence[str] = (),
        until: datetime | None = None,
    ) -> OnDuty:  # fmt: skip
        """Put them on duty, or on again: until a time, or for a working day. `since` stays when
        they were there already."""
        now = self._clock()
        before = await self.find(person)
        entry = OnDuty(
            id=person, name=name[:_NAME], languages=tuple(languages),
            since=before.since if before else now,
            until=until or now + timedelta(hours=self._hours),
        )  # fmt: skip
        await asyncio.gather(
            self._calls.command("HSET", _KEY, person, entry.model_dump_json()),
            self._calls.command("SET", _USED, "1", "EX", _USED_SECONDS),
        )
        return entry

    async def off(self, person: str) -> bool:
        """Take them off. False: they were not on."""
        was_on = await self.find(person) is not None
        await self._calls.command("HDEL", _KEY, person)
        return was_on

    async def set(self, person: str, name: str = "", *, on: bool) -> OnDuty | None:
        """On or off in one; who is on now."""
        if on:
            return await self.on(person, name)
        await self.off(person)
        return None

    async def find(self, person: str) -> OnDuty | None:
        """Their entry, if they are on duty."""
        found = _read(await self._calls.command("HGET", _KEY, person))
        return found if found is not None and found.until > self._clock() else None

    async def list(self) -> list[OnDuty]:
        """All who are on duty, those longest there first. Whose time is over is taken off."""
        raw: Any = await self._calls.command("HVALS", _KEY) or ()
        people = [found for item in raw if (found := _read(item)) is not None]
        now = self._clock()
        over = [one.id for one in people if one.until <= now]
        if over:
            await asyncio.gather(*(self._take_off(person) for person in over))
        return sorted(
            (one for one in people if one.until > now), key=lambda one: (one.since, one.id)
        )

    async def count(self) -> int | None:
        """How many are on duty; None where nobody has kept this list for a month."""
        if people := await self.list():
            return len(people)
        return 0 if await self._calls.command("EXISTS", _USED) else None

    async def _take_off(self, person: str) -> None:
        """Unless they came back in this moment."""
        if await self.find(person) is None:
            await self._calls.command("HDEL", _KEY, person)


def _read(raw: Any) -> OnDuty | None:
    try:
        return OnDuty.model_validate_json(raw) if raw else None
    except ValidationError:
        return None
