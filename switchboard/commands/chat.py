"""`chat`: talk to a running gateway from the terminal. Below: `switchboard.talk`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from switchboard.options import AsJson, Data, Token, Url


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(chat)


def chat(
    url: Url = None,
    token: Token = None,
    conversation: Annotated[
        str | None, typer.Option(help="Go on with this one (needs a token for it).")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Talk to a running gateway, streaming. In a pipe: a question a line, answers come out."""
    from switchboard.talk import talk

    raise typer.Exit(asyncio.run(talk(url, token, conversation, data, as_json=as_json)))
