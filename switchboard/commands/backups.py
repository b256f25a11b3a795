"""`backup` and `restore`: all that a gateway needs to go on elsewhere, in one folder.

Below: `switchboard.backup`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from switchboard.options import AsJson, Data

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the backup.")]
Check = Annotated[bool, typer.Option("--check", help="Make none: prove that this one is whole.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    folder: Folder, check: Check = False, data: Data = None, as_json: AsJson = False
) -> None:
    """Copy database, files and keys into a folder; the gateway may run on."""
    from switchboard.backup import check_backup, make_backup
    from switchboard.progress import track_stages

    with track_stages(quiet=as_json) as tell:
        work = check_backup(folder, tell) if check else make_backup(data, folder, tell)
        found = asyncio.run(work)
    _show(found, "whole" if check else "made", folder, as_json=as_json)


def restore(folder: Folder, data: Data = None, as_json: AsJson = False) -> None:
    """Put a backup into an empty data folder; then start the gateway there."""
    from switchboard.backup import restore_backup
    from switchboard.progress import track_stages

    with track_stages(quiet=as_json) as tell:
        found = asyncio.run(restore_backup(folder, data, tell))
    _show(found, "restored", folder, as_json=as_json)


def _show(found: dict[str, Any], what: str, folder: Path, *, as_json: bool) -> None:
    from switchboard.screen import out, print_json, say

    files = found["files"]
    size = sum(fact["bytes"] for fact in files.values())
    if as_json:
        print_json(found | {"files": len(files), "bytes": size, "folder": str(folder)})
        return
    out.print(f"{what}: {folder}, {len(files)} files, {size / 1e6:,.1f} MB, {found['made_at']}")
    if "entries" in found:
        said = f"{found['conversations']} conversations, {found['entries']} entries"
        out.print(f"{said}, the newest of {found['newest_entry']} UTC")
    if found["not_archived"]:
        say(
            f"{found['not_archived']} changes were not archived yet and are not in it: look at "
            "switchboard_archive_lag_seconds, then make another"
        )
