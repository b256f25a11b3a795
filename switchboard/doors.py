"""The web server with everything its routes ask for: adapters from our parts to the doors' ports.

Above: `wiring`. Below: `channels.server`, `channels.rest.ports`, the opened parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from channels.deps import Probe, ServerDeps
from channels.server import ServerService, build_app
from core.archive.reader import ArchiveReader
from core.conversation import Head
from core.errors import SwitchboardError
from core.ids import ConversationId, is_conversation_id
from core.messages import format_time
from core.ports import SearchResult
from switchboard.data_folder import DataFolder
from switchboard.keys import make_tokens

if TYPE_CHECKING:
    from core.bus.log import RedisLog
    from core.engine.open import Engine
    from core.specialists.registry import SpecialistRegistry
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
    tokens = make_tokens(settings, folder)
    deps = ServerDeps(
        bus=parts.bus,
        tokens=tokens,
        settings=settings.web,
        widget_dir=ROOT / "widget",
        knowledge=KnowledgeDoor(parts.knowledge) if parts.knowledge else None,
        triage=TriageDoor(parts.engine, parts.bus.log) if parts.engine else None,
        specialists=SpecialistDoor(parts.engine.registry) if parts.engine else None,
        archive=ArchiveReader(parts.database),
        probes=list_probes(parts),
        version=product_version(),
    )
    parts.pages = [(title, path) for title, path, file in _PAGES if file.is_file()]
    return ServerService(build_app(deps), host=settings.host, port=settings.port)


def product_version() -> str:
    """The installed version."""
    try:
        return version("switchboard")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"


class KnowledgeDoor:
    """`channels.rest.ports.KnowledgeDesk` over the knowledge base."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

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
    """`channels.rest.ports.SpecialistList` over the registry."""

    def __init__(self, registry: SpecialistRegistry) -> None:
        self._registry = registry

    def overview(self) -> list[dict[str, Any]]:
        """See the port."""
        return [
            {
                "name": spec.name,
                "description": spec.description,
                "languages": sorted(spec.examples),
                "tools": list(spec.tools),
                "categories": list(spec.categories),
            }
            for spec in self._registry.all()
        ]


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

    async def model() -> dict[str, Any]:
        return _describe_model(parts.engine)

    probes: dict[str, Probe] = {"store": store, "database": database}
    if parts.knowledge is not None:
        probes["knowledge"] = knowledge
    if parts.engine is not None:
        probes["model"] = model
    return probes


def _describe_model(engine: Engine | None) -> dict[str, Any]:
    """The language model's servers; one that is left alone is no fault of ours, but is shown."""
    if engine is None or engine.model is None:
        return {"providers": {}}
    from core.specialists.model import OpenAIModel

    providers = engine.model.health() if isinstance(engine.model, OpenAIModel) else {}
    if providers and all(item["state"] == "open" for item in providers.values()):
        raise SwitchboardError("no model server is well")
    return {"providers": providers}
