"""`customers` and `approvals`: the company's data, and the acts that wait for a person.

Below: `switchboard.systems`, `switchboard.deciding`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from switchboard.options import AsJson, Data, Token, Url

customers = typer.Typer(help="The company's customers and their orders.", no_args_is_help=True)
approvals = typer.Typer(
    help="Acts that wait for a person: look, approve, reject.", no_args_is_help=True
)

_SHOWN = 20
Comment = Annotated[str | None, typer.Option(help="For the record; the customer does not see it.")]
Identifier = Annotated[str, typer.Argument(metavar="ID", help="As `approvals list` shows it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(customers, name="customers")
    app.add_typer(approvals, name="approvals")


@customers.callback()
def describe_customers() -> None:
    """The company's customers and their orders."""


@customers.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="JSON or CSV.")
    ],
    report_to: Annotated[
        Path | None, typer.Option("--report", help="Write every row left out, and why, to a file.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Take customers, orders and invoices in; what is there already is brought up to date."""
    from switchboard.attach import attach_database, read_settings
    from switchboard.progress import track_stages
    from switchboard.screen import complain, print_json, say
    from switchboard.systems import import_customers

    async def work() -> dict[str, Any]:
        async with attach_database(read_settings(data)) as database:
            with track_stages(quiet=as_json) as tell:
                return await import_customers(database, file, tell)

    report = asyncio.run(work())
    left_out: list[str] = report["failed"]
    if report_to is not None:
        lines = "".join(f"{file.name}: {fault}\n" for fault in left_out)
        report_to.write_text(lines, encoding="utf-8")
    if as_json:
        print_json(report)
    else:
        counts = ", ".join(f"{report[name]} {name}" for name in ("customers", "orders", "invoices"))
        say(f"Taken in: {counts}")
        if left_out:
            more = len(left_out) - _SHOWN
            rest = [f"… and {more} more: --report FILE writes them all"] if more > 0 else []
            complain(f"Left out: {len(left_out)}", "\n".join([*left_out[:_SHOWN], *rest]))
    raise typer.Exit(1 if left_out else 0)


@approvals.command("list")
def list_waiting(
    everything: Annotated[bool, typer.Option("--all", help="Those decided too.")] = False,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List what waits, the longest waiting first."""
    from switchboard.deciding import list_approvals
    from switchboard.screen import print_json, print_table, say

    status = "all" if everything else "waiting"
    found = asyncio.run(list_approvals(status, data=data, url=url, token=token))
    if as_json:
        print_json(found)
    elif not found:
        say("Nothing waits.")
    else:
        columns = ("id", "status", "tool", "what", "contact", "asked_at")
        rows = [{**item, "what": _what(item)} for item in found]
        print_table(columns, [[row[name] for name in columns] for row in rows])


@approvals.command()
def approve(
    identifier: Identifier, comment: Comment = None, data: Data = None, url: Url = None,
    token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Do exactly the call that waits, and tell the customer."""
    _decide(identifier, "approve", comment, data=data, url=url, token=token, as_json=as_json)


@approvals.command()
def reject(
    identifier: Identifier, comment: Comment = None, data: Data = None, url: Url = None,
    token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Do it not, and tell the customer."""
    _decide(identifier, "reject", comment, data=data, url=url, token=token, as_json=as_json)


def _decide(
    identifier: str, decision: Literal["approve", "reject"], comment: str | None, *,
    data: Path | None, url: str | None, token: str | None, as_json: bool,
) -> None:  # fmt: skip
    from switchboard.deciding import decide
    from switchboard.screen import print_json, say

    done = asyncio.run(
        decide(identifier, decision, comment=comment, data=data, url=url, token=token)
    )
    if as_json:
        print_json(done)
    else:
        result: dict[str, Any] = done["result"] or {}
        outcome = result.get("outcome", "open")
        say(f"{done['id']}: {done['decision']} → {outcome} ({_what(done)})")


def _what(item: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in item["facts"].items())
