"""`ticket`: the tickets of a running gateway. Below: `switchboard.ticket_desk`, `gateway`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from switchboard.options import AsJson, Data, Token, Url

if TYPE_CHECKING:
    from switchboard.ticket_desk import TicketClient

T = TypeVar("T")
app = typer.Typer(help="Tickets: list, open, answer, change, join.", no_args_is_help=True)
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Such as T-7Q2MX9KD.")]
Note = Annotated[str | None, typer.Option(help="Why, for the history.", show_default=False)]


class Status(StrEnum):
    """How a ticket stands."""

    open = "open"
    in_progress = "in_progress"
    pending = "pending"
    resolved = "resolved"
    closed = "closed"


class Urgency(StrEnum):
    """How it hurries."""

    low = "low"
    medium = "medium"
    high = "high"
    urgent = "urgent"


def register(top: typer.Typer) -> None:
    """Add the commands."""
    top.add_typer(app, name="ticket")


@app.command("list")
def list_tickets(
    status: Annotated[list[Status] | None, typer.Option(help="One or more.")] = None,
    priority: Annotated[Urgency | None, typer.Option(help="How it hurries.")] = None,
    assignee: Annotated[str | None, typer.Option(help="Who has it; empty: nobody.")] = None,
    tag: Annotated[str | None, typer.Option(help="Which has this tag.")] = None,
    contact: Annotated[str | None, typer.Option(help="Whose it is.")] = None,
    search: Annotated[
        str | None, typer.Option("--search", "-q", help="In number, subject and text.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Changed since then, such as 2026-01-31.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="So many at most.")] = 50,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """List tickets, last changed first."""
    from switchboard.screen import print_json
    from switchboard.ticket_desk import print_list

    query: dict[str, Any] = {
        "status": ",".join(status) if status else None, "priority": priority,
        "assignee": assignee, "tag": tag, "contact": contact, "q": search,
        "updated_since": since, "limit": limit,
    }  # fmt: skip
    found = _ask(lambda desk: desk.list(query), data, url, token)
    if as_json:
        print_json(found)
    else:
        print_list(found["tickets"], more=found["next"] is not None)


@app.command()
def show(
    number: Number, data: Data = None, url: Url = None, token: Token = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show one, with its history."""
    _tell(_ask(lambda desk: desk.get(number), data, url, token), as_json=as_json, whole=True)


@app.command()
def create(
    subject: Annotated[str, typer.Argument(help="What it is about, in a line.")],
    body: Annotated[str, typer.Option(help="What is known.")] = "",
    priority: Annotated[Urgency, typer.Option(help="How it hurries.")] = Urgency.medium,
    tag: Annotated[list[str] | None, typer.Option(help="One or more.")] = None,
    assignee: Annotated[str | None, typer.Option(help="Who has it.")] = None,
    conversation: Annotated[str | None, typer.Option(help="Where it comes from.")] = None,
    contact: Annotated[str | None, typer.Option(help="Whose it is.")] = None,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Open one."""
    given = {
        "subject": subject, "body": body, "priority": priority, "tags": tag or None,
        "assignee": assignee, "conversation": conversation, "contact": contact,
    }  # fmt: skip
    _tell(_ask(lambda desk: desk.open(given), data, url, token), as_json=as_json)


@app.command()
def reply(
    number: Number,
    text: Annotated[str, typer.Argument(help="Goes to the customer.")],
    internal: Annotated[bool, typer.Option("--internal", help="A note: for the desk.")] = False,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say something about it."""
    words = {"text": text, "internal": internal}
    _tell(_ask(lambda desk: desk.post(number, "replies", words), data, url, token), as_json=as_json)


@app.command()
def status(
    number: Number, to: Annotated[Status, typer.Argument(help="How it stands from now on.")],
    note: Note = None, data: Data = None, url: Url = None, token: Token = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say how it stands."""
    change = {"status": to, "note": note}
    _tell(_ask(lambda desk: desk.change(number, change), data, url, token), as_json=as_json)


@app.command()
def close(
    number: Number, note: Note = None, data: Data = None, url: Url = None, token: Token = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Close it."""
    change = {"status": Status.closed, "note": note}
    _tell(_ask(lambda desk: desk.change(number, change), data, url, token), as_json=as_json)


@app.command()
def reopen(
    number: Number, note: Note = None, data: Data = None, url: Url = None, token: Token = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Open it again."""
    change = {"status": Status.open, "note": note}
    _tell(_ask(lambda desk: desk.change(number, change), data, url, token), as_json=as_json)


@app.command()
def assign(
    number: Number,
    to: Annotated[str, typer.Argument(metavar="NAME", help="Who has it; '' for nobody.")],
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say who has it."""
    change = {"assignee": to}
    _tell(_ask(lambda desk: desk.change(number, change), data, url, token), as_json=as_json)


@app.command()
def tag(
    number: Number,
    add: Annotated[list[str] | None, typer.Argument(metavar="[TAG…]", help="To add.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="To take away.")] = None,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Add tags, or take them away."""
    if not add and not remove:
        raise typer.BadParameter("name a tag, or --remove one", param_hint="TAG")
    changed = _ask(lambda desk: desk.tag(number, add or [], remove or []), data, url, token)
    _tell(changed, as_json=as_json)


@app.command()
def merge(
    number: Number,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The one that stands for both.")],
    anyway: Annotated[bool, typer.Option("--anyway", help="Though of different people.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Part them again.")] = False,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Join a duplicate to another, or part them again."""
    act, body = ("unmerge", {}) if undo else ("merge", {"into": into, "anyway": anyway})
    _tell(_ask(lambda desk: desk.post(number, act, body), data, url, token), as_json=as_json)


@app.command()
def duplicates(
    number: Number, data: Data = None, url: Url = None, token: Token = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Which others may be about the same, the likeliest first."""
    from switchboard.screen import print_json
    from switchboard.ticket_desk import print_likely

    found = _ask(lambda desk: desk.likely(number), data, url, token)
    if as_json:
        print_json(found)
    else:
        print_likely(found)


def _ask(
    question: Callable[[TicketClient], Awaitable[T]], data: Path | None, url: str | None,
    token: str | None,
) -> T:  # fmt: skip
    from switchboard.ticket_desk import open_tickets

    async def work() -> T:
        async with open_tickets(data=data, url=url, token=token) as desk:
            return await question(desk)

    return asyncio.run(work())


def _tell(ticket: dict[str, Any], *, as_json: bool, whole: bool = False) -> None:
    from switchboard.screen import print_json
    from switchboard.ticket_desk import print_list, print_ticket

    if as_json:
        print_json(ticket)
    elif whole:
        print_ticket(ticket)
    else:
        print_list([ticket])
