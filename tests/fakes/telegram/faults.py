"""What goes wrong, on command. `plan` puts a fault in the way of the next fitting call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

# `limit`: 429 with retry_after; `break`: 500 and not done; `gateway`: 502 and not done, with a page
# that is no JSON; `refuse`: `status` with `description`; `migrate`: the group has moved to `to`;
# `cut`: not done, line cut; `lose`: done, line cut; `slow`: done after `seconds`.
Kind = Literal["limit", "break", "gateway", "refuse", "migrate", "cut", "lose", "slow"]


@dataclass
class Fault:
    """`after` good calls first; `times` calls go wrong."""

    kind: Kind
    seconds: float = 0.0
    status: int = 400
    description: str = "Bad Request"
    to: int = 0
    method: str | None = None
    chat: int | None = None
    after: int = 0
    times: int = 1

    def fits(self, method: str, fields: dict[str, Any]) -> bool:
        """True if it is about this call."""
        if self.chat is not None and fields.get("chat_id") != self.chat:
            return False
        return method == self.method if self.method else method.startswith("send")


@dataclass
class Faults:
    """The faults that wait."""

    planned: list[Fault] = field(default_factory=list)

    def plan(self, fault: Fault) -> None:
        """From now on."""
        self.planned.append(fault)

    def next(self, method: str, fields: dict[str, Any]) -> Fault | None:
        """The fault of this call, if it has one."""
        for fault in self.planned:
            if not fault.fits(method, fields):
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.planned.remove(fault)
            return fault
        return None


BLOCKED = "Forbidden: bot was blocked by the user"
