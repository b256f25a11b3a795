"""Serving: from settings to running services, the note that says so, and the way out.

Above: the commands `up` and `run`. Below: `wiring`, `roles`, `data_folder`, `core.runtime`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from config.settings import Settings, load_settings
from core.errors import ConfigError
from core.observing import INFO
from core.runtime import heed, run_services
from core.telemetry import configure_logging, watch_process
from core.tracing import close_tracing, open_tracing
from switchboard.banner import Welcome
from switchboard.data_folder import DataFolder, GatewayNote

_JSON = {"auto": None, "json": True, "text": False}


def serve(
    roles: Sequence[str], options: Mapping[str, Any], *, ready_file: Path | None, alone: bool
) -> int:
    """Run the roles until a signal. Returns the exit code; raises `ConfigError` if unfit.

    `alone`: this process is the whole gateway of its data folder (`up`).
    """
    settings = load_settings(overrides=options)
    configure_logging(level=settings.log.level, json=_JSON[settings.log.format])
    watch_process()
    INFO.labels(_version(), ",".join(roles)).set(1)
    open_tracing(settings.tracing)
    if not alone:
        _refuse_unshared(settings, roles)
    folder = DataFolder(settings.data)
    folder.make()
    with folder.own() if alone else nullcontext():
        return _run(_serve(settings, folder, roles, ready_file, alone=alone))


async def _serve(
    settings: Settings, folder: DataFolder, roles: Sequence[str], ready_file: Path | None, *,
    alone: bool,
) -> int:  # fmt: skip
    from switchboard.roles import list_services
    from switchboard.wiring import need, open_parts

    _heed_early_stop(need(asyncio.current_task()))
    welcome = Welcome(alone=alone)
    opened = open_parts(settings, folder, roles, progress=welcome.progress, fill=alone)
    async with opened as parts:

        async def announce() -> None:
            if parts.server is None:
                note = GatewayNote("", "", os.getpid())
            else:
                note = GatewayNote(parts.server.url, parts.admin_token, os.getpid())
                folder.announce(note)
            if ready_file is not None:
                note.write(ready_file)
            welcome.show(settings, roles, note, parts)
            _settle_memory()

        try:
            clean = await run_services(
                list_services(parts, roles), grace_seconds=settings.grace_seconds, on_ready=announce
            )
        finally:
            folder.retract(os.getpid())
            await asyncio.to_thread(close_tracing)
    return 0 if clean else 1


def _version() -> str:
    try:
        return version("switchboard")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"


def _settle_memory() -> None:
    """What the start has made stays for good: the collector need not walk it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


def _refuse_unshared(settings: Settings, roles: Sequence[str]) -> None:
    """Roles in several processes meet on one store."""
    if settings.bus.url is None and not {"web", "worker"} <= set(roles):
        raise ConfigError(
            "`switchboard run` needs REDIS_URL: the processes of a gateway meet on one store. "
            "Set it, or use `switchboard up`, which brings its own"
        )


def _heed_early_stop(start: asyncio.Task[Any]) -> None:
    """SIGTERM before the services run ends the start the way Ctrl-C does."""
    heed(signal.SIGTERM, start.cancel)


def _run(work: Coroutine[Any, Any, int]) -> int:
    """Run on uvloop where it is installed; a start that was cut short is no error."""
    try:
        from uvloop import new_event_loop as make_loop
    except ImportError:
        make_loop = None
    try:
        with asyncio.Runner(loop_factory=make_loop) as runner:
            return runner.run(work)
    except asyncio.CancelledError:
        return 0
