"""Where the bytes of files are: a port, and a folder that serves it.

Above: `library`. Below: `sniffing`, `naming`, the file system (in threads).

A file is two: `ab/fl_…` its bytes and `ab/fl_….json` what is known of it. The record is written
last, by a rename, so that a file is there whole or not at all.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

import orjson

from core.errors import NotFound, TooLarge
from core.files.naming import safe_name
from core.files.sniffing import HEAD_BYTES, ending_of, sniff
from core.ids import is_file_id, new_file_id
from core.messages import Frozen

_CHUNK = 262_144


class Origin(Frozen):
    """Where the bytes of a file can be fetched: a platform's own name for it."""

    channel: str
    account: str
    ref: str


class FileRecord(Frozen):
    """What is known of a file. `has_bytes` is false while only its platform has them."""

    id: str
    name: str
    media_type: str
    size: int
    conversation: str | None = None
    at: float = 0.0
    has_bytes: bool = True
    origin: Origin | None = None


class FileStore(Protocol):
    """Keeps files. Raises `NotFound` and `TooLarge`."""

    async def put(
        self, data: AsyncIterator[bytes], record: FileRecord, *, most_bytes: int
    ) -> FileRecord:
        """Keep the bytes under `record.id`; what it is and how long is found out here."""
        ...

    async def note(self, record: FileRecord) -> None:
        """Know of a file without its bytes; one that is known stays as it is."""
        ...

    async def find(self, file: str) -> FileRecord:
        """What is known of it."""
        ...

    def stream(self, file: str) -> AsyncIterator[bytes]:
        """Its bytes, in pieces."""
        ...

    async def delete(self, file: str) -> None:
        """Forget it; no fault if it is not there."""
        ...

    async def expire(self, before: float) -> int:
        """Delete what was put before this time (seconds since the epoch); how many."""
        ...

    async def forget(self, conversation: str) -> int:
        """Delete all files of a conversation; how many."""
        ...


class FolderStore:
    """`FileStore` in a folder, which several processes may share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(
        self, data: AsyncIterator[bytes], record: FileRecord, *, most_bytes: int
    ) -> FileRecord:
        """See `FileStore`."""
        path = self._path(record.id)
        # Two that put the same file at once write two drafts; the later rename wins.
        draft = path.with_name(f"{path.name}.{new_file_id()}.part")
        await asyncio.to_thread(path.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
        try:
            size, head = await _write(draft, data, most_bytes)
            voice = record.media_type.startswith("audio/")
            media_type = sniff(head, voice=voice)
            done = record.model_copy(
                update={
                    "name": safe_name(record.name, ending_of(media_type)),
                    "media_type": media_type, "size": size, "at": time.time(), "has_bytes": True,
                }
            )  # fmt: skip
            await asyncio.to_thread(self._settle, draft, path, done)
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)
        return done

    async def note(self, record: FileRecord) -> None:
        """See `FileStore`."""
        path = self._path(record.id)

        def write() -> None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _json(path).exists():
                _write_record(path, record.model_copy(update={"at": time.time()}))

        await asyncio.to_thread(write)

    async def find(self, file: str) -> FileRecord:
        """See `FileStore`."""
        return await asyncio.to_thread(_read_record, self._path(file))

    async def stream(self, file: str) -> AsyncIterator[bytes]:
        """See `FileStore`."""
        try:
            source = await asyncio.to_thread(self._path(file).open, "rb")
        except OSError:
            raise NotFound("no such file") from None
        try:
            while piece := await asyncio.to_thread(source.read, _CHUNK):
                yield piece
        finally:
            source.close()

    async def delete(self, file: str) -> None:
        """See `FileStore`."""
        await asyncio.to_thread(_remove, self._path(file))

    async def expire(self, before: float) -> int:
        """See `FileStore`."""
        return await asyncio.to_thread(self._remove_where, lambda record: record.at < before)

    async def forget(self, conversation: str) -> int:
        """See `FileStore`."""
        return await asyncio.to_thread(
            self._remove_where, lambda record: record.conversation == conversation
        )

    def _path(self, file: str) -> Path:
        """Only an id of ours has a path. Raises `NotFound`."""
        if not is_file_id(file):
            raise NotFound("no such file")
        # Characters of the id that differ also where a file system knows no case.
        return self._folder / f"{sum(file.encode()) % 256:02x}" / _on_disk(file)

    def _settle(self, draft: Path, path: Path, record: FileRecord) -> None:
        draft.replace(path)
        _write_record(path, record)

    def _remove_where(self, is_old: Callable[[FileRecord], bool]) -> int:
        count = 0
        for note in self._folder.glob("*/*.json"):
            path = note.with_suffix("")
            try:
                if is_old(_read_record(path)):
                    _remove(path)
                    count += 1
            except NotFound:
                continue
        return count


def _on_disk(file: str) -> str:
    """The id in hexadecimal: ids differ by case, and not every file system does."""
    return file.encode().hex()


def _json(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


async def _write(draft: Path, data: AsyncIterator[bytes], most: int) -> tuple[int, bytes]:
    size, head = 0, b""
    target = await asyncio.to_thread(draft.open, "wb")
    try:
        async for piece in data:
            size += len(piece)
            if size > most:
                raise TooLarge(f"a file may have {most} bytes at most")
            if len(head) < HEAD_BYTES:
                head += piece[: HEAD_BYTES - len(head)]
            await asyncio.to_thread(target.write, piece)
    finally:
        await asyncio.to_thread(target.close)
    return size, head


def _write_record(path: Path, record: FileRecord) -> None:
    draft = path.with_name(f"{path.name}.{new_file_id()}.part")
    draft.write_bytes(orjson.dumps(record.model_dump()))
    os.replace(draft, _json(path))  # noqa: PTH105 -- atomic on every system


def _read_record(path: Path) -> FileRecord:
    try:
        return FileRecord.model_validate_json(_json(path).read_bytes())
    except (OSError, ValueError):
        raise NotFound("no such file") from None


def _remove(path: Path) -> None:
    _json(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)
