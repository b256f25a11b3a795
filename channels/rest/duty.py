"""Who is at the desk now, and the switch that says so. Above: `routes`. Below: `core.bus.duty`."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from channels.deps import ServerDeps
from channels.ingress import check_text
from channels.persons import person_of
from channels.rest.conversations import principal_of
from channels.rest.models import Duty
from channels.rest.reading import read_model
from core.errors import InputError


class DutyRoutes:
    """Handlers of `/duty`."""

    def __init__(self, deps: ServerDeps) -> None:
        self._duty = deps.bus.duty

    async def list(self, request: web.Request) -> web.Response:
        """Everybody on duty, whichever desk they are at."""
        return web.json_response(await self._people())

    async def switch(self, request: web.Request) -> web.Response:
        """On duty or off it; the same again changes nothing."""
        body = await read_model(request, Duty)
        principal = principal_of(request)
        name = check_text(body.name or principal.name or "Support", most=100)
        person = person_of(principal, name)
        if body.on:
            await self._duty.on(
                person, name, languages=body.languages or (), until=_until(body.until)
            )
        else:
            await self._duty.off(person)
        return web.json_response(await self._people())

    async def _people(self) -> dict[str, object]:
        return {"people": [one.public() for one in await self._duty.list()]}


def _until(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        raise InputError("until must be a time such as 2030-01-31T09:30:00Z") from None
    if until.tzinfo is None or until <= datetime.now(UTC):
        raise InputError("until must be a time to come, with its offset from UTC")
    return until
