"""What the command line offers, read from the Typer application itself."""

from __future__ import annotations

from typing import Any, cast

import typer.main

from switchboard.cli import app


def find(*path: str) -> Any:
    """The command at a path such as `kb add`; fails when there is none."""
    command = cast(Any, typer.main.get_command(app))
    for name in path:
        commands = getattr(command, "commands", {})
        assert name in commands, f"there is no command `switchboard {' '.join(path)}`"
        command = commands[name]
    return command


def options_of(*path: str) -> set[str]:
    """All option names of a command."""
    return {name for parameter in find(*path).params for name in parameter.opts}


def roles_of_run() -> set[str]:
    """The roles that `switchboard run` accepts."""
    from switchboard.roles import ROLES

    return set(ROLES)
