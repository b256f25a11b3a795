"""The refusals that each operation may answer with, for the description of the API.

Above: `openapi`. Below: nothing. Pure. Every one is a problem document (RFC 9457); the table says
which codes come with which status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from channels.rest.table import Route

PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable: rely on it."},
        "detail": {"type": "string"},
        "trace": {"type": "string", "description": "Also in X-Request-Id and in the log."},
        "challenge": {"type": "object", "description": "What to solve: kind, token, bits."},
    },
    "required": ["type", "title", "status", "code", "detail", "trace"],
}  # fmt: skip
# Status: title, what it means, codes (the first is the example), and words of the example.
_REFUSALS: dict[int, tuple[str, str, tuple[str, ...], str]] = {
    400: ("Bad request", "Wrong as it is; unknown fields and parameters too.",
          ("invalid", "bad_json", "bad_body", "bad_cursor", "unsupported"),
          "limit must be a whole number"),
    401: ("Unauthorized", "No token, or not a good one.", ("unauthorized",),
          "the token is missing or not valid"),
    403: ("Forbidden", "The token's scope or limits; the page's site.",
          ("forbidden", "foreign_origin"), "this needs a token with the scope desk"),
    404: ("Not found", "There is none, or it is not yours to see.", ("not_found",),
          "no such conversation"),
    409: ("Conflict", "It stands otherwise by now.",
          ("conflict", "in_progress", "id_reused", "not_configured"), "this was decided before"),
    413: ("Too large", "The body, or a text in it.", ("too_large",),
          "a body may have 1048576 bytes at most"),
    415: ("Unsupported media type", "Not JSON, or packed.", ("unsupported_media_type",),
          "send application/json"),
    422: ("Unprocessable", "The same Idempotency-Key came with another body.",
          ("idempotency_key_reused",), "this Idempotency-Key was used with another body"),
    428: ("Precondition required", "Many are new here: solve `challenge`, send it as `proof`.",
          ("challenge_required",), "many are new here just now"),
    429: ("Too many requests", "Wait for Retry-After.", ("rate_exceeded",), "too many requests"),
    503: ("Unavailable", "Nothing was stored: try again; or this process lacks the part.",
          ("bus_unavailable", "archive_unavailable", "not_here"),
          "the gateway cannot take it now: try again"),
}  # fmt: skip
_HEADERS = {
    429: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
}


def refusals_of(route: Route) -> dict[str, dict[str, str]]:
    """References to all that this route may refuse with."""
    # A token that is shown must be good, also where none is needed; foreign sites are told off.
    statuses = {400, 401, 403, 429, 503}
    if "{" in route.path:
        statuses.add(404)
    if route.method != "GET":
        statuses |= {404, 409, 413, 415}
    if route.method == "POST":
        statuses.add(422)
    if route.method == "POST" and route.audience == "anyone":
        statuses.add(428)
    if route.path.endswith("/ready"):
        statuses.discard(503)  # says so in words of its own
    named = {str(status): f"#/components/responses/{_name(status)}" for status in sorted(statuses)}
    return {status: {"$ref": place} for status, place in named.items()}


def responses() -> dict[str, Any]:
    """The refusals themselves."""
    return {_name(status): _describe(status) for status in _REFUSALS}


def _name(status: int) -> str:
    return "".join(word.capitalize() for word in _REFUSALS[status][0].split())


def _describe(status: int) -> dict[str, Any]:
    title, meaning, codes, detail = _REFUSALS[status]
    example = {
        "type": f"urn:switchboard:problem:{codes[0]}", "title": title, "status": status,
        "code": codes[0], "detail": detail, "trace": "5f0c1d2e3b4a5968",
    }  # fmt: skip
    named = ", ".join(f"`{code}`" for code in codes)
    answer: dict[str, Any] = {
        "description": f"{meaning} Codes: {named}.",
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"}, "example": example,
            }
        },
    }  # fmt: skip
    return answer | ({"headers": _HEADERS[status]} if status in _HEADERS else {})
