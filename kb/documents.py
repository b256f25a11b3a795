"""The values of the knowledge base: what is loaded, stored and searched.

Above: everything in `kb`. Below: pydantic.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from core.errors import InputError

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]

# Raised when the cut into passages or the text that is embedded changes: everything is made anew.
_RECIPE = "2"


class Draft(BaseModel):
    """A document as it was read, before it is cut into passages.

    `text` is Markdown when `markdown` is set, else plain. `question` is set for a question-answer
    pair, whose `text` is the answer. `named`: it has an id of its own, not that of its file.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    source: str
    title: str
    text: str
    markdown: bool = False
    question: str = ""
    category: str | None = None
    language: str
    url: str | None = None
    translation_of: str | None = None
    named: bool = True

    @property
    def content_hash(self) -> str:
        """Changes with anything that a search could show."""
        shown = self.model_dump_json(exclude={"source", "named"})
        return hashlib.sha256(f"{_RECIPE}\n{shown}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Piece:
    """One passage of a document: `heading` is the path of headings above it ("A › B")."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as listed. `stamp` is the knowledge version at which it was last written."""

    id: str
    source: str
    content_hash: str
    title: str
    url: str | None
    category: str | None
    language: str
    translation_of: str | None
    version: int
    stamp: int
    updated_at: datetime
    passages: int = 0


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage of a document; its id is `document#ordinal`."""

    id: str
    document: str
    ordinal: int
    heading: str
    question: str
    text: str


def passage_id(document: str, ordinal: int) -> str:
    """The id of the passage number `ordinal` (from 0) of a document."""
    return f"{document}#{ordinal}"


def embedded_text(title: str, passage: StoredPassage) -> str:
    """What of a passage is embedded: where it stands, and what it says."""
    parts = (title, passage.heading, passage.question, passage.text)
    kept: list[str] = []
    for part in parts:
        if part and part not in kept:
            kept.append(part)
    return "\n".join(kept)


def document_error(source: str, reason: str, *, line: int | None = None) -> InputError:
    """The typed error of a document that cannot be taken in; names the file and the line."""
    place = source if line is None else f"{source}, line {line}"
    return InputError(f"{place}: {reason}", code="document")
