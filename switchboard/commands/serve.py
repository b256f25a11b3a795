"""`up` and `run`: the commands that serve. Below: `switchboard.serving`."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from switchboard.options import Data

# A start makes some hundred thousand objects that stay, and should not look through them again and
# again; `serving` sets what holds once it is ready.
_STARTING = (200_000, 50, 50)

Host = Annotated[
    str | None, typer.Option(help="Address to listen on (default 127.0.0.1).", show_default=False)
]
Port = Annotated[
    int | None,
    typer.Option(
        min=0, max=65535, help="Port; 0 picks a free one (default 8080).", show_default=False
    ),
]
ReadyFile = Annotated[
    Path | None,
    typer.Option(
        help="Once ready, write {url, admin_token, pid} here as JSON.", show_default=False
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(run)


def up(
    data: Data = None, host: Host = None, port: Port = None, ready_file: ReadyFile = None
) -> None:
    """Run everything in one process, with the store and the database built in."""
    gc.set_threshold(*_STARTING)
    from switchboard.roles import ROLES
    from switchboard.serving import serve

    options = {"data": data, "host": host, "port": port}
    raise typer.Exit(serve(tuple(ROLES), options, ready_file=ready_file, alone=True))


def run(
    roles: Annotated[
        list[str],
        typer.Argument(metavar="ROLE…", help="web, worker, telegram, slack, email, archive"),
    ],
    data: Data = None,
    host: Host = None,
    port: Port = None,
    ready_file: ReadyFile = None,
) -> None:
    """Run some roles in this process; others run beside it on the same REDIS_URL."""
    gc.set_threshold(*_STARTING)
    from switchboard.roles import ROLES
    from switchboard.serving import serve

    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise typer.BadParameter(
            f"no role {', '.join(unknown)}; there are {', '.join(ROLES)}", param_hint="ROLE"
        )
    options = {"data": data, "host": host, "port": port}
    raise typer.Exit(
        serve(tuple(dict.fromkeys(roles)), options, ready_file=ready_file, alone=False)
    )
