"""Tickets as this installation has them, and the samples of demo mode.

Above: `doors`. Below: `core.tickets`, the settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.settings import Settings
from core.archive.database import Database
from core.escalation.rules import read_rules
from core.tickets.book import TicketBook
from core.tickets.samples import Sample, read_samples

if TYPE_CHECKING:
    from switchboard.wiring import Parts


def open_tickets(settings: Settings, database: Database) -> TicketBook:
    """All tickets, with the desk's promises. Raises `ConfigError`."""
    rules = read_rules(settings.config_dir / "escalation.toml")
    return TicketBook(database, rules=rules, settings=settings.tickets)


def demo_samples(parts: Parts) -> tuple[Sample, ...]:
    """What demo mode opens; empty where it is off. By itself it is on only for a gateway that a
    person tries out: in one process, on their own machine, with nothing connected to it."""
    settings = parts.settings
    if settings.demo == "off" or (
        settings.demo == "auto" and not (parts.alone and settings.is_bare)
    ):
        return ()
    return read_samples(settings.config_dir / "demo" / "tickets.toml")
