"""`doctor`: is this installation fit to run, and if not, what mends it.

Below: `switchboard.doctor`.
"""

from __future__ import annotations

import asyncio

import typer

from switchboard.options import AsJson, Data


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(data: Data = None, as_json: AsJson = False) -> None:
    """Check configuration, stores, knowledge and models; each line with its mend."""
    from switchboard.doctor import examine
    from switchboard.screen import out, print_json

    findings = asyncio.run(examine(data))
    fit = all(finding.state != "unfit" for finding in findings)
    if as_json:
        print_json({"fit": fit, "checks": [vars(finding) for finding in findings]})
        raise typer.Exit(0 if fit else 1)
    from rich.markup import escape

    marks = {"ok": "[green]✓[/]", "note": "[yellow]![/]", "unfit": "[red]✗[/]"}
    for finding in findings:
        out.print(f"{marks[finding.state]} [bold]{finding.name}[/]  {escape(finding.found)}")
        if finding.mend:
            out.print(f"    {escape(finding.mend)}")
    raise typer.Exit(0 if fit else 1)
