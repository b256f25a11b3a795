"""Asks a CRM, patiently: tries again, remembers for a moment, leaves it alone when it is sick.

Above: `system`. Below: `Fetch` (whoever speaks HTTP), `core.breaker`. A turn waits for this, so all
tries together have one deadline.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

import structlog

from core.breaker import Breaker
from core.errors import CustomerSystemError
from core.messages import Frozen
from core.runtime import Backoff

_log = structlog.get_logger("crm")
_BACKOFF = Backoff(first=0.1, top=1.0)
_TRIES = 3
_MOST_KEPT = 5_000
_SICK_SECONDS = 15.0
# There is no such thing: the customer, or the route.
_ABSENT = frozenset({404, 405, 501})
# The CRM works, and will not have this request: no reason to leave it alone.
_REFUSED = frozenset({400, 409, 410, 413, 415, 422})


class CrmAnswer(Frozen):
    """What came back: the status, and the JSON of the body (None: none, or not JSON)."""

    status: int
    data: Any = None
    retry_after_seconds: float | None = None


class Fetch(Protocol):
    """One request. Raises `CustomerSystemError` when there is no answer (in time)."""

    async def __call__(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: Any = None,
        key: str | None = None, seconds: float,
    ) -> CrmAnswer:  # fmt: skip
        """`path` begins behind the CRM's address; `key` makes a repeat harmless."""
        ...


class CrmClient:
    """The CRM of one company, for all conversations of this process."""

    def __init__(
        self, fetch: Fetch, *, deadline_seconds: float = 6.0, kept_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._fetch = fetch
        self._deadline = deadline_seconds
        self._kept_seconds = kept_seconds
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Any]] = OrderedDict()
        self.breaker = Breaker(failures=5, seconds=_SICK_SECONDS, clock=clock)

    async def get(self, path: str, **query: str) -> Any:
        """The JSON there; None: there is no such thing. Raises `CustomerSystemError`."""
        name = f"{path}?{sorted(query.items())}"
        if (found := self._kept.get(name)) is not None and found[0] > self._clock():
            return found[1]
        answer = await self._ask("GET", path, query=query or None)
        data = None if answer.status in _ABSENT else answer.data
        self._keep(name, data)
        return data

    async def post(self, path: str, body: dict[str, Any], *, key: str) -> Any:
        """Done once for the key. Raises `CustomerSystemError`."""
        answer = await self._ask("POST", path, body=body, key=key)
        self._kept.clear()
        return answer.data

    async def offer(self, path: str, body: dict[str, Any], *, key: str) -> bool:
        """Done once for the key; False: the CRM has no such route. Raises `CustomerSystemError`."""
        answer = await self._ask("POST", path, body=body, key=key)
        return answer.status not in _ABSENT

    async def _ask(self, method: str, path: str, **more: Any) -> CrmAnswer:
        end = self._clock() + self._deadline
        for attempt in range(_TRIES):
            if not self.breaker.admit():
                raise CustomerSystemError("the CRM is left alone for a moment")
            pause, error = await self._try(method, path, end, attempt, more)
            if isinstance(error, CrmAnswer):
                return error
            if attempt == _TRIES - 1 or self._clock() + pause >= end:
                raise error
            await asyncio.sleep(pause)
        raise CustomerSystemError("the CRM does not answer")

    async def _try(
        self, method: str, path: str, end: float, attempt: int, more: dict[str, Any]
    ) -> tuple[float, CrmAnswer | CustomerSystemError]:
        """One request: its answer, or why there is none and how long to wait."""
        pause = _BACKOFF.pause(attempt)
        try:
            answer = await self._fetch(method, path, seconds=max(0.05, end - self._clock()), **more)
        except CustomerSystemError as error:
            self.breaker.fail("unreachable")
            return pause, error
        except asyncio.CancelledError:
            self.breaker.release()
            raise
        if answer.status == 429:
            pause = answer.retry_after_seconds or pause
            self.breaker.rest("rate_limited", min(pause, _SICK_SECONDS))
            return pause, CustomerSystemError("the CRM asks for less")
        if answer.status < 300 or answer.status in _ABSENT:
            return self._judge(method, answer, pause)
        if answer.status in _REFUSED:
            self.breaker.succeed()
        else:
            self.breaker.fail(f"http_{answer.status}")
        _log.warning("crm_refused", status=answer.status, method=method)
        wait = pause if answer.status >= 500 else self._deadline  # the same again is the same
        return wait, CustomerSystemError(f"the CRM answered {answer.status}")

    def _judge(
        self, method: str, answer: CrmAnswer, pause: float
    ) -> tuple[float, CrmAnswer | CustomerSystemError]:
        if answer.data is None and answer.status not in _ABSENT and method == "GET":
            self.breaker.fail("not_json")
            return pause, CustomerSystemError("the CRM sent something that is not JSON")
        self.breaker.succeed()
        return 0.0, answer

    def _keep(self, name: str, data: Any) -> None:
        self._kept[name] = (self._clock() + self._kept_seconds, data)
        self._kept.move_to_end(name)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
