"""`kb review`, `autonomy`, `corrections`, `report`: what is learned from people.

Below: `switchboard.learning_access`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from switchboard.options import AsJson, Data, Token, Url

if TYPE_CHECKING:
    from switchboard.learning_access import Access

T = TypeVar("T")
review = typer.Typer(
    help="Answers of people that may become articles: look, accept, reject.", no_args_is_help=True
)
autonomy = typer.Typer(
    help="Who answers what: the AI, or people with drafts beside.", no_args_is_help=True
)
corrections = typer.Typer(
    help="Wrong routes that people named: look, learn from them or not.", no_args_is_help=True
)
Identifier = Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.")]
Text = Annotated[str | None, typer.Option(help="In these words instead.", show_default=False)]


class Mode(StrEnum):
    """Who answers."""

    auto = "auto"
    draft = "draft"


def register(app: typer.Typer, knowledge: typer.Typer) -> None:
    """Add the commands."""
    knowledge.add_typer(review, name="review")
    app.add_typer(autonomy, name="autonomy")
    app.add_typer(corrections, name="corrections")
    app.command()(report)


@review.command("list")
def list_reviews(
    everything: Annotated[bool, typer.Option("--all", help="Those decided too.")] = False,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """List what was put forward, the oldest first."""
    from switchboard.screen import print_json, print_table, say

    status = "all" if everything else "open"
    found = _ask(lambda access: access.reviews(status), data, url, token)
    if as_json:
        print_json(found)
    elif not found:
        say("Nothing waits.")
    else:
        rows = [
            [item["id"], item["status"], _screened(item), item["language"], item["question"],
             item["answer"]]
            for item in found
        ]  # fmt: skip
        print_table(("id", "status", "screening", "language", "question", "answer"), rows)


@review.command()
def accept(
    identifier: Identifier, question: Text = None, answer: Text = None,
    category: Annotated[str | None, typer.Option(help="Category of the article.")] = None,
    replaces: Annotated[
        str | None, typer.Option(metavar="DOCUMENT", help="The article that goes for it.")
    ] = None,
    allow_personal: Annotated[
        bool, typer.Option("--allow-personal", help="What looks like somebody's data may stay.")
    ] = False,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make it an article; it is found within seconds."""
    given = {"question": question, "answer": answer, "category": category, "replaces": replaces}
    fields: dict[str, Any] = {name: text for name, text in given.items() if text is not None}
    fields["allow_personal"] = allow_personal
    done = _ask(lambda access: access.accept(identifier, fields), data, url, token)
    _tell(done, f"{identifier}: accepted as {done['document']}", as_json=as_json)


@review.command()
def reject(
    identifier: Identifier, data: Data = None, url: Url = None, token: Token = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Do not make it an article."""
    done = _ask(lambda access: access.reject(identifier), data, url, token)
    _tell(done, f"{identifier}: rejected", as_json=as_json)


@autonomy.command("list")
def list_modes(
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Who answers what, and the last changes and suggestions."""
    from switchboard.screen import print_json, print_table, say

    found = _ask(lambda access: access.autonomy(), data, url, token)
    if as_json:
        print_json(found)
        return
    others = ", ".join(f"{name} {mode}" for name, mode in found["modes"].items())
    say(f"{found['default']}; {others or 'no other intents'}")
    columns = ("id", "at", "intent", "before", "after", "status", "made_by", "why")
    if found["changes"]:
        print_table(columns, [[item[name] for name in columns] for item in found["changes"]])


@autonomy.command("set")
def set_mode(
    intent: Annotated[str, typer.Argument(help="specialist.intent, such as billing.refund.")],
    mode: Annotated[Mode, typer.Argument(help="Who answers.")],
    why: Annotated[str, typer.Option(help="For the record.")] = "",
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say who answers; it counts at once, and more than any measurement."""
    done = _ask(lambda access: access.set_mode(intent, mode.value, why), data, url, token)
    _tell(done, f"{intent}: {done['before']} → {done['after']}", as_json=as_json)


@autonomy.command("apply")
def apply_change(
    identifier: Identifier, data: Data = None, url: Url = None, token: Token = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Do what was suggested."""
    done = _ask(lambda access: access.decide(identifier, "applied"), data, url, token)
    _tell(done, f"{done['intent']}: {done['before']} → {done['after']}", as_json=as_json)


@autonomy.command("dismiss")
def dismiss_change(
    identifier: Identifier, data: Data = None, url: Url = None, token: Token = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Leave it as it is."""
    done = _ask(lambda access: access.decide(identifier, "dismissed"), data, url, token)
    _tell(done, f"{done['intent']}: stays {done['before']}", as_json=as_json)


@corrections.command("list")
def list_corrections(
    everything: Annotated[bool, typer.Option("--all", help="Those decided too.")] = False,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """List what people say triage got wrong, the oldest first."""
    from switchboard.screen import print_json, print_table, say

    status = "all" if everything else "proposed"
    found = _ask(lambda access: access.corrections(status), data, url, token)
    if as_json:
        print_json(found)
    elif not found:
        say("Nothing waits.")
    else:
        columns = ("id", "status", "text", "kind", "specialist", "intent", "proposed_by")
        print_table(columns, [[str(item[name] or "") for name in columns] for item in found])


@corrections.command("accept")
def accept_correction(
    identifier: Identifier, data: Data = None, url: Url = None, token: Token = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let triage learn from it: its words become an example."""
    done = _ask(lambda access: access.judge(identifier, "accepted"), data, url, token)
    _tell(done, f"{identifier}: accepted", as_json=as_json)


@corrections.command("reject")
def reject_correction(
    identifier: Identifier, data: Data = None, url: Url = None, token: Token = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Do not learn from it."""
    done = _ask(lambda access: access.judge(identifier, "rejected"), data, url, token)
    _tell(done, f"{identifier}: rejected", as_json=as_json)


def report(
    week: Annotated[
        str | None, typer.Option(help="As in 2026-W07; else the last whole one.")
    ] = None,
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """The week: volumes, gaps, how drafts fared, and what to do about it."""
    from switchboard.screen import print_json, print_table, say

    found = _ask(lambda access: access.report(week), data, url, token)
    if as_json:
        print_json(found)
        return
    say(f"Week {found['week']}")
    before = found["previous"]
    print_table(
        ("figure", "this week", "the week before"),
        [[name, f"{value:g}", f"{before.get(name, 0):g}"]
         for name, value in found["figures"].items()],
    )  # fmt: skip
    parts = (
        ("Why people were called", [f"{name}: {n}" for name, n in found["reasons"].items()]),
        ("Asked, and not found", [f"{gap['title']} ({gap['count']})" for gap in found["gaps"]]),
        ("Drafts", [f"{d['intent']}: {d['used']} of {d['n']} used" for d in found["drafts"]]),
        ("Suggestions", [item["text"] for item in found["suggestions"]]),
    )
    for title, lines in parts:
        if lines:
            say("\n".join((f"{title}:", *(f"  {line}" for line in lines))))


def _ask(
    question: Callable[[Access], Awaitable[T]], data: Path | None, url: str | None,
    token: str | None,
) -> T:  # fmt: skip
    from switchboard.learning_access import open_access

    async def work() -> T:
        async with open_access(data=data, url=url, token=token) as access:
            return await question(access)

    return asyncio.run(work())


def _tell(done: dict[str, Any], text: str, *, as_json: bool) -> None:
    from switchboard.screen import print_json, say

    if as_json:
        print_json(done)
    else:
        say(text)


def _screened(item: dict[str, Any]) -> str:
    screening = item["screening"]
    words = [screening["verdict"], screening["document"] or ""]
    words += [f"personal: {', '.join(screening['personal'])}"] if screening["personal"] else []
    return " ".join(word for word in words if word)
