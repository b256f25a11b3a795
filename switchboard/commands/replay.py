"""`replay`: a stored conversation once more. Below: `switchboard.replaying`."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from switchboard.options import AsJson, Data

_LONGEST = 200


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(
    conversation: Annotated[str, typer.Argument(help="Its id, such as cv_03_…")],
    kb: Annotated[
        Path | None,
        typer.Option(exists=True, help="Knowledge to use instead of this installation's."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Answer with this model of the configured providers.")
    ] = None,
    save_story: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write it as a story for `eval dialogues`.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Run a stored conversation again, offline, and print what comes out another way."""
    from switchboard.replaying import replay_stored
    from switchboard.screen import print_json, print_table, say

    found = asyncio.run(
        replay_stored(conversation, data=data, kb=kb, model=model, save_story=save_story)
    )
    if as_json:
        differences = [asdict(item) for item in found.differences]
        print_json({"turns": found.turns, "differences": differences})
        return
    say(f"{found.turns} turns, {len({item.seq for item in found.differences})} of them differ")
    if found.differences:
        print_table(
            ("seq", "asked", "what", "was", "now"),
            [
                (item.seq, item.asked[:60], item.field, item.was[:_LONGEST], item.now[:_LONGEST])
                for item in found.differences
            ],
        )
