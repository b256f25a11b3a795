"""Every fault of a request as an RFC 9457 problem document with a stable `code`.

Above: `channels.server`. Below: `core.errors`. No traceback and no inner detail ever leaves; the
log has the reason under the same request id.
"""

from __future__ import annotations

import math
from typing import Any

import orjson
import structlog
from aiohttp import web

from channels.floods.gate import ChallengeNeeded
from core.errors import InputError, RateExceeded, SwitchboardError

_log = structlog.get_logger("http")
_TITLES = {
    400: "Bad request", 401: "Unauthorized", 403: "Forbidden", 404: "Not found",
    405: "Method not allowed", 409: "Conflict", 413: "Too large", 415: "Unsupported media type",
    422: "Unprocessable", 428: "Precondition required", 429: "Too many requests",
    500: "Internal error", 503: "Unavailable",
}  # fmt: skip
_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


def refuse(error: web.HTTPException, trace: str) -> web.Response:
    """What the server library itself refuses."""
    code = _CODES.get(error.status, "http_error")
    response = problem(error.status, code, _TITLES.get(error.status, error.reason), trace)
    if allow := error.headers.get("Allow"):
        response.headers["Allow"] = allow
    return response


def explain(error: Exception, path: str, trace: str) -> web.Response:
    """Our own errors, typed; anything else is a 500 whose reason only the log knows."""
    if isinstance(error, InputError):
        return _explain_input(error, trace)
    if isinstance(error, SwitchboardError) and error.retryable:
        _log.warning("request_unavailable", path=path, trace=trace, error=str(error))
        text = error.public_text or "the gateway cannot take it now: try again"
        response = problem(503, error.code, text, trace)
        response.headers["Retry-After"] = "1"
        return response
    _log.error("request_failed", path=path, trace=trace, exc_info=error)
    return problem(500, "internal", "something went wrong", trace)


def _explain_input(error: InputError, trace: str) -> web.Response:
    more = {"challenge": error.challenge} if isinstance(error, ChallengeNeeded) else None
    response = problem(error.status, error.code, error.public_text or str(error), trace, more)
    if isinstance(error, RateExceeded):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def problem(
    status: int, code: str, detail: str, trace: str, more: dict[str, Any] | None = None
) -> web.Response:
    """The document; `more` are members beside the usual ones."""
    body = {
        "type": f"urn:switchboard:problem:{code}", "title": _TITLES.get(status, "Error"),
        "status": status, "code": code, "detail": detail, "trace": trace, **(more or {}),
    }  # fmt: skip
    return web.Response(
        status=status, body=orjson.dumps(body), content_type="application/problem+json"
    )
