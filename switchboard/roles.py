"""What a process can be, and which services make it so.

Above: `serving`. Below: `wiring`, which has opened the parts. Services start together and stop
together; what they work with is closed after them, in reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.runtime import Service
from switchboard.metrics import metrics_service
from switchboard.wiring import Parts, need


def _web(parts: Parts) -> list[Service]:
    return [parts.bus.live, need(parts.access), need(parts.server)]


def _worker(parts: Parts) -> list[Service]:
    from core.engine.worker import Worker
    from switchboard.bridging import bridge_services
    from switchboard.casekeeping import keeping_services
    from switchboard.climbing import climbing_services
    from switchboard.learning import learning_services
    from switchboard.mcp_client import mcp_services
    from switchboard.systems import open_systems

    turn = need(parts.turn)
    worker = Worker(parts.bus, turn, grace_seconds=parts.settings.grace_seconds)
    customers = open_systems(parts.settings, parts.database, parts.crm).customers
    return [
        worker, *keeping_services(parts, customers), *learning_services(parts),
        *bridge_services(parts), *climbing_services(parts), *mcp_services(parts),
    ]  # fmt: skip


def _archive(parts: Parts) -> list[Service]:
    from core.approvals.desk import ApprovalKeeper
    from core.archive.follower import GROUP, ArchiveFollower
    from core.archive.rolling import Roller
    from core.archive.standing_keeper import StandingKeeper
    from core.archive.standings import Standings
    from core.archive.vault import ArchiveVault
    from core.bus.expiry import Expiry
    from core.bus.trimming import JournalTrimmer
    from core.customers.history.outbox import with_history
    from core.files.keeper import FileKeeper
    from core.identity.keeper import ContactKeeper, with_waiting
    from core.identity.people import SqlPeople
    from core.learning.keeper import AutonomyKeeper
    from core.tickets.following import with_tickets
    from core.webhooks.outbox import put_out
    from switchboard.history import history_service
    from switchboard.learning import open_autonomy
    from switchboard.privacy import privacy_keeper
    from switchboard.slack_posts import post_services
    from switchboard.systems import open_approvals
    from switchboard.webhooks import webhook_service

    bus = parts.bus
    told = with_tickets(put_out, bus.log, parts.settings.tickets)
    standings = Standings(bus.calls, shards=bus.settings.shards)
    return [
        ArchiveFollower(
            bus.journal,
            bus.log,
            parts.database,
            also=with_waiting(with_history(told)),
            standings=standings,
        ),
        StandingKeeper(standings, bus.journal, parts.database),
        JournalTrimmer(bus.journal, bus.settings, group=GROUP),
        Expiry(bus.calls, ArchiveVault(parts.database), days=parts.settings.memory.days),
        FileKeeper(need(parts.files).files),
        ApprovalKeeper(open_approvals(parts.settings, parts.database, bus.log)),
        AutonomyKeeper(parts.database, open_autonomy(parts.settings, parts.database)),
        webhook_service(parts),
        privacy_keeper(parts),
        *post_services(parts),
        history_service(parts),
        ContactKeeper(SqlPeople(parts.database), bus.log),
        Roller(parts.database),
    ]


def _channel(name: str) -> Callable[[Parts], list[Service]]:
    def services(parts: Parts) -> list[Service]:
        from switchboard.channels import channel_services

        return channel_services(
            parts.settings, parts.bus, parts.channels, name,
            alone=parts.alone, files=need(parts.files).files,
            links=need(parts.links),
        )  # fmt: skip

    return services


def _slack(parts: Parts) -> list[Service]:
    """The customers' side, and the desk's threads if people answer from Slack."""
    if not parts.settings.slack.has_desk:
        return _channel("slack")(parts)
    from switchboard.desk_threads import desk_services
    from switchboard.reporting import slack_report_services

    reports = slack_report_services(parts.settings, parts.database)
    return [*_channel("slack")(parts), *desk_services(parts), *reports]


ROLES: dict[str, Callable[[Parts], list[Service]]] = {
    "web": _web,
    "worker": _worker,
    "telegram": _channel("telegram"),
    "slack": _slack,
    "email": _channel("email"),
    "archive": _archive,
}


def list_services(parts: Parts, roles: Sequence[str]) -> list[Service]:
    """The services of these roles, and those that any of them needs."""
    services: list[Service] = []
    if parts.bus.embedded is not None:
        services.append(parts.bus.embedded)
    if (metrics := metrics_service(parts)) is not None:
        services.append(metrics)
    if parts.watch is not None:
        services.append(parts.watch)
    if parts.knowledge is not None:
        services.append(parts.knowledge.refresher)
    if parts.engine is not None:
        services.append(parts.engine.refresher)
    for role in roles:  # several roles of one process share what tails the store
        services += [service for service in ROLES[role](parts) if service not in services]
    return services
