"""Pages and scripts that a browser loads: the demo page, the widget, the API's documentation.

Above: `channels.server`. Below: files of `widget/`. Everything is read once, at start, and served
from memory with an ETag; a content security policy keeps foreign scripts out.
"""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from hashlib import blake2s
from pathlib import Path

from aiohttp import web

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; worker-src 'self' blob:; connect-src 'self' ws: wss:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_DOCS = Path(__file__).parent / "docs_page"
# What a page is built from is not what a browser loads.
_SOURCES = "src"


@dataclass(frozen=True)
class Served:
    """A file in memory, as it is and packed."""

    body: bytes
    packed: bytes
    etag: str
    kind: str

    @classmethod
    def of(cls, path: Path) -> Served:
        """Read it."""
        body = path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        packed = gzip.compress(body, 9, mtime=0)
        return cls(body, packed, f'"{blake2s(body, digest_size=12).hexdigest()}"', kind)


def add_pages(app: web.Application, widget_dir: Path) -> None:
    """`/`, `/widget.js` and its worker, `/console` (when it is there), `/api/docs`."""
    _add(app, "/widget.js", widget_dir / "dist" / "widget.js", foreign=True)
    _add(app, "/widget-proof.js", widget_dir / "dist" / "proof.js", foreign=True)
    _add_folder(app, "", widget_dir / "demo")
    _add_folder(app, "/console", widget_dir / "console")
    _add_folder(app, "/api/docs", _DOCS)


def _add_folder(app: web.Application, at: str, folder: Path) -> None:
    if not (folder / "index.html").is_file():
        return
    _add(app, at or "/", folder / "index.html")
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and path.name != "index.html" and inside.parts[0] != _SOURCES:
            _add(app, f"{at}/{inside.as_posix()}", path)


def _add(app: web.Application, at: str, path: Path, *, foreign: bool = False) -> None:
    if not path.is_file():
        return
    served = Served.of(path)
    headers = {"ETag": served.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if served.kind == "text/html":
        headers["Content-Security-Policy"] = _POLICY
    if foreign:
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        headers["Access-Control-Allow-Origin"] = "*"  # modules are asked for that way

    async def serve(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == served.etag:
            return web.Response(status=304, headers=headers)
        charset = "utf-8" if served.kind.startswith("text/") else None
        packs = "gzip" in request.headers.get("Accept-Encoding", "")
        extra = {"Content-Encoding": "gzip"} if packs else {}
        return web.Response(
            body=served.packed if packs else served.body, content_type=served.kind,
            charset=charset, headers={**headers, **extra},
        )  # fmt: skip

    app.router.add_get(at, serve)
