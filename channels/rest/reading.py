"""Reading what a client sent, under limits: one JSON reader for all routes.

Above: the REST routes. Below: aiohttp, orjson, pydantic. Every fault is an `InputError` with a
stable code; nothing a client sends becomes a 500.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from core.errors import InputError, TooLarge

MOST_BYTES = 1_048_576
_DEEPEST = 32
_LONGEST_NUMBER = 18
# As far as every JSON parser counts.
LARGEST_NUMBER = 2**53 - 1
M = TypeVar("M", bound=BaseModel)


class UnsupportedMedia(InputError):
    """Not JSON."""

    code = "unsupported_media_type"
    status = 415


async def read_model(request: web.Request, model: type[M]) -> M:
    """The body as a checked value. Raises `InputError` and its kinds."""
    try:
        return model.model_validate(await read_json(request), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise InputError(f"{where}: {first['msg']}"[:300]) from None


async def read_json(request: web.Request) -> Any:
    """The body as JSON; an empty body is an empty object."""
    body = await read_body(request)
    if not body:
        return {}
    if request.content_type != "application/json":
        raise UnsupportedMedia("send application/json")
    return parse_json(body)


async def read_body(request: web.Request) -> bytes:
    """The bytes as they were sent; never unpacked. Raises `InputError` and its kinds."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMedia("send the body without content encoding")
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge(f"a body may have {MOST_BYTES} bytes at most") from None
    except (ValueError, web.RequestPayloadError):
        raise InputError("the body cannot be read", code="bad_body") from None


def parse_json(body: bytes) -> Any:
    """Strict JSON: no NaN, doubled keys, huge numbers, deep nesting or lone surrogates."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("the body is not UTF-8", code="bad_json") from None
    if _depth(text) > _DEEPEST:
        raise InputError(f"nested deeper than {_DEEPEST}", code="bad_json")
    try:
        value = json.loads(
            text, parse_constant=_no_constant, parse_int=_small_int, parse_float=_small_float,
            object_pairs_hook=_unique,
        )  # fmt: skip
    except InputError:
        raise
    except (ValueError, RecursionError):
        raise InputError("the body is not JSON", code="bad_json") from None
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (UnicodeEncodeError, RecursionError):
        raise InputError("the body holds a lone surrogate", code="bad_json") from None
    return value


def _depth(text: str) -> int:
    """Deepest nesting of brackets outside strings, without parsing."""
    depth = deepest = 0
    inside = escaped = False
    for letter in text:
        if inside:
            if escaped:
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter == '"':
                inside = False
        elif letter == '"':
            inside = True
        elif letter in "[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > _DEEPEST:
                return deepest
        elif letter in "]}":
            depth -= 1
    return deepest


def _no_constant(name: str) -> Any:
    raise InputError(f"{name} is not JSON", code="bad_json")


def _small_int(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise InputError("a number has too many digits", code="bad_json")
    return int(digits)


def _small_float(digits: str) -> float:
    value = float(digits) if len(digits) <= 64 else float("inf")
    if value in {float("inf"), float("-inf")}:
        raise InputError("a number is out of range", code="bad_json")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InputError("a key occurs twice", code="bad_json")
    return found


def read_int(
    request: web.Request, name: str, default: int, *, low: int = 0, high: int | None = None
) -> int:
    """A whole number from the query. Above `high` it is `high`; anything else wrong is refused."""
    text = request.query.get(name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER):
        raise InputError(f"{name} must be a whole number")
    value = int(text)
    if not low <= value <= LARGEST_NUMBER:
        raise InputError(f"{name} must be from {low} to {LARGEST_NUMBER}")
    return value if high is None else min(value, high)


@dataclass(frozen=True, slots=True)
class _Binding:
    seal: Callable[[str], str]
    place: str


_binding: ContextVar[_Binding] = ContextVar("cursors")


def bind_cursors(seal: Callable[[str], str], place: str) -> None:
    """From now on, in this request, cursors are of this place (the path of a list), and sealed."""
    _binding.set(_Binding(seal, place))


def write_cursor(position: str) -> str:
    """A cursor for the next page of the list that is asked for."""
    return base64.urlsafe_b64encode(f"1:{_seal(position)}:{position}".encode()).decode().rstrip("=")


def read_cursor(request: web.Request) -> str | None:
    """The position a cursor holds. Raises `InputError` for one that we did not write for this list:
    a position is a place in a query, and nobody else chooses it."""
    cursor = request.query.get("cursor")
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("utf-8")
    except (ValueError, binascii.Error):
        raise InputError("the cursor is not valid", code="bad_cursor") from None
    version, _, rest = raw.partition(":")
    mark, _, position = rest.partition(":")
    if (
        version != "1"
        or not position
        or not hmac.compare_digest(mark.encode(), _seal(position).encode())
    ):
        raise InputError("the cursor is not valid", code="bad_cursor")
    return position


def _seal(position: str) -> str:
    binding = _binding.get()
    return binding.seal(f"cursor\0{binding.place}\0{position}")
