"""What is no HTTP request is refused as everything else is: a problem document and one line of log.

Above: `channels.server`. Below: aiohttp, which would answer such a request in plain text with the
bytes it got, and write a traceback into the log for each.
"""

from __future__ import annotations

import secrets
from typing import Any

import structlog
from aiohttp import web

from channels.problems import problem

_log = structlog.get_logger("http")
# A query of 2,000 letters in any script has six bytes a letter and more.
MOST_LINE_BYTES = 32_768
_TOO_LONG = "the request line or a header is too long"


class Connection(web.RequestHandler):
    """One connection."""

    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:  # fmt: skip
        """See the base class. `message` tells what was sent, and is told to nobody."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was sent already")
        trace = secrets.token_hex(8)
        if status >= 500:
            _log.error("request_failed", trace=trace, exc_info=exc)
            answer = problem(500, "internal", "something went wrong", trace)
        else:
            _log.info("request_unreadable", trace=trace, status=status, error=type(exc).__name__)
            long = type(exc).__name__ == "LineTooLong"
            text = _TOO_LONG if long else "this is no HTTP request"
            answer = problem(status, "bad_request", text, trace)
        answer.force_close()
        return answer


class Server(web.Server):
    """Makes such connections."""

    def __call__(self) -> Connection:
        """One for each."""
        return Connection(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application with them."""

    async def _make_server(self) -> web.Server:
        made: Any = await super()._make_server()
        return Server(
            made.request_handler, request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation, **made._kwargs,
        )  # fmt: skip
