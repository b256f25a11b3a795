"""How long each stage of a turn takes. Above: the turn. Below: `core.observing`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from core import observing


@dataclass
class Watch:
    """Milliseconds of each stage."""

    stages: dict[str, float] = field(default_factory=dict[str, float])
    _last: float = field(default_factory=time.perf_counter)

    def mark(self, stage: str) -> None:
        """The stage ends here."""
        now = time.perf_counter()
        self.stages[stage] = (now - self._last) * 1000
        observing.stage(stage, now - self._last)
        self._last = now
