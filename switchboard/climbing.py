"""What customers of a page have not seen, as this installation sends it on.

Above: `wiring`, `roles`, `channels`. Below: `channels.climbing`, settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from channels.climbing import Climber
from channels.climbing_mail import GroupedMail
from channels.climbing_places import Places
from channels.telegram.settings import account_of
from config.settings import Settings
from core.identity.links import LinkTokens
from core.phrases import load_phrases
from core.runtime import Service
from switchboard.wiring import climbs

if TYPE_CHECKING:
    from switchboard.wiring import Parts


def places_of(settings: Settings) -> Places:
    """Where it may go here. Raises `ConfigError`."""
    email: tuple[str, ...] = ()
    if settings.email.is_configured:
        from channels.email.accounts import read_accounts

        email = tuple(account.address for account in read_accounts(settings.email))
    telegram = frozenset(account_of(token) for token in settings.telegram.tokens)
    return Places(telegram, email)


def climbing_services(parts: Parts) -> list[Service]:
    """Who looks after unseen words, if anybody can."""
    settings = parts.settings
    if not climbs(settings):
        return []
    return [Climber(parts.bus, places_of(settings), settings.climbing)]


def letters(settings: Settings, links: LinkTokens) -> GroupedMail:
    """Who writes the mails with all that was not seen."""
    folder = settings.config_dir / "phrases"
    phrases = load_phrases(folder, default=settings.engine.default_language)
    return GroupedMail(phrases, links, settings.climbing)
