"""Files of one name in several folders: which of them are one article."""

from __future__ import annotations

from pathlib import Path

from kb.documents import Draft
from kb.ingest import Names
from kb.loader import Defaults, Loader, find_files
from kb.truth import Known


def read(path: Path, text: str, language: str = "en") -> Draft:
    """The draft of a Markdown file that now holds this."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    loader = Loader(default_language="en", largest_file=10_000)
    (draft,) = loader.load(find_files([path])[0], Defaults(language=language))
    return draft


def known(*drafts: Draft) -> dict[str, Known]:
    return {
        draft.id: Known(draft.source, draft.content_hash, draft.language, draft.title)
        for draft in drafts
    }


def test_a_file_about_something_else_does_not_replace_its_namesake(tmp_path: Path) -> None:
    lamp = read(tmp_path / "a" / "index.md", "# The lamp\n\nIt is red.\n")
    kettle = read(tmp_path / "b" / "index.md", "# The kettle\n\nIt is blue.\n")
    (apart,) = Names(known(lamp)).settle([kettle])
    assert lamp.id == "index" and apart.id.startswith("index-")
    (again,) = Names(known(lamp, apart)).settle([kettle])
    assert again.id == apart.id and again.content_hash == apart.content_hash
    names = Names({})
    together = [names.settle([draft])[0].id for draft in (lamp, kettle)]
    assert together == [lamp.id, apart.id]


def test_the_same_article_in_another_place_is_the_same_document(tmp_path: Path) -> None:
    old = read(tmp_path / "a" / "index.md", "# The lamp\n\nIt is red.\n")
    new = read(tmp_path / "b" / "index.md", "# The lamp\n\nIt is green.\n")
    assert Names(known(old)).settle([new])[0].id == "index"
    moved = read(tmp_path / "b" / "index.md", "# A lamp\n\nIt is green.\n")
    (tmp_path / "a" / "index.md").unlink()
    assert Names(known(old)).settle([moved])[0].id == "index"


def test_an_id_of_its_own_and_a_translation_stay_what_they_are(tmp_path: Path) -> None:
    front = "---\nid: lamp\ntitle: {}\n---\nText.\n"
    first = read(tmp_path / "a" / "x.md", front.format("One"))
    second = read(tmp_path / "b" / "y.md", front.format("Two"))
    assert Names(known(first)).settle([second])[0].id == "lamp"
    english = read(tmp_path / "en" / "returns.md", "# Returns\n\nSend it back.\n")
    czech = read(tmp_path / "cs" / "returns.md", "# Vracení\n\nPošlete to zpět.\n", "cs")
    (settled,) = Names(known(english)).settle([czech])
    assert (settled.id, settled.translation_of) == ("returns.cs", "returns")
