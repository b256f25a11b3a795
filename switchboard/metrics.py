"""`/metrics` and `/health` of a process that has no other HTTP: a worker, a channel, the archive.

Above: `roles`. Below: `channels.server` (listens), `core.telemetry`. Set by
`SWITCHBOARD_METRICS__PORT`; processes with the role web have both at their own address besides.
"""

from __future__ import annotations

import asyncio

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from channels.server import ServerService
from core.errors import BusError
from core.telemetry import REGISTRY
from switchboard.wiring import Parts

_PROBE_SECONDS = 3.0


def metrics_service(parts: Parts) -> ServerService | None:
    """The small server, bound to its port; None if none is set. Raises `ConfigError` if the port is
    taken."""
    settings = parts.settings.metrics
    if settings.port is None:
        return None

    async def ready(_: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await parts.bus.ping()
        except (BusError, TimeoutError):
            return web.json_response({"status": "unavailable", "ready": False}, status=503)
        return web.json_response({"status": "ok", "ready": True})

    app = web.Application()
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/health", _alive)
    app.router.add_get("/health/ready", ready)
    service = ServerService(app, host=settings.host, port=settings.port)
    service.name = "metrics"
    return service


async def _alive(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _metrics(_: web.Request) -> web.Response:
    body = generate_latest(REGISTRY)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
