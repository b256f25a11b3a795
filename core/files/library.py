"""All files of the house: put, read, fetched from their platforms when somebody wants them.

Above: the doors, adapters, the engine. Below: `store`. A file that a platform keeps is fetched
once, within limits, and is ours from then on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import structlog

from core.errors import BusUnavailable, NotFound, TooLarge
from core.files.settings import FileSettings
from core.files.store import FileRecord, FileStore, Origin
from core.ids import new_file_id, platform_file_id
from core.messages import Address, Attachment

_log = structlog.get_logger("files")
_MOST_AT_ONCE = 8
IsErased = Callable[[str], Awaitable[bool]]


class Fetch(Protocol):
    """Gets a file from its platform: by channel, account and the platform's name for it."""

    async def __call__(
        self, channel: str, account: str, attachment: Attachment, *, most_bytes: int
    ) -> bytes:
        """Raises `TooLarge`, `NotFound`, or a `ChannelError`."""
        ...


class Files:
    """The file store with its limits."""

    def __init__(
        self, store: FileStore, settings: FileSettings, *, fetch: Fetch | None = None
    ) -> None:
        self._store = store
        self.settings = settings
        self._fetch = fetch
        self._fetching: dict[str, asyncio.Lock] = {}
        self._room = asyncio.Semaphore(_MOST_AT_ONCE)
        self._is_erased: IsErased | None = None

    def fetch_with(self, fetch: Fetch) -> None:
        """How files are got that a platform keeps."""
        self._fetch = fetch

    async def put(
        self,
        data: bytes | AsyncIterator[bytes],
        *,
        name: str,
        conversation: str | None = None,
        media_type: str = "",
        key: str | None = None,
    ) -> Attachment:
        """Keep a file; its type is found out from its bytes. Raises `TooLarge`.

        Under a `key` (such as the id of a mail and the number of a part) it has the same id each
        time, so that a repeat of its message is the same message.
        """
        record = FileRecord(
            id=platform_file_id("key", "", key) if key else new_file_id(),
            name=name, media_type=media_type, size=-1, conversation=conversation,
        )  # fmt: skip
        pieces = _once(data) if isinstance(data, bytes) else data
        try:
            stored = await self._store.put(pieces, record, most_bytes=self.settings.max_bytes)
        except OSError as error:
            raise FileUnreachable("the file cannot be kept now") from error
        await self._drop_erased(stored)
        return _attachment(stored)

    async def settle(
        self, attachment: Attachment, address: Address | None, conversation: str | None
    ) -> Attachment:
        """The attachment with an id under which it can be read here, however it arrived."""
        if attachment.id is not None or attachment.ref is None or address is None:
            return attachment
        file = platform_file_id(address.channel, address.account, attachment.ref)
        origin = Origin(channel=address.channel, account=address.account, ref=attachment.ref)
        record = FileRecord(
            id=file, name=attachment.name, media_type=attachment.media_type,
            size=attachment.size, conversation=conversation, has_bytes=False, origin=origin,
        )  # fmt: skip
        try:
            await self._store.note(record)
        except OSError as error:
            # The message is worth more than its file, which can be settled when it is read.
            _log.error("file_not_noted", error=str(error))
            return attachment
        await self._drop_erased(record)
        return attachment.model_copy(update={"id": file})

    async def find(self, file: str, *, conversation: str | None = None) -> Attachment:
        """The attachment of this id; with `conversation` only one of it. Raises `NotFound`."""
        record = await self._store.find(file)
        if conversation is not None and record.conversation != conversation:
            raise NotFound("no such file")
        return _attachment(record)

    async def open(self, file: str) -> FileRecord:
        """What is known of the file, its bytes now here. Raises `NotFound`, `TooLarge`, or what
        its platform's adapter raises."""
        record = await self._store.find(file)
        if record.has_bytes:
            return record
        lock = self._fetching.setdefault(file, asyncio.Lock())
        try:
            async with lock:
                record = await self._store.find(file)
                return record if record.has_bytes else await self._get(record)
        finally:
            if not lock.locked():
                self._fetching.pop(file, None)

    def stream(self, file: str) -> AsyncIterator[bytes]:
        """The bytes of an opened file, in pieces."""
        return self._store.stream(file)

    async def read(
        self, attachment: Attachment, *, address: Address | None = None,
        conversation: str | None = None,
    ) -> bytes:  # fmt: skip
        """The bytes of an attachment, from here or from its platform. Raises as `open`."""
        settled = await self.settle(attachment, address, conversation)
        if settled.id is None:
            raise NotFound("the file has no bytes")
        await self.open(settled.id)
        return b"".join([piece async for piece in self._store.stream(settled.id)])

    async def expire(self, before: float) -> int:
        """Delete what is older."""
        return await self._store.expire(before)

    async def forget(self, conversation: str) -> int:
        """Delete all files of a conversation."""
        return await self._store.forget(conversation)

    async def forget_one(self, file: str) -> bool:
        """Delete a file; False if it was not there."""
        try:
            await self._store.find(file)
        except NotFound:
            return False
        await self._store.delete(file)
        return True

    def refuse_erased(self, is_erased: IsErased) -> None:
        """From now on no file of a conversation is kept that this says was erased."""
        self._is_erased = is_erased

    async def _drop_erased(self, record: FileRecord) -> None:
        """A file that was on its way while its conversation was erased. Raises `NotFound`."""
        if self._is_erased is None or record.conversation is None:
            return
        if await self._is_erased(record.conversation):
            await self._store.delete(record.id)
            raise NotFound("no such conversation")

    async def _get(self, record: FileRecord) -> FileRecord:
        if self._fetch is None or record.origin is None:
            raise NotFound("the file cannot be fetched here")
        most, origin = self.settings.max_bytes, record.origin
        if record.size > most:
            raise TooLarge(f"a file may have {most} bytes at most")
        wanted = Attachment(
            name=record.name, media_type=record.media_type, size=record.size, id=record.id,
            ref=origin.ref,
        )  # fmt: skip
        try:
            async with self._room, asyncio.timeout(self.settings.fetch_seconds):
                data = await self._fetch(origin.channel, origin.account, wanted, most_bytes=most)
        except TimeoutError:
            raise FileUnreachable("the file's platform did not answer in time") from None
        _log.info("file_fetched", channel=origin.channel, size=len(data))
        stored = await self._store.put(_once(data), record, most_bytes=most)
        await self._drop_erased(stored)
        return stored


class FileUnreachable(BusUnavailable):
    """The platform that keeps the file does not give it now."""

    code = "file_unreachable"


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _attachment(record: FileRecord) -> Attachment:
    return Attachment(
        name=record.name, media_type=record.media_type, size=record.size, id=record.id
    )
