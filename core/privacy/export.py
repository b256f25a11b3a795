"""Everything that is known of a person, as one ZIP: for programs, and a page for people.

Above: REST, the command. Below: `subject`, `datamap`, files, the log. Tables are written page by
page in one transaction that sees one moment; what was said is read from the log, up to where it
was at that moment, so that an export is whole while more is being said.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import secrets
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import column, or_, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database
from core.bus.graves import Graves
from core.bus.log import RedisLog
from core.errors import NotFound, SwitchboardError
from core.files.library import Files
from core.ids import ConversationId
from core.messages import Frozen, format_time
from core.privacy.places import Place
from core.privacy.rows import present
from core.privacy.subject import Subject, find_subject, linked_rows

_log = structlog.get_logger("privacy")
_ID = re.compile(r"ex_[A-Za-z0-9_-]{32}\Z")
_PAGE = 500


class Export(Frozen):
    """A file that its link opens until it ends."""

    id: str
    contact: str
    at: float
    ends_at: float
    size: int
    counts: dict[str, int]


@dataclass(frozen=True)
class Sources:
    """Where everything is read from."""

    database: Database
    graves: Graves
    log: RedisLog
    files: Files | None = None


class Exports:
    """Makes exports in a folder, and gives them out for a time."""

    def __init__(self, sources: Sources, folder: Path, *, hours: float) -> None:
        self._sources = sources
        self._folder = folder
        self._seconds = hours * 3600

    async def make(self, contact: str) -> Export:
        """Write it. Raises `NotFound` if nothing is known of the person."""
        subject = await find_subject(self._sources.database, self._sources.graves, contact)
        identifier = f"ex_{secrets.token_urlsafe(24)}"
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f"{identifier}.part"
        try:
            archive = await asyncio.to_thread(_open, draft)
            try:
                counts = await self._write(archive, subject)
            finally:
                await asyncio.to_thread(archive.close)
            if not any(counts.values()):
                raise NotFound("nothing is known of this person")
            made = Export(
                id=identifier, contact=contact, at=time.time(), counts=counts,
                ends_at=time.time() + self._seconds, size=draft.stat().st_size,
            )  # fmt: skip
            await asyncio.to_thread(self._settle, draft, made)
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)
        return made

    def find(self, identifier: str) -> tuple[Export, Path]:
        """The export and its file, while its link is good. Raises `NotFound`."""
        if _ID.match(identifier) is None:
            raise NotFound("no such export")
        note = self._folder / f"{identifier}.json"
        try:
            found = Export.model_validate_json(note.read_bytes())
        except (OSError, ValueError):
            raise NotFound("no such export") from None
        if found.ends_at < time.time():
            raise NotFound("no such export")
        return found, note.with_suffix(".zip")

    def expire(self) -> int:
        """Delete those whose links have ended, and what a crash left."""
        return sum(map(self._remove, [one.id for one in self._all() if one.ends_at < time.time()]))

    def forget(self, contact: str) -> int:
        """Delete all exports of a person."""
        return sum(map(self._remove, [one.id for one in self._all() if one.contact == contact]))

    def _all(self) -> Iterator[Export]:
        for note in sorted(self._folder.glob("ex_*.json")):
            try:
                yield Export.model_validate_json(note.read_bytes())
            except (OSError, ValueError):
                continue

    def _remove(self, identifier: str) -> int:
        for path in self._folder.glob(f"{identifier}.*"):
            path.unlink(missing_ok=True)
        return 1

    def _settle(self, draft: Path, made: Export) -> None:
        draft.replace(self._folder / f"{made.id}.zip")
        note = self._folder / f"{made.id}.json"
        note.write_text(made.model_dump_json(), encoding="utf-8")
        note.chmod(0o600)

    async def _write(self, archive: zipfile.ZipFile, subject: Subject) -> dict[str, int]:
        counts: dict[str, int] = {}
        lasts = await self._lasts(subject)
        async with self._sources.database.read() as connection:
            for place in await present(self._sources.database):
                if place.export and place.name not in {"entries", "snapshots"}:
                    counts[place.name] = await _write_table(connection, archive, place, subject)
        pages: list[tuple[str, int]] = []
        files: set[str] = set()
        for name, last in lasts.items():
            said = await self._write_talk(archive, name, last, files)
            pages.append((name, said))
        counts["entries"] = sum(said for _, said in pages)
        counts["files"] = await self._write_files(archive, sorted(files))
        index = _index(subject, counts, pages)
        await asyncio.to_thread(archive.writestr, "index.html", index)
        about = {"contact": subject.contact, "made_at": _now(), "counts": counts}
        await asyncio.to_thread(archive.writestr, "about.json", json.dumps(about, indent=2))
        return counts

    async def _lasts(self, subject: Subject) -> dict[str, int]:
        """Up to where each conversation is exported: where it is now."""
        found: dict[str, int] = {}
        for name in subject.conversations:
            try:
                found[name] = (await self._sources.log.head(ConversationId(name))).seq
            except NotFound:  # known to the archive only
                found[name] = 2**53
        return found

    async def _write_talk(
        self, archive: zipfile.ZipFile, name: str, last: int, files: set[str]
    ) -> int:
        count, after, lines = 0, 0, list[str]()
        while True:
            page = await self._sources.log.entries(ConversationId(name), after=after, limit=_PAGE)
            page = [entry for entry in page if entry.seq <= last]
            for entry in page:
                lines.append(json.dumps(entry.public(), ensure_ascii=False))
                files |= {file.id for file in entry.attachments or () if file.id}
                after = entry.seq
            count += len(page)
            if len(page) < _PAGE:
                break
        body = "[\n" + ",\n".join(lines) + "\n]\n"
        await asyncio.to_thread(archive.writestr, f"conversations/{name}.json", body)
        return count

    async def _write_files(self, archive: zipfile.ZipFile, names: list[str]) -> int:
        store, count = self._sources.files, 0
        if store is None:
            return 0
        for name in names:
            try:
                record = await store.open(name)
            except (SwitchboardError, OSError) as error:  # its platform no longer gives it
                _log.warning("file_not_exported", file=name, error=type(error).__name__)
                continue
            safe = record.name.replace("/", "_").replace("\\", "_")
            with archive.open(f"files/{name}-{safe}", "w", force_zip64=True) as target:
                async for piece in store.stream(name):
                    await asyncio.to_thread(target.write, piece)
            count += 1
        return count


async def _write_table(
    connection: AsyncConnection, archive: zipfile.ZipFile, place: Place, subject: Subject
) -> int:
    """One JSON object a line."""
    rules = linked_rows(place, subject)
    if not rules:
        return 0
    columns: list[Any] = [column(name) for name in sorted(place.columns)]
    query: Any = select(*columns).select_from(table(place.name)).where(or_(*rules))
    async with connection.stream(query) as found:
        lines = [
            json.dumps(dict(row), ensure_ascii=False, default=_plain)
            async for row in found.mappings()
        ]
    if lines:
        body = "\n".join(lines) + "\n"
        await asyncio.to_thread(archive.writestr, f"tables/{place.name}.jsonl", body)
    return len(lines)


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _open(path: Path) -> zipfile.ZipFile:
    path.touch(mode=0o600)
    return zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)


def _index(subject: Subject, counts: dict[str, int], pages: list[tuple[str, int]]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{count}</td></tr>"
        for name, count in sorted(counts.items()) if count
    )  # fmt: skip
    talks = "".join(
        f'<li><a href="conversations/{name}.json">{html.escape(name)}</a>: {said}</li>'
        for name, said in pages
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Export</title>'
        f"<h1>{html.escape(subject.contact)}</h1><p>{_now()}</p>"
        f"<h2>What there is</h2><table>{rows}</table><h2>Conversations</h2><ul>{talks}</ul>"
        "<p>tables/*.jsonl: one JSON object a line. files/: attachments.</p></html>"
    )


def _now() -> str:
    return format_time(datetime.now().astimezone())
