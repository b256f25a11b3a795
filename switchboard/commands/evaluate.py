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
def triage(
    train: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="CSV text,category or JSONL")
    ],
    test: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="the same, other lines")],
    oos: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="messages of no category")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How well the head of triage learns categories of your own, without a language model."""
    from switchboard.evaluation import evaluate_triage
    from switchboard.progress import track_stages
    from switchboard.screen import print_json, print_table

    async def work() -> dict[str, Any]:
        with track_stages(quiet=as_json) as tell:
            return await evaluate_triage(train, test, oos, tell)

    figures = asyncio.run(work())
    if as_json:
        print_json(figures)
        return
    print_table(("figure", "value"), figures.items())


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


@app.command()
def escalation(
    test: Annotated[
        Path,
        typer.Option(exists=True, dir_okay=False, help="{text or turns, lang, escalate, reason}"),
    ],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """How well it knows when a person must take over, without a language model."""
    from switchboard.evaluation import evaluate_escalations
    from switchboard.screen import print_json, print_table

    figures = asyncio.run(evaluate_escalations(test, data))
    if as_json:
        print_json(figures)
        return
    by_language: dict[str, dict[str, Any]] = figures.pop("by_language")
    print_table(("figure", "value"), figures.items())
    columns = ("precision", "recall", "f1", "false_alarms", "reason_accuracy")
    rows = [[tag, *(row[column] for column in columns)] for tag, row in by_language.items()]
    print_table(("language", *columns), rows)


@app.command()
def grounding(
    test: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="knowledge, response, begin_label")
    ],
    as_json: AsJson = False,
) -> None:
    """How well the check tells answers that their source bears out from others."""
    from switchboard.evaluation import evaluate_support
    from switchboard.screen import print_json, print_table

    figures = evaluate_support(test)
    if as_json:
        print_json(figures)
    else:
        print_table(("figure", "value"), figures.items())


@app.command()
def dialogues(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files or folders of stories")],
    times: Annotated[int, typer.Option("--times", "-k", min=1, help="Play each so often.")] = 1,
    seed: Annotated[int, typer.Option(help="Chooses where faults strike.")] = 1,
    fault: Annotated[
        list[str] | None, typer.Option(help="Also with this fault of the model, or `all`.")
    ] = None,
    mode: Annotated[str, typer.Option(help="plain, model or both")] = "both",
    kb: Annotated[
        Path | None, typer.Option(exists=True, help="Knowledge; default: the sample knowledge")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Play stories with and without a (scripted) model; exit 1 if any fails."""
    from core.errors import InputError
    from switchboard.dialogues import EVERY_FAULT, Programme, evaluate_dialogues
    from switchboard.kb_report import track
    from switchboard.screen import print_json, print_table, say

    wanted = tuple(fault or ())
    faults = EVERY_FAULT if "all" in wanted else wanted
    if unknown := set(faults) - set(EVERY_FAULT):
        raise InputError(f"no such fault: {', '.join(sorted(unknown))}; {', '.join(EVERY_FAULT)}")
    modes = {"both": ("plain", "model"), "plain": ("plain",), "model": ("model",)}
    if mode not in modes:
        raise InputError("--mode is plain, model or both")
    programme = Programme(times, seed, modes[mode], faults)  # pyright: ignore[reportArgumentType]

    async def work() -> dict[str, Any]:
        with track(quiet=as_json) as tell:
            return await evaluate_dialogues(paths, programme, tell, data=data, kb=kb)

    figures = asyncio.run(work())
    if as_json:
        print_json(figures)
    else:
        for item in figures["failed"]:
            say(f"FAILED {item['story']} ({item['mode']}, {item['fault'] or 'golden'})")
            say(f"  {item['source']}")
            for problem in item["problems"]:
                say(f"  - {problem}")
        hats = [name for row in figures["table"].values() for name in row if "^" in name]
        columns = ("stories", "played", "passed", *dict.fromkeys(hats))
        print_table(
            ("played with", *columns),
            [
                [name, *(row.get(column, "") for column in columns)]
                for name, row in figures["table"].items()
            ],
        )
    raise typer.Exit(0 if figures["passed"] == figures["played"] else 1)
