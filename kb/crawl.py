"""Fetches the pages of a site: those its sitemap lists, or a single page.

Above: `kb.open`. Below: aiohttp. Only the host that was named is asked, also after redirects; a
page is fetched with a deadline and a cap on its size, a few at a time.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import aiohttp

from core.errors import InputError
from kb.documents import document_error
from kb.loader import SourceFile, slug

_AT_ONCE = 4
_SECONDS = 30.0
_MOST_PAGES = 5000
_MOST_SITEMAPS = 50
_REDIRECTS = 5
_AGENT = "Switchboard-knowledge/1 (reads a sitemap for a help desk)"
_SUFFIX_OF = {
    "text/html": ".html", "application/xhtml+xml": ".html", "application/pdf": ".pdf",
    "text/plain": ".txt", "text/markdown": ".md",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}  # fmt: skip
Tell = Callable[[int, int], None]


@dataclass
class Site:
    """What was fetched; `failed` are the pages that could not be had."""

    files: list[SourceFile] = field(default_factory=list[SourceFile])
    failed: list[InputError] = field(default_factory=list[InputError])


@dataclass(frozen=True)
class _Answer:
    data: bytes
    kind: str
    url: str


class Crawler:
    """Reads one site into a folder."""

    def __init__(self, session: aiohttp.ClientSession, folder: Path, *, largest: int) -> None:
        self._session = session
        self._folder = folder
        self._largest = largest

    async def read(self, url: str, tell: Tell) -> Site:
        """All pages behind `url`: a sitemap, an index of sitemaps, or one page."""
        first = await self._fetch(url)
        site = Site()
        if not _is_sitemap(first):
            site.files.append(await self._keep(first, url, url))
            return site
        pages = await self._listed(first, url)
        slots, done = asyncio.Semaphore(_AT_ONCE), 0

        async def one(page: str) -> None:
            nonlocal done
            async with slots:
                try:
                    site.files.append(await self._keep(await self._fetch(page), page, url))
                except InputError as error:
                    site.failed.append(error)
            done += 1
            tell(done, len(pages))

        await asyncio.gather(*(one(page) for page in pages))
        site.files.sort(key=lambda file: file.name)
        return site

    async def _listed(self, first: _Answer, url: str) -> list[str]:
        """Addresses of all pages, of all sitemaps. Raises `InputError` for too many."""
        host = urlsplit(url).netloc
        waiting, read, pages = [(url, first)], 0, dict[str, None]()
        while waiting:
            place, answer = waiting.pop()
            read += 1
            kind, named = _read_sitemap(answer.data, place)
            named = [item for item in named if urlsplit(item).netloc == host]
            if kind != "sitemapindex":
                pages |= dict.fromkeys(named)
            elif read + len(named) <= _MOST_SITEMAPS:
                waiting += [(item, await self._fetch(item)) for item in named]
        if not pages:
            raise document_error(url, "the sitemap lists no page of its own host")
        if len(pages) > _MOST_PAGES:
            raise document_error(url, f"the sitemap lists more than {_MOST_PAGES} pages")
        return list(pages)

    async def _keep(self, answer: _Answer, page: str, site: str) -> SourceFile:
        suffix = _SUFFIX_OF.get(answer.kind)
        if suffix is None:
            raise document_error(page, f"is {answer.kind or 'of no kind'}, which is not read")
        name = slug(urlsplit(page).netloc + " " + urlsplit(page).path + " " + urlsplit(page).query)
        path = self._folder / f"{name[:150]}{suffix}"
        await asyncio.to_thread(path.write_bytes, answer.data)
        return SourceFile(path, path.name, address=page, site=site)

    async def _fetch(self, url: str) -> _Answer:
        """One page. Raises `InputError` that names it."""
        host, place = urlsplit(url).netloc, url
        for _ in range(_REDIRECTS):
            parts = urlsplit(place)
            if parts.scheme not in {"http", "https"} or parts.netloc != host:
                raise document_error(url, f"leads to another place: {place[:200]}")
            try:
                timeout = aiohttp.ClientTimeout(total=_SECONDS)
                async with self._session.get(
                    place, allow_redirects=False, timeout=timeout, headers={"User-Agent": _AGENT}
                ) as response:
                    if response.status in {301, 302, 303, 307, 308}:
                        place = urljoin(place, response.headers.get("Location", ""))
                        continue
                    if response.status != 200:
                        raise document_error(url, f"the server answered {response.status}")
                    return _Answer(await self._body(response, url), response.content_type, place)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise document_error(url, f"cannot be fetched ({type(error).__name__})") from error
        raise document_error(url, "is redirected too often")

    async def _body(self, response: aiohttp.ClientResponse, url: str) -> bytes:
        data = bytearray()
        async for piece in response.content.iter_chunked(65536):
            data += piece
            if len(data) > self._largest:
                raise document_error(url, f"larger than {self._largest} bytes")
        return _unzipped(bytes(data), self._largest, url)


def _unzipped(data: bytes, largest: int, url: str) -> bytes:
    """Sitemaps may come as `.xml.gz`."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        plain = unpacker.decompress(data, largest + 1)
    except zlib.error as error:
        raise document_error(url, "is no sound gzip file") from error
    if len(plain) > largest:
        raise document_error(url, f"larger than {largest} bytes")
    return plain


def _read_sitemap(data: bytes, place: str) -> tuple[str, list[str]]:
    """The name of its root, and the addresses it lists. Raises `InputError` for broken XML."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:  # entities are how XML becomes a bomb
        raise document_error(place, "a sitemap declares no document type")
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 -- without entities there is no harm
    except ElementTree.ParseError as error:
        raise document_error(place, f"is no sound XML ({error})") from error
    named = [item.text or "" for item in root.iter() if item.tag.rpartition("}")[2] == "loc"]
    return root.tag.rpartition("}")[2], [urljoin(place, item.strip()) for item in named]


def _is_sitemap(answer: _Answer) -> bool:
    head = answer.data[:4096].lower()
    return b"<urlset" in head or b"<sitemapindex" in head
