"""What happened in a stretch of time. Above: `routes`. Below: the port `StatisticsDesk`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from channels.deps import ServerDeps
from channels.rest.system import Absent
from core.errors import InputError

_SHOWN = timedelta(days=30)
_LONGEST = timedelta(days=400)
_AHEAD, _MOST_AHEAD = 48, 336
_FORECAST = ("messages", "conversations", "cases")


def _dump(shape: Any) -> str:
    return orjson.dumps(shape).decode()


class Statistics:
    """Handlers of `/stats`."""

    def __init__(self, deps: ServerDeps) -> None:
        self._desk = deps.statistics

    async def read(self, request: web.Request) -> web.Response:
        """Volumes, reasons, resolution, times, money, ratings and drafts, of 30 days if nothing
        else is asked for."""
        if unknown := request.query.keys() - {"from", "to"}:
            raise InputError(f"unknown parameter: {sorted(unknown)[0][:40]}")
        until = _moment(request, "to") or datetime.now(UTC)
        since = _moment(request, "from") or until - _SHOWN
        if not timedelta() < until - since <= _LONGEST:
            raise InputError("from must be before to, by 400 days at most")
        if self._desk is None:
            raise Absent("no archive", public_text="this gateway keeps no archive")
        return web.json_response(await self._desk.read(since, until), dumps=_dump)

    async def forecast(self, request: web.Request) -> web.Response:
        """Volume by hour; or why nobody can say."""
        if unknown := request.query.keys() - {"hours", "of"}:
            raise InputError(f"unknown parameter: {sorted(unknown)[0][:40]}")
        of, hours = request.query.get("of", "messages"), _hours(request)
        if of not in _FORECAST:
            raise InputError(f"of must be one of {', '.join(_FORECAST)}")
        if self._desk is None:
            raise Absent("no archive", public_text="this gateway keeps no archive")
        return web.json_response(await self._desk.forecast(of, hours))


def _hours(request: web.Request) -> int:
    text = request.query.get("hours", str(_AHEAD))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= _MOST_AHEAD):
        raise InputError(f"hours must be a number from 1 to {_MOST_AHEAD}")
    return int(text)


def _moment(request: web.Request, name: str) -> datetime | None:
    """A day or a time of the query; a day begins in UTC."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise InputError(
            f"{name} must be a time or a day such as 2030-01-31T09:30:00Z or 2030-01-31"
        ) from None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        raise InputError(f"{name} is out of range") from None
