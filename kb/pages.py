"""HTML, PDF and DOCX as Markdown with its headings. Runs in a child process; see `kb.conversion`.

Above: `kb.conversion`, which feeds it. Below: beautifulsoup4, markdownify, pypdf, mammoth.

Front matter carries what the file says of itself: title, language, address. What is not content
(navigation, forms, scripts, hidden parts) is left out.
"""

from __future__ import annotations

import importlib
import io
import re
import resource
import statistics
import sys
import zipfile
from collections.abc import Callable
from typing import Any

_NOT_CONTENT = (
    "script", "style", "noscript", "template", "nav", "aside", "form", "iframe", "svg", "canvas",
    "button", "input", "select", "dialog", "object", "embed", "head",
)  # fmt: skip
_NOT_CONTENT_ROLES = ("navigation", "banner", "contentinfo", "search", "complementary", "menu")
_CONTENT = ("main", "[role=main]", "article", "#content", "#main", ".content", "body")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\u00a0]+")
_BLANKS = re.compile(r"\n{3,}")
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_a-zа-я]?[a-zа-яěščřžýáíéúůäöüß])")
# Larger than the body by so much is a heading; by more, one of the first level.
_HEADING_SIZE, _TITLE_SIZE = 1.15, 1.5
_LONGEST_HEADING = 120
SECONDS = 60
_MEMORY = 1_500_000_000
_UNPACKED = 200_000_000


def html_to_markdown(data: bytes) -> str:
    """The content of a page."""
    from bs4 import BeautifulSoup
    from markdownify import ATX, MarkdownConverter

    soup: Any = BeautifulSoup(data, "html.parser")
    fields = {
        "title": _page_title(soup),
        "language": _language(soup),
        "url": _address(soup),
    }
    for tag in soup(_NOT_CONTENT):
        tag.decompose()
    for tag in soup.find_all(_is_left_out):
        if not tag.decomposed:
            tag.decompose()
    body = _content(soup)
    for tag in body.find_all(["header", "footer"]):
        if tag.find(["h1"]) is None:
            tag.decompose()
    for tag in body.find_all("img"):
        tag.replace_with(str(tag.get("alt") or ""))
    for tag in body.find_all("a"):
        if not str(tag.get("href") or "").startswith(("http://", "https://", "mailto:")):
            tag.unwrap()
    text = MarkdownConverter(
        heading_style=ATX, bullets="-", escape_asterisks=False, escape_underscores=False,
        escape_misc=False, table_infer_header=True,
    ).convert_soup(body)  # fmt: skip
    return _with_fields(fields, text)


def docx_to_markdown(data: bytes) -> str:
    """The text of a Word document with its headings, lists and tables."""
    mammoth: Any = importlib.import_module("mammoth")  # it has no types
    with io.BytesIO(data) as file:
        with zipfile.ZipFile(file) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > _UNPACKED:
            raise ValueError(f"it unpacks to {unpacked // 1_000_000} MB")
        page = mammoth.convert_to_html(file, convert_image=mammoth.images.img_element(_no_image))
    return html_to_markdown(f"<body>{page.value}</body>".encode())


def pdf_to_markdown(data: bytes) -> str:
    """The text of a PDF; lines in larger letters are headings.

    Raises `ValueError` for a file that is encrypted or holds no text (a scan)."""
    from pypdf import PdfReader

    with io.BytesIO(data) as file:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("it is encrypted; save it without a password")
        lines = [line for page in reader.pages for line in _page_lines(page)]
        title = str((reader.metadata.title if reader.metadata else "") or "").strip()
        language = str(reader.trailer["/Root"].get("/Lang") or "")  # pyright: ignore
    if not any(text.strip() for _, text in lines):
        raise ValueError("it holds no text, only pictures; run a text recognition over it first")
    fields = {"title": title, "language": language.split("-")[0].lower()}
    return _with_fields(fields, _join_lines(lines))


KINDS: dict[str, Callable[[bytes], str]] = {
    "html": html_to_markdown,
    "docx": docx_to_markdown,
    "pdf": pdf_to_markdown,
}


def _page_title(soup: Any) -> str:
    heading = soup.find("h1")
    found = heading.get_text(" ", strip=True) if heading else ""
    if not found and soup.title:
        found = soup.title.get_text(" ", strip=True)
    return " ".join(found.split())


def _language(soup: Any) -> str:
    found = str(soup.html.get("lang") or "") if soup.html else ""
    return found.split("-")[0].lower()


def _address(soup: Any) -> str:
    link = soup.find("link", rel="canonical")
    found = str(link.get("href") or "") if link else ""
    return found if found.startswith(("http://", "https://")) else ""


def _is_left_out(tag: Any) -> bool:
    attributes: dict[str, Any] = tag.attrs or {}
    return (
        attributes.get("role") in _NOT_CONTENT_ROLES
        or "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or _HIDDEN.search(str(attributes.get("style") or "")) is not None
    )


def _content(soup: Any) -> Any:
    """The first part that is marked as the content and holds most of the words."""
    whole = len(soup.get_text(" ", strip=True))
    for rule in _CONTENT:
        found = max(
            soup.select(rule), key=lambda tag: len(tag.get_text(" ", strip=True)), default=None
        )
        if found is not None and len(found.get_text(" ", strip=True)) * 3 >= whole:
            return found
    return soup


def _no_image(image: Any) -> dict[str, str]:
    return {"alt": str(image.alt_text or ""), "src": ""}


def _page_lines(page: Any) -> list[tuple[float, str]]:
    """Lines of a page with the size of their letters."""
    lines: list[tuple[float, str]] = [(0.0, "")]

    def visit(text: str, _: Any, matrix: Any, __: Any, size: float) -> None:
        scale = abs(float(matrix[3])) or abs(float(matrix[0])) or 1.0
        for number, part in enumerate(text.split("\n")):
            if number:
                lines.append((0.0, ""))
            if part.strip():
                known, before = lines[-1]
                lines[-1] = (max(known, float(size or 0) * scale), before + part)

    page.extract_text(visitor_text=visit)
    return [*lines, (0.0, "")]


def _join_lines(lines: list[tuple[float, str]]) -> str:
    sizes = [round(size, 1) for size, text in lines for _ in text if size > 0]
    body = statistics.mode(sizes) if sizes else 0.0
    joined: list[str] = []
    for size, text in lines:
        words = _SPACES.sub(" ", text).strip()
        level = _heading_level(size, body, words)
        joined.append(f"\n{'#' * level} {words}\n" if level else words)
    return _BROKEN_WORD.sub("", "\n".join(joined))


def _heading_level(size: float, body: float, words: str) -> int:
    """2 or 3 for a heading, 0 for a line of the text."""
    if not words or not body or len(words) > _LONGEST_HEADING or size < body * _HEADING_SIZE:
        return 0
    return 2 if size >= body * _TITLE_SIZE else 3


def _with_fields(fields: dict[str, str], text: str) -> str:
    lines = "\n".join(_SPACES.sub(" ", line).rstrip() for line in text.split("\n"))
    kept = [f"{name}: {' '.join(value.split())}" for name, value in fields.items() if value.strip()]
    head = "\n".join(["---", *kept, "---", ""])
    return head + _BLANKS.sub("\n\n", lines).strip() + "\n"


def main() -> int:
    """`python -m kb.pages KIND`: a file on standard input, Markdown on standard output."""
    _limit()
    try:
        text = KINDS[sys.argv[1]](sys.stdin.buffer.read())
    except Exception as error:  # noqa: BLE001 -- whatever a broken file does, it is said in a line
        sys.stderr.write(f"{type(error).__name__}: {error}"[:300])
        return 1
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return 0


def _limit() -> None:
    """A file from outside can be built to take all there is."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if sys.platform != "darwin":  # there the limit cannot be set below what is mapped already
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    sys.exit(main())
