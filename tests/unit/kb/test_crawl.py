"""Pages of a site: what its sitemap lists, from its own host, within bounds."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.errors import InputError
from kb.crawl import Crawler, Site

HTML = "<html><head><title>{0}</title></head><body><main><p>About {0}.</p></main></body></html>"


class Shop:
    """A site whose sitemap is an index of two, one of them gzipped."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.root = ""

    def at(self, path: str) -> str:
        """An address on it."""
        return self.root + path

    async def answer(self, request: web.Request) -> web.Response:
        """Every page."""
        self.asked.append(request.path)
        name = request.path
        if name == "/index.xml":
            return self._xml("sitemapindex", "sitemap", ["/one.xml", "/two.xml.gz"])
        if name == "/one.xml":
            return self._xml("urlset", "url", ["/a", "/moved", "/gone"], "http://other.example/x")
        if name == "/two.xml.gz":
            plain = self._xml("urlset", "url", ["/a", "/large", "/away", "/picture"]).body
            assert isinstance(plain, bytes)
            return web.Response(body=gzip.compress(plain), content_type="application/gzip")
        if name == "/moved":
            raise web.HTTPFound("/b")
        if name == "/away":
            raise web.HTTPFound("http://other.example/steal")
        if name == "/gone":
            raise web.HTTPNotFound
        if name == "/picture":
            return web.Response(body=b"\x89PNG", content_type="image/png")
        size = 300_000 if name == "/large" else 1
        return web.Response(text=HTML.format(name[1:]) + " " * size, content_type="text/html")

    def _xml(self, root: str, row: str, paths: list[str], *others: str) -> web.Response:
        places = [*(self.at(path) for path in paths), *others]
        rows = "".join(f"<{row}><loc>{place}</loc></{row}>" for place in places)
        return web.Response(
            text=f"<?xml version='1.0'?><{root}>{rows}</{root}>", content_type="application/xml"
        )


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """The site, running."""
    shop = Shop()
    app = web.Application()
    app.router.add_get("/{path:.*}", shop.answer)
    async with TestServer(app) as server:
        shop.root = str(server.make_url("")).rstrip("/")
        yield shop


async def read(url: str, folder: Path, told: list[tuple[int, int]] | None = None) -> Site:
    """What the crawler brings."""
    async with aiohttp.ClientSession() as session:
        crawler = Crawler(session, folder, largest=200_000)
        return await crawler.read(url, lambda *now: (told if told is not None else []).append(now))


async def test_an_index_of_sitemaps_brings_every_page_once(shop: Shop, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    site = await read(shop.at("/index.xml"), tmp_path, told)
    assert {file.address for file in site.files} == {shop.at("/a"), shop.at("/moved")}
    assert {file.site for file in site.files} == {shop.at("/index.xml")}
    assert told[-1] == (6, 6)
    assert shop.asked.count("/a") == 1


async def test_what_cannot_be_had_is_said_page_by_page(shop: Shop, tmp_path: Path) -> None:
    site = await read(shop.at("/index.xml"), tmp_path)
    said = "\n".join(str(error) for error in site.failed)
    assert f"{shop.at('/gone')}: the server answered 404" in said
    assert f"{shop.at('/large')}: larger than 200000 bytes" in said
    assert f"{shop.at('/away')}: leads to another place: http://other.example/steal" in said
    assert f"{shop.at('/picture')}: is image/png, which is not read" in said
    assert len(site.failed) == 4


async def test_another_host_is_never_asked_for_a_page(shop: Shop, tmp_path: Path) -> None:
    site = await read(shop.at("/one.xml"), tmp_path)
    every = [str(file.address) for file in site.files] + [str(error) for error in site.failed]
    assert not [item for item in every if "other.example/x" in item]


async def test_a_single_page_is_a_site_of_one(shop: Shop, tmp_path: Path) -> None:
    (file,) = (await read(shop.at("/a"), tmp_path)).files
    assert (file.address, file.path.suffix) == (shop.at("/a"), ".html")


async def test_an_address_that_is_not_there_is_an_error(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="answered 404"):
        await read(shop.at("/gone"), tmp_path)
    with pytest.raises(InputError, match="another place"):
        await read("file:///etc/passwd", tmp_path)
