"""What the engine asks about the desk: the queue, who is on duty, outages that were told of.

Above: the turn, through `core.ports.DeskFigures`. Below: `duty`, `pulse`.
"""

from __future__ import annotations

from core.bus.duty import DutyList
from core.bus.pulse import DeskPulse


class StoredFigures:
    """Implements `core.ports.DeskFigures`. All methods raise `BusUnavailable`."""

    def __init__(self, duty: DutyList, pulse: DeskPulse) -> None:
        self._duty = duty
        self._pulse = pulse

    async def waiting(self) -> int:
        """See the port."""
        return await self._pulse.waiting()

    async def on_duty(self) -> int | None:
        """See the port."""
        return await self._duty.count()

    async def outages(self, *, minutes: float, but: str) -> int:
        """See the port."""
        return await self._pulse.outages(minutes=minutes, but=but)
