"""What the doors need from the rest of the house; the composition root fills it.

Above: `server`, `rest`. Below: the bus and the ports of `rest.ports`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from channels.auth import Tokens
from channels.rest.ports import Archive, KnowledgeDesk, SpecialistList, TriageDesk
from channels.settings import WebSettings
from core.bus.connect import Bus

Probe = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class ServerDeps:
    """What the doors need; None is what this process does not have."""

    bus: Bus
    tokens: Tokens
    settings: WebSettings
    widget_dir: Path
    knowledge: KnowledgeDesk | None = None
    triage: TriageDesk | None = None
    specialists: SpecialistList | None = None
    archive: Archive | None = None
    probes: Mapping[str, Probe] = field(default_factory=dict[str, Probe])
    version: str = "0"
