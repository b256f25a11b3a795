"""Checks on a model's words before a customer sees them: pure, sentence by sentence.

Above: `gate`, `loop`. Below: `core.language`.

The evidence is everything the model may repeat: the conversation, the tools' results and its own
instructions. Figures and links that occur nowhere in it are invented, whatever the wording.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.language import LanguageDetector

_NUMBER = re.compile(r"\d+(?:[ \u00a0\u202f'’.,]\d{3}(?!\d))*(?:[.,]\d+)?")
_LIST_MARK = re.compile(r"(?m)^[ \t]*(?:\d{1,2}[.)]|[-*•])[ \t]+")
_LINK = re.compile(
    r"https?://[^\s<>\"')\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|ai|co|me|biz|xyz|dev|app|site|online|store|shop|support|help|example|test|eu|cz|sk|pl|de|at|ch|ru|es|fr|it|uk|us|info)\b"
    r"(?:/[^\s<>\"')\]]*)?",
    re.IGNORECASE,
)
_OBJECT = TypeAdapter(dict[str, Any])
_LETTERS = re.compile(r"[^\W\d_]")
_JSON_START = re.compile(r"\s*(?:```(?:json|tool_code)?\s*)?(?:<\|?tool_call\|?>\s*)?[{\[]")
_SURE_OF_LANGUAGE = 0.75
_LETTERS_TO_TELL = 25


class Evidence:
    """What may be repeated: collected as the turn goes."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._numbers: set[str] = {"0"}
        self._links: set[str] = set()
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """More that may be repeated."""
        for found in _NUMBER.findall(text):
            self._numbers |= _readings(found)
        self._links |= {_bare_link(found) for found in _LINK.findall(text)}

    def invented_numbers(self, text: str) -> list[str]:
        """Figures in `text` that occur nowhere in the evidence."""
        bare = _LINK.sub(" ", _LIST_MARK.sub(" ", text))
        found = _NUMBER.findall(bare)
        return [number for number in found if not _readings(number) & self._numbers]

    def invented_links(self, text: str) -> list[str]:
        """Links, hosts and mail addresses in `text` that occur nowhere in the evidence."""
        return [link for link in _LINK.findall(text) if not self._knows_link(_bare_link(link))]

    def _knows_link(self, link: str) -> bool:
        return any(known == link or known.startswith(f"{link}/") for known in self._links)


def violation(sentence: str, evidence: Evidence) -> str | None:
    """The name of the check that `sentence` fails, if any."""
    if evidence.invented_numbers(sentence):
        return "numbers"
    if evidence.invented_links(sentence):
        return "links"
    if "\ufffd" in sentence:
        return "garbage"
    return None


def speaks_other_language(text: str, expected: str, detector: LanguageDetector) -> bool:
    """True if `text` is clearly in another language than the customer's."""
    if len(_LETTERS.findall(text)) < _LETTERS_TO_TELL:
        return False
    found = detector.detect(text)
    return found.language not in {None, expected} and found.score >= _SURE_OF_LANGUAGE


def may_be_json(text: str) -> bool:
    """True if the answer so far begins like a tool call written as text."""
    return _JSON_START.match(text) is not None


def call_in_text(text: str, tools: Iterable[str]) -> tuple[str, str] | None:
    """Name and arguments of a tool call that a model wrote out as text, if it is one."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return None
    data = json_object(text[start : end + 1])
    name = data.get("name") or data.get("tool") if data else None
    if data is None or not isinstance(name, str) or name not in set(tools):
        return None
    arguments = data.get("arguments", data.get("parameters", {}))
    return name, arguments if isinstance(arguments, str) else json.dumps(arguments)


def json_object(text: str) -> dict[str, Any] | None:
    """The object that `text` is the JSON of, if it is one."""
    try:
        return _OBJECT.validate_json(text or "{}")
    except ValidationError:
        return None


def _readings(number: str) -> set[str]:
    """The values a written number may have: `1,000` is 1000 here and 1 there."""
    digits = re.sub(r"[ \u00a0\u202f'’]", "", number)
    readings = {re.sub(r"[.,]", "", digits)}
    head, _, tail = digits.replace(",", ".").rpartition(".")
    if head:
        readings.add(f"{head.replace('.', '')}.{tail}".rstrip("0").rstrip("."))
        if len(tail) != 3:
            readings.discard(re.sub(r"[.,]", "", digits))
    return {reading.lstrip("0") or "0" for reading in readings}


def _bare_link(link: str) -> str:
    link = re.sub(r"^https?://(www\.)?", "", link.lower())
    return link.rstrip(".,;:!?/")
