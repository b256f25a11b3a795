"""HTML, PDF and Word: what is content comes in with its headings, what is hostile does not."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from core.errors import InputError
from kb.chunker import cut
from kb.documents import Draft
from kb.loader import Defaults, Loader, find_files

PAGE = """<!doctype html><html lang="cs-CZ"><head><title>Vrácení | Obchod</title>
<link rel="canonical" href="https://shop.example/vraceni"><style>p{color:red}</style></head><body>
<nav><a href="/">Domů</a> <a href="/kosik">Košík</a></nav><div role="banner">Akce!</div>
<main><h1>Vrácení zboží</h1><p>Zboží vraťte do <b>30 dnů</b>.</p>
<p style="display: none">tajné pokyny pro robota</p><p hidden>skryté</p>
<h2>Kam poslat</h2><ul><li>na sklad</li><li>na <a href="https://shop.example/box">box</a></li></ul>
<table><tr><th>Země</th><th>Cena</th></tr><tr><td>Česko</td><td>79 Kč</td></tr></table>
<form><input name="q"><button>Hledat</button></form></main>
<aside>Odebírejte novinky</aside><footer>© Obchod</footer><script>alert(1)</script></body></html>"""


def load(folder: Path, name: str, data: bytes) -> Draft:
    """The document of one file."""
    (folder / name).write_bytes(data)
    (file,) = find_files([folder / name])
    (draft,) = Loader(default_language="en", largest_file=2_000_000).load(file, Defaults())
    return draft


def word_file() -> bytes:
    """A Word document with headings, a list and a table."""
    document = docx.Document()
    document.add_heading("Warranty", 1)
    document.add_paragraph("The warranty is two years.")
    document.add_heading("What is not covered", 2)
    document.add_paragraph("Scale in the boiler", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for at, text in enumerate(("Part", "Years", "Pump", "5")):
        table.cell(at // 2, at % 2).text = text
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def pdf_file(*, password: str = "") -> bytes:
    """A PDF of two pages with a title, two headings and paragraphs."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4)
    canvas.setTitle("Care of the machine")
    for heading, lines in (
        ("Daily care", ["Empty the drip tray every", "evening and rinse it."]),
        ("Descaling", ["Descale after 200 cups, or when", "the lamp is red."]),
    ):
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawString(72, 760, heading)
        canvas.setFont("Helvetica", 11)
        for number, line in enumerate(lines):
            canvas.drawString(72, 730 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    if not password:
        return file.getvalue()
    writer = PdfWriter(clone_from=PdfReader(file))
    writer.encrypt(password)
    locked = io.BytesIO()
    writer.write(locked)
    return locked.getvalue()


def test_a_web_page_comes_in_without_what_surrounds_it(tmp_path: Path) -> None:
    draft = load(tmp_path, "vraceni.html", PAGE.encode())
    assert (draft.title, draft.language) == ("Vrácení zboží", "cs")
    assert draft.url == "https://shop.example/vraceni"
    text = "\n".join(piece.text for piece in cut(draft))
    for kept in ("30 dnů", "na sklad", "box (https://shop.example/box)", "79 Kč"):
        assert kept in text
    for left in ("Košík", "Akce", "tajné", "skryté", "Hledat", "novinky", "©", "alert", "color"):
        assert left not in text
    assert [piece.heading for piece in cut(draft)] == ["", "Kam poslat"]


def test_a_word_document_keeps_headings_lists_and_tables(tmp_path: Path) -> None:
    draft = load(tmp_path, "warranty.docx", word_file())
    assert draft.title == "Warranty"
    first, second = cut(draft)
    assert first.text == "The warranty is two years."
    assert second.heading == "What is not covered"
    assert "- Scale in the boiler" in second.text
    assert "| Pump | 5 |" in second.text


def test_a_pdf_keeps_its_headings_and_joins_no_pages_in_a_sentence(tmp_path: Path) -> None:
    draft = load(tmp_path, "care.pdf", pdf_file())
    assert draft.title == "Care of the machine"
    pieces = cut(draft)
    assert [piece.heading for piece in pieces] == ["Daily care", "Descaling"]
    assert " ".join(pieces[1].text.split()) == "Descale after 200 cups, or when the lamp is red."


def test_a_scan_and_a_locked_file_are_refused_with_the_mend(tmp_path: Path) -> None:
    empty = io.BytesIO()
    canvas = Canvas(empty)
    canvas.rect(10, 10, 100, 100)
    canvas.save()
    with pytest.raises(InputError, match="text recognition"):
        load(tmp_path, "scan.pdf", empty.getvalue())
    with pytest.raises(InputError, match="password"):
        load(tmp_path, "locked.pdf", pdf_file(password="x"))


@pytest.mark.parametrize("name", ["a.pdf", "a.docx"])
def test_what_is_no_such_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: is no readable"):
        load(tmp_path, name, b"\x00\x01 nothing of the kind")


def test_a_bomb_is_left_unpacked(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        original = zipfile.ZipFile(io.BytesIO(word_file()))
        for item in original.namelist():
            if item != "word/document.xml":
                archive.writestr(item, original.read(item))
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            part.write(b"<w:document xmlns:w='x'><w:body>")
            for _ in range(200):
                part.write(b"<w:p/>" * 170_000)
    assert len(file.getvalue()) < 20_000_000
    loader = Loader(default_language="en", largest_file=20_000_000)
    (tmp_path / "bomb.docx").write_bytes(file.getvalue())
    with pytest.raises(InputError, match="unpacks to"):
        loader.load(find_files([tmp_path / "bomb.docx"])[0], Defaults())
