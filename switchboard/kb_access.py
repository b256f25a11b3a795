"""Knowledge for the commands: through a gateway's API, or in the database itself.

Above: `commands.knowledge`. Below: `gateway` (HTTP), `kb.open` (direct). What is written to the
database reaches a running gateway by itself: it looks for a new knowledge version every second.
So a file is read here, where it is; only a gateway named by `--url` is written to over HTTP. A
search asks the running gateway if there is one: its index is in memory already.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from hashlib import blake2s
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from config.settings import Settings
from core.errors import InputError
from core.messages import format_time
from switchboard.attach import attach_database, read_settings
from switchboard.gaps import find_gaps
from switchboard.gateway import GatewayClient, Whereabouts, find_gateway, open_gateway

if TYPE_CHECKING:
    from kb.documents import Draft
    from kb.ingest import IngestReport, Progress
    from kb.open import Knowledge

_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,120}\Z")
Tell = Callable[[int, int], None]


class Access(Protocol):
    """What the commands need of the knowledge base; all results are plain JSON values."""

    async def add(
        self, paths: Sequence[str], *, category: str | None, language: str | None, tell: Tell
    ) -> dict[str, Any]:
        """Take files, folders and addresses in: `{added, changed, removed, unchanged, failed}`."""
        ...

    async def search(self, query: str, *, limit: int, category: str | None) -> dict[str, Any]:
        """`{passages, verdict, …}`."""
        ...

    async def list(self) -> list[dict[str, Any]]:
        """All documents."""
        ...

    async def remove(self, document: str) -> None:
        """Raises `NotFound`."""
        ...

    async def gaps(self, *, days: int, limit: int) -> list[dict[str, Any]]:
        """What was asked and not answered, gathered into topics."""
        ...

    async def reindex(self, tell: Tell) -> dict[str, Any]:
        """Embed everything anew and learn the cuts anew: `{documents, passages}`."""
        ...


@asynccontextmanager
async def open_access(
    *, data: Path | None, url: str | None, token: str | None
) -> AsyncGenerator[Access]:
    """The way to the knowledge base that these options name."""
    settings = read_settings(data)
    place = find_gateway(settings, url=url, token=token)
    if place is not None and (url or settings.url):
        async with open_gateway(place) as client:
            yield RemoteAccess(client, settings)
        return
    yield DirectAccess(settings, place)


class DirectAccess:
    """Works on the database of this installation."""

    def __init__(self, settings: Settings, place: Whereabouts | None) -> None:
        self._settings = settings
        self._place = place

    async def add(
        self, paths: Sequence[str], *, category: str | None, language: str | None, tell: Tell
    ) -> dict[str, Any]:
        """See `Access`."""
        sites = [path for path in paths if _is_address(path)]
        files = [Path(path) for path in paths if not _is_address(path)]
        shapes: list[dict[str, Any]] = []

        def show(now: Progress) -> None:
            tell(now.passages_done, now.passages)

        async with self._knowledge() as knowledge:
            if files:
                report = await knowledge.ingest(
                    files, category=category, language=language, on_progress=show
                )
                shapes.append(_report(report))
            for site in sites:
                report = await knowledge.ingest_site(
                    site, category=category, language=language, on_progress=show, on_fetch=tell
                )
                shapes.append(_report(report))
        return _sum(shapes)

    async def search(self, query: str, *, limit: int, category: str | None) -> dict[str, Any]:
        """See `Access`."""
        if self._place is not None:
            async with open_gateway(self._place) as client:
                return await search_over_http(client, query, limit=limit, category=category)
        async with self._knowledge() as knowledge:
            categories = (category,) if category else ()
            result = await knowledge.searcher.search(query, limit=limit, categories=categories)
        return result.model_dump(mode="json")

    async def list(self) -> list[dict[str, Any]]:
        """See `Access`."""
        async with self._knowledge() as knowledge:
            documents = await knowledge.list()
        return [
            asdict(document) | {"updated_at": format_time(document.updated_at)}
            for document in documents
        ]

    async def remove(self, document: str) -> None:
        """See `Access`."""
        async with self._knowledge() as knowledge:
            await knowledge.remove(document)

    async def gaps(self, *, days: int, limit: int) -> list[dict[str, Any]]:
        """See `Access`."""
        if self._place is not None:
            async with open_gateway(self._place) as client:
                return await gaps_over_http(client, days=days, limit=limit)
        async with attach_database(self._settings) as database, self._knowledge() as knowledge:
            return await find_gaps(knowledge, database, days=days, limit=limit)

    async def reindex(self, tell: Tell) -> dict[str, Any]:
        """See `Access`."""
        async with self._knowledge() as knowledge:
            return await knowledge.reindex(on_progress=tell)

    @asynccontextmanager
    async def _knowledge(self) -> AsyncGenerator[Knowledge]:
        from kb.open import open_knowledge

        async with (
            attach_database(self._settings) as database,
            open_knowledge(self._settings.knowledge_settings, database) as knowledge,
        ):
            yield knowledge


class RemoteAccess:
    """Works on a gateway that may be anywhere, over its API."""

    def __init__(self, client: GatewayClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    async def add(
        self, paths: Sequence[str], *, category: str | None, language: str | None, tell: Tell
    ) -> dict[str, Any]:
        """See `Access`. Files are read here and sent as documents."""
        if sites := [path for path in paths if _is_address(path)]:
            raise InputError(f"{sites[0]}: addresses are read beside the gateway, without --url")
        from kb.loader import Defaults, Loader, find_files

        kb = self._settings.knowledge_settings
        loader = Loader(default_language=kb.default_language, largest_file=kb.largest_file)
        defaults = Defaults(category, language)
        files = await asyncio.to_thread(find_files, [Path(path) for path in paths])
        report: dict[str, Any] = {
            "added": [], "changed": [], "removed": [], "unchanged": 0, "failed": [],
        }  # fmt: skip
        for number, file in enumerate(files, 1):
            try:
                for draft in await asyncio.to_thread(loader.load, file, defaults):
                    made = await self._client.call(
                        "POST", "/knowledge/documents", body=_as_document(draft)
                    )
                    report["added"].append(made["id"])
            except InputError as error:
                report["failed"].append(f"{file.path}: {error}")
            tell(number, len(files))
        return report

    async def search(self, query: str, *, limit: int, category: str | None) -> dict[str, Any]:
        """See `Access`."""
        return await search_over_http(self._client, query, limit=limit, category=category)

    async def list(self) -> list[dict[str, Any]]:
        """See `Access`."""
        documents: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            query = {"limit": 200, "cursor": cursor}
            page = await self._client.call("GET", "/knowledge/documents", query=query)
            documents += page["documents"]
            cursor = page.get("next")
            if not cursor:
                return documents

    async def remove(self, document: str) -> None:
        """See `Access`."""
        await self._client.call("DELETE", f"/knowledge/documents/{quote(document, safe='')}")

    async def gaps(self, *, days: int, limit: int) -> list[dict[str, Any]]:
        """See `Access`."""
        return await gaps_over_http(self._client, days=days, limit=limit)

    async def reindex(self, tell: Tell) -> dict[str, Any]:
        """See `Access`; it is work for the machine that has the database."""
        raise InputError("`kb reindex` works beside the database, without --url")


def _is_address(path: str) -> bool:
    return path.startswith(("http://", "https://"))


def _report(report: IngestReport) -> dict[str, Any]:
    return asdict(report) | {"failed": [str(error) for error in report.failed]}


def _sum(shapes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Several imports as one report: lists are joined, numbers added."""
    first, *rest = shapes
    for shape in rest:
        first = {name: value + shape[name] for name, value in first.items()}
    return first


def _as_document(draft: Draft) -> dict[str, Any]:
    """The body of `POST /knowledge/documents`. An id that the API does not take is hashed, so
    that the same file is the same document next time."""
    fields = draft.model_dump(
        include={"id", "title", "text", "category", "language", "url"}, exclude_none=True
    )
    if not _PLAIN_ID.match(draft.id):
        fields["id"] = f"document-{blake2s(draft.id.encode(), digest_size=8).hexdigest()}"
    return fields


async def gaps_over_http(client: GatewayClient, *, days: int, limit: int) -> list[dict[str, Any]]:
    """The gateway's own list."""
    query = {"days": days, "limit": limit}
    return (await client.call("GET", "/knowledge/gaps", query=query))["gaps"]


async def search_over_http(
    client: GatewayClient, query: str, *, limit: int, category: str | None
) -> dict[str, Any]:
    """The gateway's own search."""
    parameters = {"q": query, "k": limit, "category": category}
    return await client.call("GET", "/knowledge/search", query=parameters)
