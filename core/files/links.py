"""Addresses of files that open for a while: signed, so that nothing has to be stored.

Above: the doors, `House.link`. Below: hmac. Who has the link may load the file until it expires;
an id alone opens nothing.
"""

from __future__ import annotations

import base64
import hmac
import math
import time
from collections.abc import Callable

from core.errors import NotFound
from core.ids import is_file_id

_ROUND_SECONDS = 300


class FileLinks:
    """Signs and checks. `secret` is the installation's; the key for files is derived from it."""

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(secret.encode(), b"switchboard files", "sha256")
        self._clock = clock

    def make(self, file: str, *, seconds: float) -> str:
        """The path of a link that opens for at least so long. Links made within the same few
        minutes are the same, so that a browser need not load a picture twice."""
        until = math.ceil((self._clock() + seconds) / _ROUND_SECONDS) * _ROUND_SECONDS
        return f"/files/{file}?e={until}&s={self._sign(file, until)}"

    def check(self, file: str, until: str, signature: str) -> None:
        """Raises `NotFound` whatever is wrong, so that nobody learns what."""
        valid = is_file_id(file) and until.isascii() and until.isdigit() and len(until) < 13
        if not valid or not hmac.compare_digest(
            self._sign(file, int(until)).encode(), signature.encode("utf-8", "replace")
        ):
            raise NotFound("no such file, or the link has expired")
        if int(until) < self._clock():
            raise NotFound("no such file, or the link has expired")

    def _sign(self, file: str, until: int) -> str:
        digest = hmac.digest(self._key, f"{file}:{until}".encode(), "sha256")[:16]
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
