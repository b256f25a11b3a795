"""The command `switchboard`: its commands, and what an error looks like at the top.

Above: the shell. Below: `commands.*`, which import what they need only when they run.
Exit codes: 0 done, 1 it failed, 2 wrong usage, 78 unfit configuration, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from switchboard.commands import (
    back_office,
    backups,
    chat,
    customers,
    diagnose,
    evaluate,
    knowledge,
    learning,
    mcp,
    privacy,
    replay,
    serve,
    stats,
    tickets,
    tokens,
)

EXIT_FAILED = 1
EXIT_CONFIG = 78
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="switchboard",
    help="Omnichannel support gateway: AI specialists and people, one conversation, every door.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(version("switchboard"))
        except PackageNotFoundError:  # run from a folder that was never installed
            typer.echo("0")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Omnichannel support gateway: AI specialists and people, one conversation, every door."""


serve.register(app)
diagnose.register(app)
chat.register(app)
replay.register(app)
app.add_typer(knowledge.app, name="kb")
app.add_typer(evaluate.app, name="eval")
back_office.register(app)
stats.register(app)
backups.register(app)
app.add_typer(tokens.app, name="token")
tickets.register(app)
customers.register(app)
learning.register(app, knowledge.app)
mcp.register(app)
privacy.register(app)


def main() -> None:
    """Run the command; every foreseen error is one message, never a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:  # the reader of a pipe has gone: nothing to say, and nobody to hear
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILED)
    except Exception as error:  # noqa: BLE001 -- the top: what is not foreseen goes on
        _end(error)


def _end(error: Exception) -> None:
    """Print a foreseen error and leave; anything else goes on as the bug it is."""
    from core.errors import ConfigError, SwitchboardError
    from switchboard.screen import complain

    if isinstance(error, ConfigError):
        complain("Switchboard cannot run like this:", str(error))
        sys.exit(EXIT_CONFIG)
    if isinstance(error, SwitchboardError):
        complain("That did not work:", str(error))
        sys.exit(EXIT_FAILED)
    raise error
