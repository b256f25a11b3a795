"""What a process can be, and which services make it so.

Above: `serving`. Below: `wiring`, which has opened the parts. Services start together and stop
together; what they work with is closed after them, in reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.runtime import Service
from switchboard.wiring import Parts, need


def _web(parts: Parts) -> list[Service]:
    return [parts.bus.live, need(parts.server)]


def _worker(parts: Parts) -> list[Service]:
    from core.engine.worker import Worker

    turn = need(parts.turn)
    return [Worker(parts.bus, turn, grace_seconds=parts.settings.grace_seconds)]


def _archive(parts: Parts) -> list[Service]:
    from core.archive.follower import ArchiveFollower
    from core.bus.journal import JournalTrimmer

    bus = parts.bus
    return [ArchiveFollower(bus.journal, bus.log, parts.database), JournalTrimmer(bus.journal)]


ROLES: dict[str, Callable[[Parts], list[Service]]] = {
    "web": _web,
    "worker": _worker,
    "archive": _archive,
}


def list_services(parts: Parts, roles: Sequence[str]) -> list[Service]:
    """The services of these roles, and those that any of them needs."""
    services: list[Service] = []
    if parts.bus.embedded is not None:
        services.append(parts.bus.embedded)
    if parts.knowledge is not None:
        services.append(parts.knowledge.refresher)
    if parts.engine is not None:
        services.append(parts.engine.refresher)
    for role in roles:
        services += ROLES[role](parts)
    return services
