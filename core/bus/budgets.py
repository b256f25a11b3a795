"""What models cost the house today, and one contact within the hour: counters of all workers.

Above: `core.specialists.budget`, through `core.metering`. Below: `calls`, `scripts`.

A counter is one hash under the clock's hour or day; it ends by itself. Counting before a call and
correcting after it means that workers side by side cannot pass a limit together.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2s

from core.bus import scripts
from core.bus.calls import Calls
from core.bus.keys import PREFIX
from core.ids import shard_of_text
from core.metering import Amount, Purse, Used

_HOUR, _DAY = 3_600, 86_400
_MILLION = 1_000_000
_NO_LIMIT = Amount()


def _now() -> datetime:
    return datetime.now(UTC)


class StoredMeters:
    """Implements `core.metering.Meters`. All methods raise `BusUnavailable`."""

    def __init__(self, calls: Calls, *, shards: int, clock: Callable[[], datetime] = _now) -> None:
        self._calls = calls
        self._shards = shards
        self._clock = clock

    async def reserve(
        self, contact: str, amount: Amount, *, hour: Amount, day: Amount
    ) -> Purse | None:
        """See `Meters`."""
        of_hour, of_day = self._names(contact)
        if not await self._spend(of_hour, amount, hour, 2 * _HOUR):
            return "contact_hour"
        # Only then: what is refused never stands in the day, where it would refuse others.
        if await self._spend(of_day, amount, day, 2 * _DAY):
            return None
        back = Amount(tokens=-amount.tokens, money=-amount.money)
        await self._spend(of_hour, back, _NO_LIMIT, 2 * _HOUR)
        return "day"

    async def settle(self, contact: str, difference: Amount) -> None:
        """See `Meters`."""
        of_hour, of_day = self._names(contact)
        await asyncio.gather(
            self._spend(of_hour, difference, _NO_LIMIT, 2 * _HOUR),
            self._spend(of_day, difference, _NO_LIMIT, 2 * _DAY),
        )

    async def used(self, contact: str) -> Used:
        """See `Meters`."""
        of_hour, of_day = self._names(contact)
        hour, day = await asyncio.gather(self._read(of_hour), self._read(of_day))
        return Used(hour=hour, day=day)

    async def _read(self, name: str) -> Amount:
        tokens, money = await self._calls.command("HMGET", self._key(name), "tokens", "money")
        return Amount(tokens=int(tokens or 0), money=int(money or 0) / _MILLION)

    def _key(self, name: str) -> str:
        return f"{PREFIX}:{{{shard_of_text(name, self._shards)}}}:spent:{name}"

    async def _spend(self, name: str, amount: Amount, most: Amount, seconds: int) -> bool:
        """Count, once even when the answer is lost and the store is asked again."""
        key = self._key(name)
        counted = await self._calls.script(
            scripts.SPEND,
            [key, f"{key}:{secrets.token_hex(6)}"],
            [amount.tokens, round(amount.money * _MILLION), most.tokens,
             round(most.money * _MILLION), seconds],
        )  # fmt: skip
        return bool(counted)

    def _names(self, contact: str) -> tuple[str, str]:
        now = self._clock().astimezone(UTC)
        who = blake2s(contact.encode(), digest_size=12).hexdigest()
        return f"contact:{who}:{now:%Y%m%d%H}", f"day:{now:%Y%m%d}"
