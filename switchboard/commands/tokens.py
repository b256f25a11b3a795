"""`token`: who may come in. Below: `switchboard.access`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from switchboard.options import AsJson, Data, Token, Url

app = typer.Typer(help="Tokens for people of the desk and for programs.", no_args_is_help=True)
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


class Scope(StrEnum):
    """What a token may open; customers get theirs with their conversation."""

    desk = "desk"
    admin = "admin"


@app.callback()
def describe_tokens() -> None:
    """Tokens for people of the desk and for programs."""


@app.command()
def create(
    scope: Annotated[Scope, typer.Option(help="What it may open.")],
    name: Annotated[str, typer.Option(help="Whose it is; shown beside what they write.")] = "",
    expires: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="12h, 90d, 2w, or a day; else until it is revoked."),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help="Held to AREA:read or AREA:write, such as tickets:read; repeatable."),
    ] = None,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. It is printed once; only its digest is kept."""
    from switchboard.access import TokenOffice
    from switchboard.screen import out, print_json

    office = TokenOffice(data, url, token)
    made = asyncio.run(
        office.create(scope.value, name=name, expires_at=_read_end(expires), limits=limit or [])
    )
    if as_json:
        print_json(made)
    else:
        out.print(made["token"], soft_wrap=True, highlight=False)


@app.command("list")
def list_tokens(
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """List those that were not revoked, newest first."""
    from switchboard.access import TokenOffice
    from switchboard.screen import print_json, print_table, say

    found = asyncio.run(TokenOffice(data, url, token).list())
    if as_json:
        print_json(found)
    elif not found:
        say("No tokens.")
    else:
        columns = ("id", "name", "scope", "prefix", "created", "expires", "used")
        print_table(columns, [_row(item) for item in found])


@app.command()
def revoke(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.")],
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """From now on it opens nothing; what it holds open ends."""
    from switchboard.access import TokenOffice
    from switchboard.screen import print_json, say

    asyncio.run(TokenOffice(data, url, token).revoke(identifier))
    if as_json:
        print_json({"revoked": identifier})
    else:
        say(f"{identifier} opens nothing any more")


def _row(item: dict[str, Any]) -> list[str]:
    """So short that ids fit a narrow screen whole: times are days."""
    days = (item[name] or "" for name in ("created_at", "expires_at", "last_used_at"))
    return [item["id"], item["name"], item["scope"], item["prefix"], *(day[:10] for day in days)]


def _read_end(text: str | None) -> datetime | None:
    """A span from now, or a day or time in UTC."""
    if text is None:
        return None
    number, unit = text[:-1], _UNITS.get(text[-1:])
    try:
        if unit and number.isdigit() and 0 < int(number) < 100_000:
            return datetime.now(UTC) + timedelta(**{unit: int(number)})
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or found <= datetime.now(UTC):
        raise typer.BadParameter(
            "say 12h, 90d, 2w or a day to come such as 2099-01-31", param_hint="--expires"
        )
    return found
