"""`stats`: what happened, and what is to come. Below: `switchboard.gateway`, `stats_screen`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from switchboard.options import AsJson, Data, Token, Url


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(stats)


def stats(
    since: Annotated[
        str | None,
        typer.Option("--from", help="A day or a time, such as 2026-01-31; else 30 days ago."),
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="A day or a time; else now.")] = None,
    hours: Annotated[
        int, typer.Option(min=0, max=336, help="So many hours are forecast; 0: none.")
    ] = 48,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Volume by hour and what is to come, intents, resolution, times, specialists, cost."""
    from switchboard.screen import print_json
    from switchboard.stats_screen import show

    found, ahead = asyncio.run(_read({"from": since, "to": until}, hours, data, url, token))
    if as_json:
        print_json({**found, "forecast": ahead})
    else:
        show(found, ahead)


async def _read(
    span: dict[str, Any], hours: int, data: Path | None, url: str | None, token: str | None
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    from switchboard.attach import read_settings
    from switchboard.gateway import open_gateway, require_gateway

    place = require_gateway(read_settings(data), url=url, token=token)
    async with open_gateway(place) as client:
        found = await client.call("GET", "/stats", query=span)
        if not hours or span["to"] is not None:
            return found, None
        return found, await client.call("GET", "/stats/forecast", query={"hours": hours})
