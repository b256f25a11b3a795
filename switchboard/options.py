"""Options that several commands share. Above: `commands.*`. Below: Typer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option(help="Data folder (default: SWITCHBOARD_DATA, else ./data).", show_default=False),
]
Url = Annotated[
    str | None,
    typer.Option(
        help="A running gateway (default: SWITCHBOARD_URL, else the data folder's).",
        show_default=False,
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        help="Token for it (default: SWITCHBOARD_TOKEN, else the data folder's).",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
