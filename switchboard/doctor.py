"""The checks of `switchboard doctor`: what was found, and the mend where something is wrong.

Above: `commands.diagnose`. Below: `doctor_stores`, `doctor_channels`, the folders' own checks.
Nothing is changed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from config.settings import Settings, load_settings
from core.errors import ConfigError, SwitchboardError
from core.telemetry import configure_logging
from switchboard.data_folder import DataFolder

_SECONDS = 20.0
_CONFIGURATION = "see docs/configuration.md"
_MENDS = {
    "store": "check REDIS_URL (redis://, rediss:// or unix://) and that the server runs",
    "database": "check DATABASE_URL (postgresql:// or sqlite:///) and that the server runs",
    "archive": "check REDIS_URL and DATABASE_URL: it needs both",
    "knowledge": "check DATABASE_URL, and SWITCHBOARD_KNOWLEDGE__EMBEDDING__… if they are set",
    "specialists": "mend the file that is named",
    "mcp": "mend config/mcp.toml",
}
_SHORT_SECRET = 32


@dataclass(frozen=True)
class Finding:
    """One line. `note`: it runs, but something is worth knowing; `unfit`: it would not run."""

    name: str
    state: Literal["ok", "note", "unfit"]
    found: str
    mend: str = ""


async def examine(data: Path | None) -> list[Finding]:
    """All findings, in the order in which a start would meet them."""
    try:
        settings = load_settings(overrides={"data": data})
    except ConfigError as error:
        return [
            Finding("configuration", "unfit", fault, _CONFIGURATION)
            for fault in str(error).splitlines()
        ]
    configure_logging(level="ERROR", json=False)
    findings = [Finding("configuration", "ok", "every setting is sound")]
    from switchboard import doctor_stores as stores
    from switchboard.doctor_channels import check_channels
    from switchboard.doctor_mcp import check_mcp

    checks: tuple[tuple[str, Callable[[Settings], Awaitable[Finding]]], ...] = (
        ("data folder", _data_folder),
        ("store", stores.check_store),
        ("database", stores.check_database),
        ("archive", stores.check_archive),
        ("knowledge", stores.check_knowledge),
        ("search index", stores.check_index),
        ("specialists", _specialists),
        ("triage", _triage),
        ("language model", _language_model),
        ("crm", _crm),
        ("mcp", check_mcp),
        ("web address", _web_address),
        ("widget", _widget),
    )
    for name, check in checks:
        findings.append(await _guard(name, check, settings))
    return [*findings, *await check_channels(settings)]


async def _guard(
    name: str, check: Callable[[Settings], Awaitable[Finding]], settings: Settings
) -> Finding:
    """A check that fails is a finding; none may hang."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await check(settings)
    except TimeoutError:
        return Finding(name, "unfit", f"no answer within {_SECONDS:.0f} s", "check the network")
    except SwitchboardError as error:
        return Finding(name, "unfit", str(error), _MENDS.get(name, _CONFIGURATION))
    except Exception as error:  # noqa: BLE001 -- whatever it is, the doctor reports it
        words = f"{type(error).__name__}: {error}"
        return Finding(name, "unfit", words, _MENDS.get(name, _CONFIGURATION))


async def _data_folder(settings: Settings) -> Finding:
    folder = DataFolder(settings.data)
    here = folder.path
    while not here.exists():
        here = here.parent
    if not os.access(here, os.W_OK | os.X_OK):
        return Finding(
            "data folder", "unfit", f"{here} cannot be written to",
            "give this user the right to, or set SWITCHBOARD_DATA",
        )  # fmt: skip
    note = folder.find_gateway()
    running = f", a gateway runs on it (process {note.pid})" if note else ""
    return Finding("data folder", "ok", f"{folder.path}{running}")


async def _specialists(settings: Settings) -> Finding:
    from core.escalation.rules import read_rules
    from core.learning.autonomy import read_autonomy
    from core.phrases import load_phrases
    from core.specialists.registry import SpecialistRegistry

    folder = settings.config_dir
    registry = SpecialistRegistry(folder / "specialists")
    phrases = load_phrases(folder / "phrases", default=settings.engine.default_language)
    read_rules(folder / "escalation.toml")
    read_autonomy(folder / "autonomy.toml")
    names = ", ".join(spec.name for spec in registry.all())
    return Finding("specialists", "ok", f"{names}; speaking {', '.join(phrases.languages)}")


async def _triage(settings: Settings) -> Finding:
    """The cut-offs of the last training here; nothing is trained."""
    from core.engine.trained_files import read_newest

    found = await asyncio.to_thread(read_newest, settings.data / "engine")
    if found is None:
        return Finding("triage", "ok", "not trained yet: the next start does, in seconds")
    cuts = ", ".join(f"{name} {cut:+.2f}" for name, cut in sorted(found.scope_cuts.items()))
    words = (
        f"{found.examples} examples on {found.model}; right specialist {found.accuracy:.0%} of "
        f"held-back examples; cut-offs that keep {found.keep_share:.0%}: {cuts or 'none'}"
    )
    return Finding("triage", "ok", words)


async def _widget(settings: Settings) -> Finding:
    """Who may embed it, and whether its identity tokens can be guessed."""
    secret = settings.web.identity_secret
    if secret is not None and len(secret.get_secret_value().encode()) < _SHORT_SECRET:
        return Finding(
            "widget", "note", f"WIDGET_IDENTITY_SECRET is shorter than {_SHORT_SECRET} characters",
            "take a longer one, for example from `openssl rand -hex 32`",
        )  # fmt: skip
    places = ", ".join(sorted(settings.web.origins)) or "this gateway's own pages only"
    return Finding("widget", "ok", f"may be embedded by: {places}")


async def _language_model(settings: Settings) -> Finding:
    import aiohttp

    providers = settings.model_settings.providers
    if not providers:
        return Finding(
            "language model", "note", "none: answers are passages of the knowledge base",
            "set OPENAI_API_KEY or OPENAI_BASE_URL to have one",
        )  # fmt: skip
    for provider in providers:
        if not (provider.base_url or "https://").startswith(("https://", "http://")):
            return Finding(
                "language model", "unfit", f"{provider.base_url!r} is no web address",
                "OPENAI_BASE_URL must begin with https:// or http://",
            )  # fmt: skip
    refused: list[str] = []
    down: list[str] = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        for provider in providers:
            base = (provider.base_url or "https://api.openai.com/v1").rstrip("/")
            key = provider.api_key.get_secret_value() if provider.api_key else ""
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            try:
                async with session.get(f"{base}/models", headers=headers) as response:
                    if response.status in (401, 403):
                        refused.append(f"{provider.name} refuses the key")
                    elif response.status >= 500:
                        down.append(f"{provider.name} answers {response.status}")
            except (aiohttp.ClientError, TimeoutError) as error:
                down.append(f"{provider.name} does not answer ({type(error).__name__})")
    if refused:
        return Finding(
            "language model", "unfit", "; ".join([*refused, *down]), "check OPENAI_API_KEY"
        )
    if down:
        return Finding(
            "language model", "note", "; ".join(down),
            "check key and address; meanwhile the answers come without it",
        )  # fmt: skip
    names = ", ".join(f"{provider.name} ({provider.model})" for provider in providers)
    return Finding("language model", "ok", names)


async def _crm(settings: Settings) -> Finding:
    from switchboard.crm import CrmFetch

    if settings.crm.url is None:
        return Finding("crm", "ok", "none: customers and orders are in our own tables")
    fetch = CrmFetch(settings.crm)
    try:
        answer = await fetch("GET", "/customers", query={"email": "nobody@invalid"}, seconds=5.0)
    except SwitchboardError as error:
        return Finding("crm", "note", str(error), "check CRM_URL and the network")
    finally:
        await fetch.close()
    if answer.status in (401, 403):
        return Finding("crm", "unfit", "it refuses the key", "check CRM_API_KEY")
    if answer.status not in (200, 404):
        mend = "it must serve the routes of docs/crm.md under CRM_URL"
        return Finding("crm", "note", f"it answers {answer.status} to GET /customers", mend)
    return Finding("crm", "ok", settings.crm.url)


async def _web_address(settings: Settings) -> Finding:
    place = f"{settings.host}:{settings.port}"
    note = DataFolder(settings.data).find_gateway()
    if note is not None:
        return Finding("web address", "ok", f"{note.url}, served by process {note.pid}")
    try:
        server = await asyncio.start_server(lambda _r, w: w.close(), settings.host, settings.port)
    except OSError as error:
        return Finding(
            "web address", "note", f"{place} cannot be had: {error.strerror}",
            "stop who uses it, or choose another with --port or SWITCHBOARD_PORT",
        )  # fmt: skip
    server.close()
    await server.wait_closed()
    return Finding("web address", "ok", f"{place} is free")
