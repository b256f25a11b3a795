"""`kb`: what the gateway knows. Talks to a running gateway, else to the database itself.

Below: `switchboard.kb_access`, which hides the difference.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from switchboard.options import AsJson, Data, Token, Url

app = typer.Typer(help="What the gateway knows: add, search, list, remove.", no_args_is_help=True)

Category = Annotated[
    str | None, typer.Option(help="Category of documents that name none.", show_default=False)
]
Language = Annotated[
    str | None,
    typer.Option(help="Language of documents that name none (en, cs, …).", show_default=False),
]


@app.command()
def add(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH…", help="Files, folders, addresses of sitemaps or pages."),
    ],
    category: Category = None,
    language: Language = None,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Take documents in: Markdown, HTML, PDF, DOCX, text, CSV, JSON, JSONL, or the pages of a site.

    What is unchanged is skipped; what its source holds no more is removed.
    """
    from switchboard.kb_access import open_access
    from switchboard.kb_report import show_report, track
    from switchboard.screen import print_json

    async def work() -> int:
        async with open_access(data=data, url=url, token=token) as access:
            with track(quiet=as_json) as tell:
                report = await access.add(paths, category=category, language=language, tell=tell)
        if as_json:
            print_json(report)
        else:
            show_report(report)
        return 1 if report["failed"] else 0

    raise typer.Exit(asyncio.run(work()))


@app.command()
def search(
    query: Annotated[str, typer.Argument(metavar="Q", help="A question, in any language.")],
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="How many passages.")] = 5,
    category: Category = None,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Find the passages that answer a question, with their scores."""
    from switchboard.kb_access import open_access
    from switchboard.kb_report import show_passages
    from switchboard.screen import print_json

    async def work() -> dict[str, Any]:
        async with open_access(data=data, url=url, token=token) as access:
            return await access.search(query, limit=k, category=category)

    found = asyncio.run(work())
    if as_json:
        print_json(found)
    else:
        show_passages(found)


@app.command("list")
def list_documents(
    data: Data = None, url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """List the documents."""
    from switchboard.kb_access import open_access
    from switchboard.screen import print_json, print_table

    async def work() -> list[dict[str, Any]]:
        async with open_access(data=data, url=url, token=token) as access:
            return await access.list()

    documents = asyncio.run(work())
    if as_json:
        print_json(documents)
        return
    columns = ("id", "title", "category", "language", "passages")
    print_table(columns, [[item.get(name) for name in columns] for item in documents])


@app.command()
def remove(
    document: Annotated[str, typer.Argument(metavar="ID", help="As `kb list` shows it.")],
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Remove a document."""
    from switchboard.kb_access import open_access
    from switchboard.screen import print_json, say

    async def work() -> None:
        async with open_access(data=data, url=url, token=token) as access:
            await access.remove(document)

    asyncio.run(work())
    if as_json:
        print_json({"removed": document})
    else:
        say(f"Removed {document}")


@app.command()
def gaps(
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far to look back.")] = 30,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many topics.")] = 20,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """What customers asked and were not told: topics of all languages, most asked first."""
    from switchboard.kb_access import open_access
    from switchboard.screen import print_json, print_table, say

    async def work() -> list[dict[str, Any]]:
        async with open_access(data=data, url=url, token=token) as access:
            return await access.gaps(days=days, limit=limit)

    found = asyncio.run(work())
    if as_json:
        print_json({"gaps": found})
        return
    if not found:
        say(f"No question went without an answer in the last {days} days.")
        return
    print_table(
        ("asked", "topic", "languages", "nearest article"),
        [
            [
                gap["count"],
                gap["title"],
                ", ".join(f"{name} {count}" for name, count in gap["languages"].items()),
                gap["nearest"]["title"] if gap["nearest"] else "none: write one",
            ]
            for gap in found
        ],
    )


@app.command()
def reindex(data: Data = None, as_json: AsJson = False) -> None:
    """Embed everything anew, for example with another model; searches go on meanwhile."""
    from switchboard.kb_access import open_access
    from switchboard.kb_report import track
    from switchboard.screen import print_json, say

    async def work() -> dict[str, Any]:
        async with open_access(data=data, url=None, token=None) as access:
            with track(quiet=as_json) as tell:
                return await access.reindex(tell)

    done = asyncio.run(work())
    if as_json:
        print_json(done)
    else:
        say(f"{done['documents']} documents, {done['passages']} passages embedded anew")
