"""The web server with everything its routes ask for: adapters from our parts to the doors' ports.

Above: `wiring`. Below: `channels.server`, `channels.rest.ports`, the opened parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from channels.deps import Probe, ServerDeps
from channels.rest.links import LinkDesk
from channels.server import ServerService, build_app
from core.archive.corrections import SqlCorrections
from core.archive.knowledge_reviews import KnowledgeReviews
from core.archive.queue import DeskQueue
from core.archive.reader import ArchiveReader
from core.archive.workload import Load, read_loads
from core.bus.board import WorkBoard
from core.conversation import Head
from core.engine.viewing import SpecialistViews
from core.errors import SwitchboardError
from core.escalation.rules import read_rules
from core.identity.people import SqlPeople
from core.ids import ConversationId, is_conversation_id
from core.language import LanguageDetector
from core.messages import format_time
from core.ports import SearchResult
from switchboard.access import TokenDoor
from switchboard.channels import channel_doors, continuing
from switchboard.corrections import CorrectionDoor
from switchboard.data_folder import DataFolder
from switchboard.floods import open_floods
from switchboard.gaps import find_gaps
from switchboard.keys import make_tokens
from switchboard.learning import KnowledgeDraftDoor, LearningDesk, open_autonomy
from switchboard.mcp import mcp_door
from switchboard.proving import open_verifier
from switchboard.statistics import StatisticsDoor
from switchboard.systems import ApprovalDoor, open_approvals
from switchboard.tickets import demo_samples, open_tickets
from switchboard.webhooks import open_webhook_door
from switchboard.wiring import need

if TYPE_CHECKING:
    from core.archive.database import Database
    from core.bus.connect import Bus
    from core.bus.log import RedisLog
    from core.customers.crm.client import CrmClient
    from core.engine.open import Engine
    from core.specialists.mcp.toolset import McpServers
    from core.specialists.registry import SpecialistRegistry
    from core.specialists.spec import SpecialistSpec
    from kb.open import Knowledge
    from switchboard.wiring import Parts

ROOT = Path(__file__).resolve().parent.parent
_PAGES = (
    ("Demo page", "/", ROOT / "widget" / "demo" / "index.html"),
    ("Console", "/console", ROOT / "widget" / "console" / "index.html"),
    ("API docs", "/api/docs", ROOT / "channels" / "docs_page" / "index.html"),
)


def open_server(parts: Parts, folder: DataFolder) -> ServerService:
    """The server, bound to its port. Raises `ConfigError` if the port is taken."""
    settings = parts.settings
    keeper = need(parts.access)
    tokens = make_tokens(settings, folder, keeper.directory)
    mcp = mcp_door(tokens, settings.mcp, product_version())
    deps = ServerDeps(
        bus=parts.bus,
        tokens=tokens,
        settings=settings.web,
        widget_dir=ROOT / "widget",
        knowledge=KnowledgeDoor(parts.knowledge, parts.database) if parts.knowledge else None,
        triage=TriageDoor(parts.engine, parts.bus.log) if parts.engine else None,
        specialists=SpecialistDoor(parts.engine.registry, parts.bus, parts.database)
        if parts.engine
        else None,
        views=SpecialistViews(parts.bus.log, parts.engine.registry, parts.engine.briefing)
        if parts.engine
        else None,
        floods=open_floods(parts),
        archive=ArchiveReader(parts.database),
        queue=DeskQueue(parts.database, read_rules(settings.config_dir / "escalation.toml")),
        statistics=StatisticsDoor(parts.database),
        tickets=open_tickets(settings, parts.database),
        demo=demo_samples(parts),
        people=SqlPeople(parts.database),
        verifier=open_verifier(parts),
        corrections=CorrectionDoor(SqlCorrections(parts.database), parts.engine)
        if parts.engine
        else None,
        knowledge_drafts=KnowledgeDraftDoor(
            KnowledgeReviews(parts.database),
            parts.knowledge,
            parts.engine.detector if parts.engine else LanguageDetector(),
            parts.bus.log,
        )
        if parts.knowledge
        else None,
        learning=LearningDesk(
            parts.database, open_autonomy(settings, parts.database), parts.knowledge
        ),
        approvals=ApprovalDoor(open_approvals(settings, parts.database, parts.bus.log)),
        files=parts.files,
        probes=list_probes(parts),
        doors=channel_doors(
            settings, parts.bus, parts.channels, need(parts.files).files, need(parts.links)
        ),
        bridge=parts.bridge,
        tokens_of_links=parts.links,
        links=LinkDesk(need(parts.links), continuing(parts.channels), page=settings.climbing.page),
        version=product_version(),
        mcp=mcp[0] if mcp else None,
        webhooks=open_webhook_door(parts),
        privacy=parts.privacy,
        audit=parts.privacy.audit if parts.privacy else None,
        access=TokenDoor(keeper),
    )
    parts.pages = [(title, path) for title, path, file in _PAGES if file.is_file()]
    server = ServerService(build_app(deps), host=settings.host, port=settings.port)
    if mcp is not None:
        mcp[1].url = server.url
    return server


def product_version() -> str:
    """The installed version."""
    try:
        return version("switchboard")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"


class KnowledgeDoor:
    """`channels.rest.ports.KnowledgeDesk` over the knowledge base."""

    def __init__(self, knowledge: Knowledge, database: Database) -> None:
        self._knowledge = knowledge
        self._database = database

    async def search(
        self, query: str, *, limit: int, language: str | None, categories: tuple[str, ...]
    ) -> SearchResult:
        """See the port."""
        return await self._knowledge.searcher.search(
            query, limit=limit, language=language, categories=categories
        )

    async def list(self) -> list[dict[str, Any]]:
        """See the port."""
        names = ("id", "title", "url", "category", "language", "translation_of", "passages")
        return [
            {name: getattr(item, name) for name in names}
            | {"updated_at": format_time(item.updated_at)}
            for item in await self._knowledge.list()
        ]

    async def add(self, fields: dict[str, Any]) -> str:
        """See the port."""
        return await self._knowledge.add_document(**fields)

    async def remove(self, document: str) -> None:
        """See the port."""
        await self._knowledge.remove(document)

    async def gaps(self, *, days: int, limit: int) -> list[dict[str, Any]]:
        """See the port."""
        return await find_gaps(self._knowledge, self._database, days=days, limit=limit)


class TriageDoor:
    """`channels.rest.ports.TriageDesk`: the decision a turn would take, without the turn."""

    def __init__(self, engine: Engine, log: RedisLog) -> None:
        self._engine = engine
        self._log = log

    async def decide(self, text: str, *, conversation: str | None) -> dict[str, Any]:
        """See the port. With a conversation, its language and specialist count."""
        head = await self._head(conversation)
        decision = await self._engine.triage.decide(
            text,
            last_language=head.language if head else None,
            active=head.specialist if head else None,
        )
        return decision.model_dump(mode="json")

    async def _head(self, conversation: str | None) -> Head | None:
        if conversation is None or not is_conversation_id(conversation):
            return None
        return await self._log.head(ConversationId(conversation))


class SpecialistDoor:
    """`channels.rest.ports.SpecialistList` over the registry, the board and the archive."""

    def __init__(self, registry: SpecialistRegistry, bus: Bus, database: Database) -> None:
        self._registry = registry
        self._board = WorkBoard(bus.calls)
        self._database = database

    async def overview(self) -> list[dict[str, Any]]:
        """See the port."""
        active, loads = await self._board.active(), await read_loads(self._database)
        return [
            self._describe(spec, active.get(spec.name, 0), loads.get(spec.name, Load()))
            for spec in self._registry.all()
        ]

    def _describe(self, spec: SpecialistSpec, active: int, load: Load) -> dict[str, Any]:
        return {
            "name": spec.name,
            "description": spec.description,
            "status": "busy" if active else "idle",
            "active_turns": active,
            "turns_last_hour": load.turns,
            "mean_seconds": load.mean_seconds,
            "p95_seconds": load.p95_seconds,
            "escalation_share": load.escalated,
            "languages": sorted(spec.examples),
            "tools": list(spec.tools),
            "categories": list(spec.categories),
            "consult": list(spec.consult),
        }


def list_probes(parts: Parts) -> Mapping[str, Probe]:
    """What `/health/detailed` looks at."""

    async def store() -> dict[str, Any]:
        await parts.bus.ping()
        info = await parts.bus.info()
        kept = ("used_memory_human", "connected_clients", "aof_last_write_status")
        version_of = info.get("valkey_version") or info.get("redis_version")
        return {"version": version_of} | {name: info[name] for name in kept if name in info}

    async def database() -> dict[str, Any]:
        await parts.database.ping()
        return {"kind": parts.database.dialect}

    async def knowledge() -> dict[str, Any]:
        return await parts.knowledge.status() if parts.knowledge else {}

    async def triage() -> dict[str, Any]:
        found = parts.engine.triage.calibration if parts.engine else None
        return found.model_dump(mode="json") if found else {}

    async def model() -> dict[str, Any]:
        return _describe_model(parts.engine)

    probes: dict[str, Probe] = {"store": store, "database": database}
    probes["archive"] = partial(_describe_archive, parts.bus)
    if parts.crm is not None:
        probes["crm"] = partial(_describe_crm, parts.crm)
    if parts.mcp:
        probes["mcp"] = partial(_describe_mcp, parts.mcp)
    if parts.knowledge is not None:
        probes["knowledge"] = knowledge
    if parts.engine is not None:
        probes["triage"] = triage
        probes["model"] = model
    return probes


async def _describe_mcp(servers: McpServers) -> dict[str, Any]:
    """The MCP servers whose tools may be used; one that is away is no fault of ours, but shown."""
    return servers.report()


async def _describe_archive(bus: Bus) -> dict[str, Any]:
    lag = await bus.journal.lag("archive")
    return {"records_behind": lag.records, "seconds_behind": round(lag.seconds, 1)}


async def _describe_crm(crm: CrmClient) -> dict[str, Any]:
    found = crm.breaker.report()
    if found["state"] == "open":
        raise SwitchboardError(f"the CRM is left alone: {found['last_error']}")
    return found


def _describe_model(engine: Engine | None) -> dict[str, Any]:
    """The language model's servers; one that is left alone is no fault of ours, but is shown."""
    if engine is None or engine.model is None:
        return {"providers": {}}
    from core.specialists.model import OpenAIModel

    providers = engine.model.health() if isinstance(engine.model, OpenAIModel) else {}
    if providers and all(item["state"] == "open" for item in providers.values()):
        raise SwitchboardError("no model server is well")
    return {"providers": providers}
