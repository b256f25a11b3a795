"""The house's own sentences, in every language: framing, never facts.

Above: the turn, apologies. Below: `config/phrases/<language>.toml`, one table of strings (and two
lists of short answers: `yes` and `no`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import ConfigError

KEYS = (
    "greeting",
    "thanks",
    "goodbye",
    "about",
    "smalltalk",
    "ask_back",
    "decline",
    "decline_again",
    "offer_human",
    "human_button",
    "no_button",
    "declined_human",
    "escalated",
    "out_of_scope",
    "other_language",
    "unavailable",
    "no_text",
    "apology",
)
LISTS = ("yes", "no")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


class Phrases:
    """Sentences by key and language; a language that is not there falls back to the default."""

    def __init__(self, texts: dict[str, dict[str, Any]], default: str) -> None:
        self._texts = texts
        self._default = default

    @property
    def languages(self) -> tuple[str, ...]:
        """Those with a file."""
        return tuple(self._texts)

    def say(self, key: str, language: str, **fields: str) -> str:
        """The sentence `key` in `language`, `{name}` filled from `fields`."""
        text = str(self._table(language)[key])
        for name, value in fields.items():
            text = text.replace("{" + name + "}", value)
        return text

    def say_first(self, keys: Sequence[str], language: str) -> str:
        """The first of `keys` that exists."""
        table = self._table(language)
        return str(next(table[key] for key in keys if key in table))

    def is_answer(self, kind: str, text: str, language: str) -> bool:
        """True if `text` is nothing but one of the short answers of `kind` (`yes`, `no`)."""
        bare = _EDGES.sub("", text.casefold())
        return bare in {str(word).casefold() for word in self._table(language)[kind]}

    def _table(self, language: str) -> dict[str, Any]:
        return self._texts.get(language) or self._texts[self._default]


def load_phrases(folder: Path, *, default: str = "en") -> Phrases:
    """Read every language. Raises `ConfigError` that names what is missing where."""
    texts: dict[str, dict[str, Any]] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            faults.append(f"{path}: {error}")
            continue
        faults.extend(_faults(path, table))
        texts[path.stem] = table
    if default not in texts:
        faults.append(f"{folder}: no {default}.toml")
    if faults:
        raise ConfigError("\n".join(faults))
    return Phrases(texts, default)


def _faults(path: Path, table: dict[str, Any]) -> list[str]:
    wrong = [
        f"{path}: {key}: a sentence is missing"
        for key in KEYS
        if not isinstance(table.get(key), str) or not table[key].strip()
    ]
    wrong += [
        f"{path}: {key}: a list of short answers is missing"
        for key in LISTS
        if not isinstance(table.get(key), list)
    ]
    return wrong
