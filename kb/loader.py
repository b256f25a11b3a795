"""Finds files and reads them into drafts, one format each.

Above: `kb.ingest`. Below: `kb.conversion` (a child process), `kb.markdown` and `kb.rows` (pure
parsers), `kb.documents`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.language import LanguageDetector
from core.text import clean_text
from kb.conversion import KIND_OF, convert
from kb.documents import Draft, document_error
from kb.markdown import read_markdown, read_text
from kb.rows import read_csv, read_json, read_jsonl

SUFFIXES = (".md", ".markdown", ".txt", ".csv", ".json", ".jsonl", *KIND_OF)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read; `name` is its path below what the caller named, and makes its ids. A page of
    a site has its `address`, and the `site` it came with."""

    path: Path
    name: str
    address: str | None = None
    site: str | None = None

    @property
    def source(self) -> str:
        """How the truth calls where it came from."""
        return self.site or str(self.path.absolute())

    @property
    def label(self) -> str:
        """How people know it."""
        return self.address or str(self.path)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a document is given when it does not say."""

    category: str | None = None
    language: str | None = None


def find_files(paths: Sequence[Path]) -> list[SourceFile]:
    """All files that can be read, of files and folders. Raises `InputError` for a missing path."""
    found: dict[Path, SourceFile] = {}
    for path in paths:
        if path.is_file():
            found.setdefault(path.resolve(), SourceFile(path, path.name))
        elif path.is_dir():
            for file in sorted(path.rglob("*")):
                name = file.relative_to(path)
                hidden = any(part.startswith(".") for part in name.parts)
                if file.is_file() and file.suffix.lower() in SUFFIXES and not hidden:
                    found.setdefault(file.resolve(), SourceFile(file, name.as_posix()))
        else:
            raise document_error(str(path), "there is no such file or folder")
    return list(found.values())


class Loader:
    """Reads files into drafts."""

    def __init__(self, *, default_language: str, largest_file: int) -> None:
        self._default_language = default_language
        self._largest_file = largest_file
        self._detector: LanguageDetector | None = None

    def load(self, file: SourceFile, defaults: Defaults) -> list[Draft]:
        """The documents of one file. Raises `InputError` that names the file and the line."""
        text = self._read(file)
        fields = _parse(file, text)
        seen: dict[str, int] = {}
        drafts: list[Draft] = []
        for item in fields:
            draft = self.make_draft(item, file, defaults)
            seen[draft.id] = seen.get(draft.id, 0) + 1
            if seen[draft.id] > 1:
                draft = draft.model_copy(update={"id": f"{draft.id}-{seen[draft.id]}"})
            drafts.append(draft)
        return drafts

    def detect(self, text: str) -> str:
        """The language of a text; the default when it does not show."""
        self._detector = self._detector or LanguageDetector(default=self._default_language)
        return self._detector.choose(text)

    def make_draft(self, item: dict[str, str], file: SourceFile, defaults: Defaults) -> Draft:
        """A draft of the fields that a parser found."""
        text, question = item.get("text", ""), item.get("question", "")
        title = item.get("title") or question or _first_words(text)
        language = item.get("language") or defaults.language or self.detect(f"{title}\n{text}")
        return Draft(
            id=item.get("id") or slug(f"{file.name.rsplit('.', 1)[0]} {item.get('key', '')}"),
            source=file.source,
            title=title,
            text=text,
            markdown=bool(item.get("markdown")),
            question=question,
            category=item.get("category") or defaults.category,
            language=language.lower(),
            url=item.get("url") or file.address,
            translation_of=item.get("translation_of"),
            named=bool(item.get("id")),
        )

    def _read(self, file: SourceFile) -> str:
        if file.path.suffix.lower() not in SUFFIXES:
            kinds = ", ".join(SUFFIXES)
            raise document_error(file.label, f"this kind of file is not read; {kinds} are")
        try:
            data = file.path.read_bytes()
        except OSError as error:
            raise document_error(file.label, error.strerror or "cannot be read") from error
        if len(data) > self._largest_file:
            raise document_error(file.label, f"larger than {self._largest_file} bytes")
        if file.path.suffix.lower() in KIND_OF:
            return clean_text(convert(data, file.label, KIND_OF[file.path.suffix.lower()]))
        if b"\x00" in data:
            raise document_error(file.label, "not a text file")
        try:
            return clean_text(data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise document_error(file.label, "not UTF-8 text", line=line) from error


def slug(text: str) -> str:
    """Letters and digits of a text joined by dashes, accents dropped: an id for people."""
    bare = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(char for char in bare if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", "-", bare).strip("-") or "document"


def _parse(file: SourceFile, text: str) -> list[dict[str, str]]:
    name, suffix = file.label, file.path.suffix.lower()
    if suffix in (".md", ".markdown", *KIND_OF):
        return [read_markdown(text, name)]
    if suffix == ".txt":
        return [read_text(text, name)]
    readers = {".csv": read_csv, ".json": read_json, ".jsonl": read_jsonl}
    return readers[suffix](text, name)


def _first_words(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= 80 else line[:80].rsplit(" ", 1)[0] + "…"
