"""The model servers in order of preference: whom to ask, and what a failure says of them.

Above: `model`. Below: `health`, `settings`. Knows nothing of the wire.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog

from core.breaker import Breaker
from core.errors import ModelError, ModelRefused
from core.specialists.settings import ModelSettings, ProviderSettings
from core.telemetry import MODEL_CALLS

ClientT = TypeVar("ClientT")
_log = structlog.get_logger("model")
_LONGEST_PAUSE = 3.0
_LONGEST_REST = 120.0
_EARLY = 0.005  # event loops may wake up a bit before the time
_SPARE_SECONDS = 1.0  # a try that begins later than this before the deadline is not worth it


class ModelLimited(ModelError):
    """429: the server says when to come back."""

    code = "model_limited"
    retryable = True

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__("the model is over its limit")
        self.retry_after_seconds = retry_after_seconds


class ModelDenied(ModelRefused):
    """401 or 403: the key is bad, and stays so until somebody changes it."""


class ToolsRejected(ModelRefused):
    """The server would not take a request with tools."""


class FieldRejected(ModelRefused):
    """The server would not take a request with this `field`."""

    def __init__(self, field: str) -> None:
        super().__init__(f"the model server does not take {field}")
        self.field = field


@dataclass
class Provider(Generic[ClientT]):
    """One server. `envelope` says that tools go to it as JSON in the text; `refused` are fields
    of a request that it does not take."""

    settings: ProviderSettings
    client: ClientT
    breaker: Breaker
    envelope: bool
    refused: set[str] = field(default_factory=set[str])

    @property
    def may_learn(self) -> bool:
        """True if it is not known yet how this server takes tools."""
        return self.settings.tools == "auto" and not self.envelope


class Providers(Generic[ClientT]):
    """All servers of the house."""

    def __init__(self, items: Sequence[Provider[ClientT]], settings: ModelSettings) -> None:
        self._items = tuple(items)
        self._settings = settings

    def __iter__(self) -> Iterator[Provider[ClientT]]:
        return iter(self._items)

    def start(self, deadline: float) -> Tries[ClientT]:
        """The tries of one call, within `deadline` (monotonic)."""
        return Tries(self._items, self._settings, deadline)

    def report(self) -> dict[str, dict[str, Any]]:
        """State of each, by name."""
        return {
            item.settings.name: {
                "model": item.settings.model,
                "tools": "envelope" if item.envelope else item.settings.tools,
                **item.breaker.report(),
            }
            for item in self._items
        }


class Tries(Generic[ClientT]):
    """The tries of one call: every willing server in turn, then again those that may recover."""

    def __init__(
        self, items: Sequence[Provider[ClientT]], settings: ModelSettings, deadline: float
    ) -> None:
        self._items = items
        self._settings = settings
        self._deadline = deadline
        self._left = max(settings.attempts, len(items))
        self._failures: dict[str, int] = {}
        self._hopeless: set[str] = set()
        self.error: ModelError = ModelError(
            "every model server is left alone", code="model_unavailable"
        )

    async def next(self) -> Provider[ClientT] | None:
        """Who is asked now, after a pause if it must be; None: nobody, see `error`."""
        while self._left > 0:
            self._left -= 1
            provider = self._best()
            if provider is None or not await self._pause(provider):
                return None
            if provider.breaker.admit():
                return provider
        return None

    def note_failure(self, provider: Provider[ClientT], error: ModelError) -> None:
        """What `error` says of the server, and of trying on."""
        name = provider.settings.name
        self.error = error
        self._failures[name] = self._failures.get(name, 0) + 1
        MODEL_CALLS.labels(result=error.code).inc()
        _log.warning("model_call_failed", provider=name, code=error.code)
        if isinstance(error, ModelLimited):
            rest = min(error.retry_after_seconds, _LONGEST_REST)
            provider.breaker.rest(error.code, rest)
        elif isinstance(error, ModelDenied):
            self._hopeless.add(name)
            provider.breaker.give_up(error.code)
        elif isinstance(error, ModelRefused):  # this request's fault, not the server's
            self._hopeless.add(name)
            provider.breaker.release()
        else:
            provider.breaker.fail(error.code)

    def note_success(self, provider: Provider[ClientT]) -> None:
        """The server gave an answer."""
        provider.breaker.succeed()
        MODEL_CALLS.labels(result="ok").inc()

    def _best(self) -> Provider[ClientT] | None:
        """The one to ask next: that failed least in this call, and that waits least."""
        able = [item for item in self._items if item.settings.name not in self._hopeless]
        able = [
            item
            for item in able
            if item.breaker.waits <= (0 if item.breaker.is_sick else _LONGEST_PAUSE)
        ]
        if not able:
            return None
        return min(
            able,
            key=lambda item: (item.breaker.waits > 0, self._failures.get(item.settings.name, 0)),
        )

    async def _pause(self, provider: Provider[ClientT]) -> bool:
        """Wait before a repeated try; False if there is no time for one."""
        seconds = provider.breaker.waits
        if self._failures.get(provider.settings.name):
            seconds = max(seconds, self._settings.retry_seconds)
        if not self._failures and not seconds:
            return True
        if time.monotonic() + seconds + _SPARE_SECONDS > self._deadline:
            return False
        await asyncio.sleep(seconds + _EARLY)
        return True
