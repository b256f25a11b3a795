"""`contact export|erase`, `audit list|verify`, `privacy retention|map`. Below: `privacy_access`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from switchboard.options import AsJson, Data, Token, Url

if TYPE_CHECKING:
    from switchboard.privacy_access import Access

T = TypeVar("T")
contact = typer.Typer(help="People's right to their data.", no_args_is_help=True)
audit = typer.Typer(help="Who did what to whose data: look, and check it.", no_args_is_help=True)
privacy = typer.Typer(help="What is kept of people, where, and how long.", no_args_is_help=True)
Contact = Annotated[str, typer.Argument(metavar="ID", help="Id of the contact.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(contact, name="contact")
    app.add_typer(audit, name="audit")
    app.add_typer(privacy, name="privacy")


@contact.command()
def export(
    identifier: Contact,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write.")] = None,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write everything that is known of a person into a ZIP."""
    from switchboard.privacy_access import find_target
    from switchboard.screen import print_json, say

    target = asyncio.run(find_target(identifier, out))
    made = _ask(lambda access: access.export(identifier, target), data, url, token)
    if as_json:
        print_json({**made, "file": str(target)})
    else:
        say(f"{target}: {made['bytes']} bytes")


@contact.command()
def erase(
    identifier: Contact, dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, at a terminal either.")] = False,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Forget a person, for good."""
    from switchboard.screen import print_json, print_table, say

    if dry_run:
        found = _ask(lambda access: access.preview(identifier), data, url, token)
    else:
        if not yes and sys.stdin.isatty():  # a script that names it means it
            typer.confirm(f"Forget {identifier} for good?", abort=True)
        found = _ask(lambda access: access.erase(identifier), data, url, token)
    if as_json:
        print_json(found)
        return
    report: dict[str, Any] = found.get("report") or found
    counts: dict[str, int] = report.get("removed") or report.get("rows") or {}
    print_table(("what", "count"), [[name, str(count)] for name, count in sorted(counts.items())])
    for post in report.get("slack_posts") or ():
        say(_told(post))
    for text in report.get("outside") or ():
        say(f"By hand: {text}")


_STATES = {
    "pending": "pending, tried until Slack answers (GET /api/v1/erasures/ID)",
    "removed": "removed", "gone": "already gone", "by_hand": "remove by hand",
}  # fmt: skip


def _told(post: dict[str, str]) -> str:
    """One post in Slack, and what became of it."""
    words = _STATES.get(post.get("state", "by_hand"), "")
    reason = f" ({post['reason']})" if post.get("reason") else ""
    link = f" {post['link']}" if post.get("link") else ""
    return f"Slack: {post['channel']} {post['ts']} ({post['what']}): {words}{reason}{link}"


@audit.command("list")
def list_lines(
    limit: Annotated[int, typer.Option(min=1, max=500, help="The newest so many.")] = 100,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """List them, newest first."""
    from switchboard.screen import print_json, print_table, say

    found = _ask(lambda access: access.audit(limit), data, url, token)
    if as_json:
        print_json(found)
    elif not found:
        say("Nothing was done yet.")
    else:
        columns = ("seq", "at", "who", "what", "whom", "origin")
        print_table(columns, [[str(line[name]) for name in columns] for line in found])


@audit.command()
def verify(
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Check that no line was changed or taken away."""
    from switchboard.screen import print_json, say

    found = _ask(lambda access: access.verify(), data, url, token)
    if as_json:
        print_json(found)
    elif found["whole"]:
        say(f"Whole: {found['lines']} lines.")
    else:
        say(f"Broken at line {found['broken']}.")
    if not found["whole"]:
        raise typer.Exit(1)


@privacy.command()
def retention(dry_run: DryRun = False, data: Data = None, as_json: AsJson = False) -> None:
    """Delete what is older than the settings say."""
    from switchboard.privacy_access import sweep
    from switchboard.screen import print_json, print_table, say

    found = asyncio.run(sweep(data, dry_run=dry_run))
    if as_json:
        print_json(found)
    elif not found:
        say("Nothing is too old.")
    else:
        print_table(("what", "count"), [[name, str(count)] for name, count in found.items()])


@privacy.command("map")
def show_map(as_json: AsJson = False) -> None:
    """Where data of people is, and what an erasure does there."""
    from core.privacy.datamap import PLACES
    from switchboard.screen import print_json, print_table

    rows = [[place.medium, place.name, place.kind, place.erase, place.holds] for place in PLACES]
    columns = ("where", "name", "kind", "erasure", "holds")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)


def _ask(
    question: Callable[[Access], Awaitable[T]], data: Path | None, url: str | None,
    token: str | None,
) -> T:  # fmt: skip
    from switchboard.privacy_access import open_access

    async def work() -> T:
        async with open_access(data, url=url, token=token) as access:
            return await question(access)

    return asyncio.run(work())
