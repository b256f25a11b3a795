"""Word between processes that tokens changed: a short stream that each of them tails.

Above: `core.access.keeper`. Below: `calls`, `keys`. It says that, not what: the database knows.
"""

from __future__ import annotations

from typing import Any

from core.bus.calls import STORE_ERRORS, Calls, Client, translate
from core.bus.keys import PREFIX
from core.bus.records import stream_records

_KEPT = 16
_KEY = f"{PREFIX}:{{00}}:access"


class AccessFeed:
    """One process's place in the stream. All methods raise `BusUnavailable`."""

    def __init__(self, calls: Calls, reading: Client) -> None:
        self._calls = calls
        self._reading = reading
        self._last: str | None = None

    async def tell(self) -> None:
        """Something changed."""
        await self._calls.command("XADD", _KEY, "MAXLEN", "~", _KEPT, "*", "v", "1")

    async def wait(self, seconds: float) -> bool:
        """True when something changed since the last call; waits so long for it. The first call
        only finds the place: whoever asks then must look for itself."""
        try:
            if self._last is None:
                self._last = await self._end()
                return True
            answer: Any = await self._reading.xread(
                {_KEY: self._last}, count=_KEPT, block=int(seconds * 1000)
            )
        except STORE_ERRORS as error:
            self._last = None
            raise translate(error) from error
        records = [record for _, some in stream_records(answer) for record in some]
        if records:
            self._last = records[-1][0].decode()
        return bool(records)

    async def _end(self) -> str:
        last: Any = await self._reading.xrevrange(_KEY, count=1)
        return last[0][0].decode() if last else "0-0"
