"""Calls to the store that wait at the same moment travel together, as one pipeline.

Above: `log`, `live`, `wake`. Below: redis-py (one server or a cluster, the same code).

A round trip costs more than a script (a PING alone is 63 % of an accept), so everything that is
asked while one pipeline is under way goes into the next. Every script is idempotent, hence a
pipeline may be repeated when its answer was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import (
    ClusterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)

from core.bus import scripts
from core.bus.cluster import as_lost
from core.bus.scripts import Script
from core.errors import BusError, BusUnavailable
from core.runtime import spawn

Arg = str | bytes | int | float
Client = Redis | RedisCluster

# Whatever a client raises when the store is away or says no; that of a cluster stands apart.
STORE_ERRORS = (RedisError, RedisClusterException, OSError)
# Refusals that will pass, as redis-py names them, and those it does not know, by their first word.
_PASSING = (OutOfMemoryError, ReadOnlyError, ClusterDownError, TryAgainError)
_PASSING_WORDS = ("MISCONF", "NOREPLICAS", "BUSY")

# So many commands go in one pipeline at most: an answer must not wait for a thousand others.
_MOST = 128
_FLIGHTS = 1


class Calls:
    """Batches commands; each caller gets its own answer or `BusUnavailable`."""

    def __init__(self, client: Client, *, deadline_seconds: float) -> None:
        self._client = client
        # redis-py has a deadline for each try, and tries again, also inside each try to connect:
        # a store that hangs would be waited for sixteen times as long.
        self._deadline = deadline_seconds
        self._waiting: list[tuple[tuple[Arg, ...], asyncio.Future[Any]]] = []
        self._flights: set[asyncio.Task[None]] = set()

    async def script(self, script: Script, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        """Run a script; loads it when the server does not know it (it was restarted)."""
        try:
            return await self.command("EVALSHA", script.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await self._load_and_run(script, keys, args)

    async def _load_and_run(self, script: Script, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        try:
            await load_scripts(self._client)
            return await self.command("EVALSHA", script.sha, len(keys), *keys, *args)
        except NoScriptError as error:  # restarted once more in between
            raise BusUnavailable("the store forgot its scripts while they were loaded") from error
        except STORE_ERRORS as error:
            raise translate(error) from error

    async def command(self, *words: Arg) -> Any:
        """Run one command whose keys are on one shard."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((words, answer))
        if len(self._flights) < _FLIGHTS:
            self._take_off()
        return await answer

    async def drain(self) -> None:
        """Wait for the calls under way (their callers still wait for them)."""
        while self._flights:
            await asyncio.wait(self._flights)

    def _take_off(self) -> None:
        task = spawn(self._fly(), name="bus-calls")
        self._flights.add(task)
        task.add_done_callback(self._land)

    def _land(self, task: asyncio.Task[None]) -> None:
        self._flights.discard(task)
        if self._waiting:
            self._take_off()

    async def _fly(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            try:
                async with asyncio.timeout(self._deadline):
                    results = await self._execute([words for words, _ in batch])
            except STORE_ERRORS as error:
                results = [error] * len(batch)
            except BaseException:
                for _, answer in batch:
                    answer.cancel()
                raise
            for (_, answer), result in zip(batch, results, strict=True):
                _settle(answer, result)

    async def _execute(self, commands: list[tuple[Arg, ...]]) -> list[Any]:
        if len(commands) == 1:
            client: Any = self._client
            return [await client.execute_command(*commands[0])]
        if isinstance(self._client, RedisCluster):
            with as_lost():
                return await _flow(self._client.pipeline(), commands)
        return await _flow(self._client.pipeline(transaction=False), commands)


async def _flow(pipeline: Any, commands: list[tuple[Arg, ...]]) -> list[Any]:
    for words in commands:
        pipeline.execute_command(*words)
    return await pipeline.execute(raise_on_error=False)


def _settle(answer: asyncio.Future[Any], result: Any) -> None:
    if answer.done():  # its caller was cancelled; what was asked happened all the same
        return
    if isinstance(result, Exception):
        answer.set_exception(translate(result))
    else:
        answer.set_result(result)


def translate(error: Exception) -> Exception:
    """The store's error in our words: unavailable unless the call itself was wrong."""
    if isinstance(error, NoScriptError):
        return error
    text = str(error)
    passing = isinstance(error, _PASSING) or text.startswith(_PASSING_WORDS)
    if isinstance(error, ResponseError) and not passing:
        return BusError(f"the store refused a command: {text[:200]}")
    return BusUnavailable(f"the store does not answer: {type(error).__name__}: {text[:200]}")


async def load_scripts(client: Client) -> None:
    """Make all scripts known to the server (to every primary of a cluster)."""
    for script in scripts.ALL:
        sha: Any = await client.script_load(script.text)
        known = sha.decode() if isinstance(sha, bytes) else sha
        if isinstance(known, str) and known != script.sha:
            raise BusError(f"the server names script {script.name} {known}, not {script.sha}")
