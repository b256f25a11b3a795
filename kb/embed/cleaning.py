"""What every text goes through before a model sees it. Pure.

Above: `kb.embed.local`, `kb.embed.remote`. Below: `core.text`.
"""

from __future__ import annotations

import re

from core.text import clean_text
from kb.settings import EmbeddingSettings

_SPACE = re.compile(r"\s+")
_E5 = re.compile(r"(^|[/_-])(multilingual-)?e5([/_-]|$)", re.IGNORECASE)


def clean(text: str, longest: int) -> str:
    """One line without invisible characters, NUL or lone surrogates, cut at `longest`.

    A model's time grows with the length of the text, without a limit of its own.
    """
    return _SPACE.sub(" ", clean_text(text[: longest * 2])).strip()[:longest]


def choose_prefix(settings: EmbeddingSettings) -> str:
    """The prefix of the settings, else what the family of the model was trained with."""
    if settings.prefix is not None:
        return settings.prefix
    return "query: " if _E5.search(settings.model) else ""
