"""Answers given under an `Idempotency-Key`, so that a repeated request gets the same one.

Above: the REST door. Below: `calls`. Shared by all web processes; an answer is kept for a day.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import blake2s
from typing import Literal

import orjson

from core.bus import scripts
from core.bus.calls import Calls
from core.bus.keys import PREFIX
from core.ids import shard_of_text

_KEPT_SECONDS = 86_400
# A request that never ended (its process died) blocks its key for so long.
_OPEN_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of a key: `open` another request works on it, `other` its content differs."""

    state: Literal["open", "other", "done"]
    status: int = 0
    body: bytes = b""


class Answers:
    """Remembers answers by key; `scope` keeps callers apart."""

    def __init__(self, calls: Calls, *, shards: int) -> None:
        self._calls = calls
        self._shards = shards

    async def begin(self, scope: str, key: str, digest: str) -> Earlier | None:
        """None: the key is new and now ours; end with `finish` or `forget`."""
        mine = orjson.dumps({"digest": digest, "by": secrets.token_hex(6)})
        name = self._name(scope, key)
        raw = await self._calls.script(scripts.KEEP, [name], [mine, _OPEN_SECONDS])
        if raw is None or raw == mine:  # the latter: our own, asked again after a lost answer
            return None
        known = orjson.loads(raw)
        if known["digest"] != digest:
            return Earlier("other")
        if "status" not in known:
            return Earlier("open")
        return Earlier("done", known["status"], known["body"].encode())

    async def finish(self, scope: str, key: str, digest: str, status: int, body: bytes) -> None:
        """Keep the answer."""
        value = orjson.dumps({"digest": digest, "status": status, "body": body.decode()})
        await self._calls.command("SET", self._name(scope, key), value, "EX", _KEPT_SECONDS)

    async def forget(self, scope: str, key: str) -> None:
        """The request failed on our side: it may be tried again under the same key."""
        await self._calls.command("DEL", self._name(scope, key))

    def _name(self, scope: str, key: str) -> str:
        hashed = blake2s(f"{scope}\0{key}".encode(), digest_size=18).hexdigest()
        return f"{PREFIX}:{{{shard_of_text(hashed, self._shards)}}}:answer:{hashed}"
