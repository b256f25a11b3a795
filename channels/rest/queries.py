"""What a query may hold: the parameters of the table, each of a known type, once, and no others.

Above: `admission` (checks every request), `openapi` (describes them). Below: `reading`. Handlers
read what they need; here is refused what no handler should see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from channels.rest.reading import LARGEST_NUMBER
from core.errors import InputError, NotFound

LONGEST_TEXT = 2_000
_LONGEST_PART = 200
_LONGEST_CURSOR = 4_000
# No text of ours holds one, and a database would stumble over it.
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_COUNTS = {"limit": 1, "k": 1, "days": 1, "after": 0, "wait": 0}


class Choice(str):
    """The name of a parameter that takes one of a few values."""

    __slots__ = ("values",)
    values: tuple[str, ...]


def choice(name: str, *values: str) -> Choice:
    """As it stands in the table of routes."""
    made = Choice(name)
    made.values = values
    return made


def area_of(path: str) -> str:
    """The part of the API that a path belongs to: its first word."""
    found = re.match(r"(?:/api/v1)?/([a-z]+)", path)
    return found[1] if found else "system"


def schema_of(name: str) -> dict[str, Any]:
    """The type of a parameter, for the description of the API."""
    if isinstance(name, Choice):
        return {"type": "string", "enum": list(name.values)}
    if name in _COUNTS:
        return {"type": "integer", "minimum": _COUNTS[name], "maximum": LARGEST_NUMBER}
    longest = _LONGEST_CURSOR if name == "cursor" else LONGEST_TEXT
    return {"type": "string", "maxLength": longest}


def check_query(request: web.Request, known: Iterable[str]) -> None:
    """Raises `InputError` for a parameter that is unknown, doubled or no text."""
    names, query = {str(name): name for name in known}, request.query
    for name in query:
        if name not in names:
            raise InputError(f"unknown parameter: {_shown(name)}")
        if len(query.getall(name)) > 1:
            raise InputError(f"the parameter {name} is there twice")
        if name == "cursor":  # its reader refuses all that we did not write
            continue
        if _FORBIDDEN.search(query[name]):
            raise InputError(f"{name} holds what is no text")
        if len(query[name]) > LONGEST_TEXT:
            raise InputError(f"{name} may have {LONGEST_TEXT} characters at most")
        declared = names[name]
        if isinstance(declared, Choice) and query[name] not in declared.values:
            raise InputError(f"{name}: one of {', '.join(declared.values)}")


def check_parts(request: web.Request) -> None:
    """Raises `NotFound` for parts of a path that name nothing of ours."""
    for part in request.match_info.values():
        if len(part) > _LONGEST_PART or _FORBIDDEN.search(part):
            raise NotFound("no such thing")


def _shown(name: str) -> str:
    return "".join(letter for letter in name[:40] if letter.isprintable()) or "?"
