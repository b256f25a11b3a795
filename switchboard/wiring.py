"""Opens the parts a process needs, in order, and closes them in reverse.

Above: `serving`, `roles`. Below: everything. Order: store → database → knowledge → engine → web
application. Imports are made when a part is needed: an archive process loads no model.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from config.settings import Settings
from core.bus.connect import Bus, open_bus
from core.identity.links import LinkTokens
from switchboard.data_folder import DataFolder
from switchboard.keys import admin_token, secret_key
from switchboard.stores import ShowProgress, open_archive, watch_store

if TYPE_CHECKING:
    from channels.attaching import FileDesk
    from channels.server import ServerService
    from core.access.keeper import AccessKeeper
    from core.archive.database import Database
    from core.bus.rebuild import StoreWatch
    from core.customers.crm.client import CrmClient
    from core.engine.open import Engine
    from core.engine.runner import TurnRunner
    from core.specialists.mcp.toolset import McpServers
    from core.translation.bridge import Bridge
    from kb.ingest import Progress
    from kb.open import Knowledge
    from switchboard.channels import Adapters
    from switchboard.privacy import PrivacyDesk

T = TypeVar("T")


def _no_channels() -> Adapters:
    return {}


@dataclass
class Parts:
    """What this process has opened; None is what its roles do not need."""

    settings: Settings
    bus: Bus
    database: Database
    admin_token: str
    secret: str
    knowledge: Knowledge | None = None
    engine: Engine | None = None
    turn: TurnRunner | None = None
    server: ServerService | None = None
    files: FileDesk | None = None
    links: LinkTokens | None = None
    bridge: Bridge | None = None
    crm: CrmClient | None = None
    mcp: McpServers | None = None
    access: AccessKeeper | None = None
    privacy: PrivacyDesk | None = None
    channels: Adapters = field(default_factory=_no_channels)
    alone: bool = False
    watch: StoreWatch | None = None
    pages: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def need(part: T | None) -> T:
    """A part that must be there by now."""
    if part is None:
        raise RuntimeError("a part is used before it is opened")
    return part


@asynccontextmanager
async def open_parts(
    settings: Settings, folder: DataFolder, roles: Sequence[str], *, progress: ShowProgress,
    fill: bool = False,
) -> AsyncGenerator[Parts]:  # fmt: skip
    """Open everything these roles need. Raises `ConfigError` (with the mend) if it cannot run.

    `fill`: put the sample knowledge into a knowledge base that never held anything.
    """
    from core.archive.vault import ArchiveVault
    from switchboard.files import open_files
    from switchboard.privacy import attach_privacy

    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(open_bus(settings.bus_settings))
        database = await stack.enter_async_context(open_archive(settings, progress))
        bus.log.keep_in(ArchiveVault(database))
        watch = await watch_store(bus, database, progress)
        bus.log.follow_with(followers(settings))
        if climbs(settings):
            bus.log.mind_unseen()
        secret = secret_key(settings, folder)
        parts = Parts(
            settings, bus, database, admin_token(settings, folder), secret, alone=fill, watch=watch
        )  # fmt: skip
        parts.files = open_files(settings, folder)
        parts.links = LinkTokens(secret)
        attach_privacy(parts)
        names = wanted_channels(settings, roles)
        if names or "worker" in roles:
            from switchboard.channels import open_channels

            secret = secret_key(settings, folder)
            opened = open_channels(settings, bus, names, secret=secret, desk=parts.files)
            parts.channels = await stack.enter_async_context(opened)
        if {"web", "worker"} & set(roles):
            await _open_knowledge(stack, parts, folder, fill=fill, progress=progress)
            await _open_engine(stack, parts)
        if {"web", "slack"} & set(roles):  # where people go on duty
            from switchboard.casekeeping import desk_rules

            bus.duty.keep_for(desk_rules(settings).desk.duty_hours)
        if {"web", "worker", "slack"} & set(roles):
            from switchboard.bridging import open_bridge

            parts.bridge = await open_bridge(stack, parts)
        if parts.channels.get("slack"):
            from switchboard.slack_desk import attach_desk

            attach_desk(parts)
        if "web" in roles:
            from switchboard.access import open_keeper
            from switchboard.doors import open_server

            parts.access = await open_keeper(bus, database)
            parts.server = open_server(parts, folder)
        yield parts


def followers(settings: Settings) -> list[str]:
    """Who reads conversations whole once people came in: those who keep the case, Slack if it is
    the desk, and the language bridge if there is a model that translates."""
    readers = ["case", "desk"] if settings.slack.has_desk else ["case"]
    translates = settings.desk.translate and bool(settings.model_settings.providers)
    return [*readers, "bridge"] if translates else readers


def climbs(settings: Settings) -> bool:
    """True if what customers of a page do not see can be sent on."""
    return settings.climbing.on and (
        settings.telegram.is_configured or settings.email.is_configured
    )


def wanted_channels(settings: Settings, roles: Sequence[str]) -> list[str]:
    """The configured push channels that these roles run; all of them where HTTP is served, because
    some platforms come to us."""
    own = {"telegram": settings.telegram, "slack": settings.slack, "email": settings.email}
    names = own if "web" in roles else [name for name in own if name in roles]
    return [name for name in names if own[name].is_configured]


async def _open_knowledge(
    stack: AsyncExitStack, parts: Parts, folder: DataFolder, *, fill: bool, progress: ShowProgress
) -> None:
    from kb.open import open_knowledge
    from switchboard.systems import fill_customers

    settings = parts.settings
    opened = open_knowledge(settings.knowledge_settings, parts.database)
    parts.knowledge = await stack.enter_async_context(opened)
    if fill and settings.sample_knowledge:
        await _fill(parts, folder, progress)
        await fill_customers(settings, parts.database, folder)


async def _fill(parts: Parts, folder: DataFolder, progress: ShowProgress) -> None:
    """The sample knowledge into a base that never held anything; a fill cut short is resumed."""
    mark, knowledge = folder.path / "sample-knowledge", need(parts.knowledge)
    if mark.exists():
        if mark.read_text(encoding="utf-8").strip() == "done":
            return
    elif not await knowledge.is_untouched():
        return
    mark.write_text("begun\n", encoding="utf-8")
    with progress("Reading the sample knowledge (first start only)") as report:

        def tell(now: Progress) -> None:
            report(now.passages_done, now.passages)

        await knowledge.ingest([parts.settings.config_dir / "knowledge"], on_progress=tell)
    mark.write_text("done\n", encoding="utf-8")


async def _open_engine(stack: AsyncExitStack, parts: Parts) -> None:
    from core.approvals.store import ApprovalStore
    from core.archive.corrections import SqlCorrections
    from core.archive.vault import ArchiveVault
    from core.bus.board import WorkBoard
    from core.bus.budgets import StoredMeters
    from core.bus.figures import StoredFigures
    from core.bus.limits import StoredLimits
    from core.engine.approving import ApprovingTurn
    from core.engine.carrying import CarryingTurn
    from core.engine.echo import EchoTurn
    from core.engine.open import EngineFiles, open_engine
    from core.privacy.masking.model import MaskingModel
    from core.privacy.masking.turn import MaskingTurn
    from switchboard.crm import open_crm
    from switchboard.learning import open_autonomy
    from switchboard.mcp_client import open_mcp, open_mcp_crm
    from switchboard.proving import proving_turn
    from switchboard.systems import open_systems

    settings, knowledge = parts.settings, need(parts.knowledge)
    if settings.engine.turn == "echo":
        parts.turn = EchoTurn()
        return
    parts.mcp = open_mcp(settings)
    stack.push_async_callback(parts.mcp.close)
    parts.crm = open_mcp_crm(settings, parts.mcp)
    if (crm := open_crm(settings.crm)) is not None:
        parts.crm, fetch = crm
        stack.push_async_callback(fetch.close)
    systems = open_systems(settings, parts.database, parts.crm)
    parts.engine = await stack.enter_async_context(
        open_engine(
            settings.engine, settings.model_settings,
            EngineFiles(settings.config_dir, settings.data),
            embedder=knowledge.embedder, knowledge=knowledge.searcher,
            systems=systems,
            meters=StoredMeters(parts.bus.calls, shards=parts.bus.settings.shards),
            board=WorkBoard(parts.bus.calls),
            shared=StoredLimits(parts.bus.calls, shards=parts.bus.settings.shards),
            corrections=SqlCorrections(parts.database),
            autonomy=open_autonomy(settings, parts.database),
            desk=StoredFigures(parts.bus.duty, parts.bus.pulse),
            mask=lambda model: MaskingModel(model, settings.privacy.masking),
            tools=parts.mcp.tools(systems.customers),
        )
    )  # fmt: skip
    turn = MaskingTurn(_hearing(parts), settings.privacy.masking)
    turn = ApprovingTurn(turn, ApprovalStore(parts.database))
    parts.turn = proving_turn(parts, CarryingTurn(turn, ArchiveVault(parts.database)))


def _hearing(parts: Parts) -> TurnRunner:
    """The engine's turn; where a model server can hear, voice notes are written down for it."""
    from core.engine.hearing import HearingTurn

    engine, settings = need(parts.engine), parts.settings.model.hearing
    model: Any = engine.model
    if model is None or not settings.on:
        return _drafting(parts)
    return HearingTurn(_drafting(parts), model, need(parts.files).files.read, settings)


def _drafting(parts: Parts) -> TurnRunner:
    """The engine's turn; for conversations that people have, drafts for them."""
    from core.engine.drafting import DraftingTurn

    engine = need(parts.engine)
    if not parts.settings.engine.drafts:
        return engine.turn
    return DraftingTurn(engine.turn, engine.drafter, parts.bus.log.head)
