"""Files over HTTP: taken from customers and people of the desk, given back by links that expire.

Above: `routes`, the conversation routes. Below: `core.files`. What is given leaves as a download,
never as a page: no script of a customer's file runs in anybody's browser. Only pictures of a few
kinds that hold no script may be shown in place.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from channels.attaching import FileDesk
from channels.rates import Rates
from channels.rest.conversations import principal_of
from core.errors import ChannelError, InputError, NotFound, TooLarge
from core.files.library import FileUnreachable
from core.files.sniffing import SHOWN_IN_PLACE
from core.files.store import FileRecord
from core.ids import is_conversation_id
from core.messages import Attachment

_CHUNK = 65_536
_UPLOAD_SECONDS = 120.0
_UPLOADS_PER_SECOND = 0.5
_NO_PAGE = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


# What was uploaded, by its bytes: a repeat under the same key must hold the same.
UPLOADED = web.RequestKey("uploaded", str)


async def sum_of_upload(request: web.Request, most: int) -> str:
    """Read an upload that was taken before, and keep nothing of it. Raises `InputError`."""
    total, size = hashlib.sha256(), 0
    try:
        async with asyncio.timeout(_UPLOAD_SECONDS), _reading():
            async for piece in _pieces(await _part(request)):
                size += len(piece)
                if size > most:
                    raise TooLarge(f"a file may have {most} bytes at most")
                total.update(piece)
    except TimeoutError:
        raise InputError("the upload took too long", code="upload_timeout") from None
    return total.hexdigest()


class FileRoutes:
    """Handlers of uploads and downloads."""

    def __init__(self, desk: FileDesk | None, *, files_per_second: float = _UPLOADS_PER_SECOND):
        self._desk = desk
        self._rates = Rates(files_per_second)

    async def upload(self, request: web.Request) -> web.Response:
        """Take one file (the part `file` of a multipart form) for messages of a conversation."""
        desk = self._need()
        conversation = request.match_info["id"]
        principal_of(request).require(conversation)
        if not is_conversation_id(conversation):
            raise NotFound("no such conversation")
        self._rates.take(conversation)
        if (request.content_length or 0) > desk.files.settings.max_bytes + _CHUNK:
            raise TooLarge(f"a file may have {desk.files.settings.max_bytes} bytes at most")
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS):
                attachment = await self._receive(desk, request, conversation)
        except TimeoutError:
            raise InputError("the upload took too long", code="upload_timeout") from None
        shown = attachment.model_dump(exclude_none=True)
        return web.json_response({**shown, "url": desk.link(shown["id"])}, status=201)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Give a file to whoever has a link that is still good."""
        desk = self._need()
        file, query = request.match_info["file"], request.query
        desk.links.check(file, query.get("e", ""), query.get("s", ""))
        try:
            record = await desk.files.open(file)
        except ChannelError:
            raise FileUnreachable("the platform that keeps the file does not give it") from None
        response = web.StreamResponse(headers=_headers(record, int(query["e"])))
        response.content_length = record.size
        await response.prepare(request)
        async for piece in desk.files.stream(file):
            await response.write(piece)
        await response.write_eof()
        return response

    async def _receive(self, desk: FileDesk, request: web.Request, conversation: str) -> Attachment:
        total = hashlib.sha256()
        async with _reading():
            part = await _part(request)
            declared = part.headers.get("Content-Type", "")
            made = await desk.files.put(
                _pieces(part, total.update), name=part.filename or "file",
                conversation=conversation, media_type=declared,
            )  # fmt: skip
        request[UPLOADED] = total.hexdigest()
        return made

    def _need(self) -> FileDesk:
        if self._desk is None:
            raise NotFound("files are not kept here")
        return self._desk


async def _part(request: web.Request) -> BodyPartReader:
    if request.content_type != "multipart/form-data":
        raise InputError("send multipart/form-data with a part named file", code="bad_body")
    part = await (await request.multipart()).next()
    if not isinstance(part, BodyPartReader) or part.name != "file" or not part.filename:
        raise InputError("the first part must be a file named file", code="bad_body")
    return part


@asynccontextmanager
async def _reading() -> AsyncGenerator[None]:
    """Whatever a form is that is none, it is the caller's fault."""
    try:
        yield
    except (ValueError, AssertionError, LookupError, web.RequestPayloadError, HttpProcessingError):
        raise InputError("the form cannot be read", code="bad_body") from None


async def _pieces(
    part: BodyPartReader, note: Callable[[bytes], None] = lambda piece: None
) -> AsyncIterator[bytes]:
    """The part's bytes as they come; an empty file is none."""
    empty = True
    while piece := await part.read_chunk(_CHUNK):
        empty = False
        note(bytes(piece))
        yield bytes(piece)
    if empty:
        raise InputError("the file is empty", code="empty_file")


def _headers(record: FileRecord, until: int) -> dict[str, str]:
    shown = record.media_type in SHOWN_IN_PLACE
    plain = record.name.encode("ascii", "replace").decode().replace('"', "_").replace("\\", "_")
    return {
        **_NO_PAGE,
        "Content-Type": record.media_type,
        "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{plain}"; '
        f"filename*=UTF-8''{quote(record.name, safe='')}",
        "Cache-Control": f"private, max-age={max(0, until - int(time.time()))}",
    }
