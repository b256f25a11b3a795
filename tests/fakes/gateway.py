"""The web doors on a real store with the loopback engine, listening on a port of this machine."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from channels.attaching import FileDesk
from channels.deps import ServerDeps
from channels.server import ServerService, build_app
from channels.settings import WebSettings
from core.bus.connect import Bus
from core.engine.echo import EchoTurn
from core.engine.runner import TurnRunner
from core.engine.worker import Worker
from core.runtime import Service
from tests.fakes.services import serving
from tests.fakes.tokens import IssuingTokens

ADMIN = "an-admin-token-of-tests"
WIDGET = Path(__file__).resolve().parents[2] / "widget"


@dataclass(frozen=True)
class Doors:
    """A running gateway without knowledge: where it is, and how to get in."""

    url: str
    tokens: IssuingTokens
    bus: Bus

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"


def list_deps(
    bus: Bus, *, settings: WebSettings | None = None, files: FileDesk | None = None
) -> ServerDeps:
    """What the doors need, without knowledge, engine and archive."""
    settings = settings or WebSettings(messages_per_second=10_000)
    tokens = IssuingTokens(
        secret="s" * 40, admin_token=ADMIN, identity_secret=settings.identity_secret
    )
    return ServerDeps(bus=bus, tokens=tokens, settings=settings, widget_dir=WIDGET, files=files)


@asynccontextmanager
async def open_doors(
    bus: Bus, *, settings: WebSettings | None = None, turn: TurnRunner | None = None,
    deps: ServerDeps | None = None,
) -> AsyncGenerator[Doors]:  # fmt: skip
    """Server, live tail and worker until the end of the block."""
    deps = deps or list_deps(bus, settings=settings)
    tokens = deps.tokens
    assert isinstance(tokens, IssuingTokens)
    server = ServerService(build_app(deps), host="127.0.0.1", port=0)
    services: list[Service] = [bus.live, server, Worker(bus, turn or EchoTurn(), grace_seconds=1)]
    async with serving(*services):
        yield Doors(server.url, tokens, bus)
