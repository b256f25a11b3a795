"""What `switchboard doctor` looks at in the push channels: each account by its adapter's own check.

Above: `doctor`. Below: `channels.registry`, the optional power `channels.base.Checks`. Nothing is
received, sent or registered: adapters are built, asked and closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from channels.base import ChannelAdapter, House
from channels.registry import build_adapters, push_channels
from config.settings import Settings
from core.errors import ConfigError, RateLimited, SwitchboardError
from switchboard import doctor
from switchboard.data_folder import DataFolder

CHECK_SECONDS = 15.0
CLOSE_SECONDS = 2.0
_CONFIGURABLE = ("telegram", "slack", "email")
# What turns a channel on, and what is of no use without it.
_KEYS = {
    "telegram": ("bot_token", ("webhook_url", "webhook_secret")),
    "slack": ("bot_token", ("app_token", "signing_secret", "desk_channel")),
    "email": ("address", ("imap_url", "smtp_url")),
}


async def check_channels(settings: Settings) -> list[doctor.Finding]:
    """A finding or more for every account that is configured, and one line about the rest."""
    findings: list[doctor.Finding] = []
    absent: list[str] = []
    ready = push_channels()
    for name in _CONFIGURABLE:
        if not getattr(settings, name).is_configured:
            half = _half_set(name, settings)
            findings += [half] if half else []
            absent += [] if half else [name]
        elif name not in ready:
            findings.append(doctor.Finding(name, "note", "configured, but not in this version"))
        else:
            findings += await _check_channel(name, settings)
    findings += await _check_desk(settings)
    if absent:
        findings.append(
            doctor.Finding(
                "other channels", "ok",
                f"not configured: {', '.join(absent)} (docs/channels says how)",
            )
        )  # fmt: skip
    return findings


def _half_set(name: str, settings: Settings) -> doctor.Finding | None:
    """A channel that is off for want of one setting, while others of it are set."""
    key, others = _KEYS[name]
    usual = {field: f"{name}_{field}".upper() for field in (key, *others)}
    given = [usual[field] for field in others if getattr(getattr(settings, name), field)]
    if not given:
        return None
    verb = "is" if len(given) == 1 else "are"
    return doctor.Finding(
        name, "unfit", f"{', '.join(given)} {verb} set, but not {usual[key]}: the channel is off",
        f"set {usual[key]} as well, or take away {', '.join(given)}; see docs/channels/{name}.md",
    )  # fmt: skip


async def _check_channel(name: str, settings: Settings) -> list[doctor.Finding]:
    try:
        adapters = build_adapters(name, getattr(settings, name), _house(settings))
    except SwitchboardError as error:
        return [doctor.Finding(name, "unfit", str(error), f"see docs/channels/{name}.md")]
    several = len(adapters) > 1
    lines = await asyncio.gather(*(check_account(adapter, several) for adapter in adapters))
    return [finding for found in lines for finding in found]


async def _check_desk(settings: Settings) -> list[doctor.Finding]:
    """The other Slack channels to which rules may send cases."""
    slack = settings.slack
    if slack.bot_token is None or slack.desk_channel is None:
        return []
    from channels.slack.api import SlackApi
    from channels.slack.desk.checks import check_desk
    from channels.slack.desk.routes import Routes
    from core.escalation.rules import read_rules

    try:
        rules = read_rules(settings.config_dir / "escalation.toml").desk
    except ConfigError as error:
        return [doctor.Finding("desk", "unfit", str(error), "mend config/escalation.toml")]
    others = Routes.of(rules, default=slack.desk_channel).channels[1:]
    api = SlackApi(slack.bot_token, url=slack.api_url)
    try:
        found = await check_desk(api, others)
    finally:
        await api.close()
    return [
        doctor.Finding("desk", "ok" if one.ok else "unfit", one.what, one.mend) for one in found
    ]


def _house(settings: Settings) -> House:
    """With the secret of this installation if there is one yet; none is made."""
    kept = DataFolder(settings.data).path / "secret.key"
    if settings.secret_key is not None:
        return House(secret=settings.secret_key.get_secret_value())
    return House(secret=kept.read_text(encoding="utf-8").strip() if kept.exists() else "")


async def check_account(adapter: ChannelAdapter, several: bool = False) -> list[doctor.Finding]:
    """What the adapter finds about itself, within a deadline; then it is closed."""
    name = f"{adapter.name} ({adapter.account})" if several else adapter.name
    try:
        return await _ask(name, adapter)
    finally:
        await _close(adapter)


async def _ask(name: str, adapter: ChannelAdapter) -> list[doctor.Finding]:
    page = f"see docs/channels/{adapter.name}.md"
    power: Any = getattr(adapter, "check", None)
    if power is None:
        return [doctor.Finding(name, "ok", "configured (it cannot be checked from here)")]
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            found: Sequence[Any] = await power()
    except TimeoutError:
        words = f"no answer within {CHECK_SECONDS:.0f} s"
        return [doctor.Finding(name, "unfit", words, "check address and network")]
    except RateLimited as error:
        words = f"asked to wait {error.retry_after_seconds:.0f} s"
        return [doctor.Finding(name, "note", words, "ask the doctor again later")]
    except SwitchboardError as error:
        return [doctor.Finding(name, "unfit", str(error), page)]
    except Exception as error:  # noqa: BLE001 -- a vendor's words may hold a secret: its kind only
        return [doctor.Finding(name, "unfit", f"the check failed ({type(error).__name__})", page)]
    if not found:
        return [doctor.Finding(name, "ok", "nothing to object")]
    return [
        doctor.Finding(
            name, "ok" if item.ok else "unfit", item.what, item.mend or ("" if item.ok else page)
        )
        for item in found
    ]


async def _close(adapter: ChannelAdapter) -> None:
    """A connection that does not let go must not hold the doctor."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await adapter.close()
    except Exception:  # noqa: BLE001 -- the process ends anyway
        return
