"""The services that keep cases, with the rules and phrases of this installation.

Above: `roles`, `wiring`. Below: `core.escalation.keeper`, `core.bus.alarms`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from config.settings import Settings
from core.bus.alarms import AlarmClock
from core.conversation import SIGNED_BY_PAGE, Head
from core.customers.ports import CustomerSystem
from core.customers.records import Customer
from core.engine.casework import case_by_hand
from core.engine.systems import subject_of
from core.errors import CustomerSystemError
from core.escalation.keeper import CaseKeeper, EmailOf, KeeperParts, TierOf
from core.escalation.rules import EscalationRules, read_rules
from core.phrases import load_phrases
from core.runtime import Service
from switchboard.wiring import Parts

_DEADLINE_SECONDS = 3.0
_log = structlog.get_logger("keeper")


def keeping_services(parts: Parts, customers: CustomerSystem) -> list[Service]:
    """The keeper of cases, and the clock that wakes it."""
    settings = parts.settings
    phrases = load_phrases(
        settings.config_dir / "phrases", default=settings.engine.default_language
    )
    kept = KeeperParts(
        rules=desk_rules(settings),
        phrases=phrases,
        describe=case_by_hand,
        email_of=email_from(customers),
        tier_of=tier_from(customers),
        offers_email=settings.email.is_configured,
    )
    return [
        CaseKeeper(parts.bus, kept, grace_seconds=settings.grace_seconds),
        AlarmClock(parts.bus.calls, shards=parts.bus.settings.shards),
    ]


def desk_rules(settings: Settings) -> EscalationRules:
    """The rules of escalation, the desk's among them. Raises `ConfigError`."""
    return read_rules(Path(settings.config_dir) / "escalation.toml")


def email_from(customers: CustomerSystem) -> EmailOf:
    """The address of a customer whom we know for sure; nothing when their system is away."""

    async def email_of(head: Head) -> str | None:
        if head.email and head.level >= SIGNED_BY_PAGE:
            return head.email
        found = await _look_up(customers, head)
        return found.email if found is not None else None

    return email_of


def tier_from(customers: CustomerSystem) -> TierOf:
    """What kind of customer it is, under the same conditions."""

    async def tier_of(head: Head) -> str | None:
        found = await _look_up(customers, head)
        return found.tier if found is not None else None

    return tier_of


async def _look_up(customers: CustomerSystem, head: Head) -> Customer | None:
    if head.contact is None or not head.level:
        return None
    try:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            return await customers.customer(subject_of(head))
    except (CustomerSystemError, TimeoutError) as error:
        _log.info("customer_not_looked_up", error=type(error).__name__)
        return None
