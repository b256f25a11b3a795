"""`eval`: measures what decides, on files of labelled examples. Below: `switchboard.evaluation`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from switchboard.options import AsJson, Data

app = typer.Typer(
    help="Measure search and routing on labelled files of your own.", no_args_is_help=True
)


@app.command()
def kb(
    docs: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="{id, title, body, lang}")
    ],
    queries: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="{text, id, lang}")],
    as_json: AsJson = False,
) -> None:
    """How often the search finds the right document, and knows that there is none."""
    from switchboard.evaluation import evaluate_kb
    from switchboard.kb_report import track
    from switchboard.screen import print_json, print_table, say

    async def work() -> dict[str, Any]:
        with track(quiet=as_json) as tell:
            return await evaluate_kb(docs, queries, tell)

    figures = asyncio.run(work())
    if as_json:
        print_json(figures)
        return
    columns = ("hit1", "hit3", "mrr", "n")
    auroc = figures.pop("abstain_auroc")
    rows = [[name, *(row[column] for column in columns)] for name, row in figures.items()]
    print_table(("language", *columns), rows)
    say(f"telling what has no answer (AUROC): {auroc}")


@app.command()
def routing(
    test: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="{text, lang, agent, …} by line")
    ],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """How often a message reaches the right specialist, without a language model."""
    from switchboard.evaluation import evaluate_routes
    from switchboard.screen import print_json, print_table

    figures = asyncio.run(evaluate_routes(test, data))
    if as_json:
        print_json(figures)
        return
    by_language: dict[str, Any] = figures.pop("by_language", {})
    print_table(("figure", "value"), figures.items())
    print_table(("language", "accuracy"), by_language.items())
