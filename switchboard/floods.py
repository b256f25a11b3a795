"""The gate for anonymous newcomers, as it is set here. Above: `doors`. Below: `channels.floods`."""

from __future__ import annotations

from channels.floods.captcha import Captcha
from channels.floods.gate import FloodGate
from core.bus.limits import StoredLimits
from core.errors import ConfigError
from switchboard.wiring import Parts


def open_floods(parts: Parts) -> FloodGate:
    """Raises `ConfigError` for a captcha service without its secret."""
    settings = parts.settings.web.floods
    verify = None
    if settings.captcha_url is not None:
        if settings.captcha_secret is None:
            raise ConfigError(
                "SWITCHBOARD_WEB__FLOODS__CAPTCHA_URL is set without CAPTCHA_SECRET: set both"
            )
        secret = settings.captcha_secret.get_secret_value()
        verify = Captcha(settings.captcha_url, secret, seconds=settings.captcha_seconds)
    limits = StoredLimits(parts.bus.calls, shards=parts.bus.settings.shards)
    return FloodGate(settings, secret=parts.secret, limits=limits, verify=verify)
