"""The shape of an answer: plain text, in the right language, not a tool call.

Above: `answer`, `gate`, `tools.toolbox`. Below: `core.language`.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.language import LanguageDetector

_OBJECT = TypeAdapter(dict[str, Any])
_LETTERS = re.compile(r"[^\W\d_]")
_JSON_START = re.compile(r"\s*(?:```(?:json|tool_code)?\s*)?(?:<\|?tool_call\|?>\s*)?[{\[]")
_GARBAGE = re.compile(
    r"\ufffd|<\|?/?(?:tool_call|im_(?:start|end)|endoftext|assistant|system|eot_id)\b"
    r"|</?(?:script|iframe|img|style|html|body|div|span|table)\b|\bfunction_call\b|(.)\1{24}"
)
_SURE_OF_LANGUAGE = 0.75
_LETTERS_TO_TELL = 25
LONGEST = 6000


def is_garbage(text: str) -> bool:
    """True if it holds broken characters, marks of a model's wire, HTML or one letter for ever."""
    return _GARBAGE.search(text.lower()) is not None


def speaks_other_language(text: str, expected: str, detector: LanguageDetector) -> bool:
    """True if `text` is clearly in another language than the customer's."""
    if len(_LETTERS.findall(text)) < _LETTERS_TO_TELL:
        return False
    for found in (detector.detect(text), detector.guess(text)):
        if found.language not in {None, expected} and found.score >= _SURE_OF_LANGUAGE:
            return True
    return False


def may_be_json(text: str) -> bool:
    """True if the answer so far begins like a tool call written as text."""
    return _JSON_START.match(text) is not None


def json_object(text: str) -> dict[str, Any] | None:
    """The object that `text` is the JSON of, if it is one."""
    try:
        return _OBJECT.validate_json(text or "{}")
    except ValidationError:
        return None
