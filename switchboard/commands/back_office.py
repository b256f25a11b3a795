"""Back office: dead letters. Below: the bus and `core`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from switchboard.options import AsJson, Data

letters = typer.Typer(
    help="Answers and deliveries that failed too often: look, and try again.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(letters, name="dead-letters")


@letters.command("list")
def list_letters(
    data: Data = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List them, newest first."""
    from switchboard.letters import list_dead
    from switchboard.screen import print_json, print_table, say

    found: list[dict[str, Any]] = asyncio.run(list_dead(data, limit))
    if as_json:
        print_json(found)
    elif not found:
        say("No dead letters.")
    else:
        columns = ("id", "at", "reader", "conversation", "error")
        print_table(columns, [[item[name] for name in columns] for item in found])


@letters.command()
def replay(
    identifiers: Annotated[
        list[str] | None, typer.Argument(metavar="[ID…]", help="As `list` shows them.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Let the reader try again."""
    from switchboard.letters import replay_dead
    from switchboard.screen import print_json, say

    if not identifiers and not everything:
        raise typer.BadParameter("name the letters, or say --all", param_hint="ID")
    done = asyncio.run(replay_dead(data, None if everything else identifiers or []))
    if as_json:
        print_json({"replayed": done})
    else:
        say(f"{len(done)} to be tried again")
