"""What the doors need from the rest of the house; the composition root fills it.

Above: `server`, `rest`. Below: the bus and the ports of `rest.ports`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from channels.attaching import FileDesk
from channels.auth import Tokens
from channels.base import HttpDoor, Publish
from channels.floods.gate import FloodGate
from channels.mcp.door import McpDoor
from channels.rest.learning_ports import KnowledgeDrafts, LearningDesk
from channels.rest.links import LinkDesk
from channels.rest.ports import (
    ApprovalDoor,
    Archive,
    CaseQueue,
    CorrectionDoor,
    KnowledgeDesk,
    PrivacyDoor,
    SpecialistList,
    StatisticsDesk,
    TokenDoor,
    TriageDesk,
    ViewDoor,
    WebhookDoor,
)
from channels.settings import WebSettings
from core.bus.connect import Bus
from core.identity.links import LinkTokens
from core.identity.people import SqlPeople
from core.identity.verifying import Verifier
from core.privacy.audit import Audit
from core.tickets.book import TicketBook
from core.tickets.samples import Sample
from core.translation.bridge import Bridge

Probe = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class ServerDeps:
    """What the doors need; None is what this process does not have."""

    bus: Bus
    tokens: Tokens
    settings: WebSettings
    widget_dir: Path
    knowledge: KnowledgeDesk | None = None
    triage: TriageDesk | None = None
    specialists: SpecialistList | None = None
    archive: Archive | None = None
    queue: CaseQueue | None = None
    statistics: StatisticsDesk | None = None
    tickets: TicketBook | None = None
    demo: Sequence[Sample] = ()
    people: SqlPeople | None = None
    verifier: Verifier | None = None
    approvals: ApprovalDoor | None = None
    corrections: CorrectionDoor | None = None
    knowledge_drafts: KnowledgeDrafts | None = None
    learning: LearningDesk | None = None
    views: ViewDoor | None = None
    floods: FloodGate | None = None
    webhooks: WebhookDoor | None = None
    privacy: PrivacyDoor | None = None
    audit: Audit | None = None
    access: TokenDoor | None = None
    files: FileDesk | None = None
    links: LinkDesk | None = None
    mcp: McpDoor | None = None
    bridge: Bridge | None = None
    tokens_of_links: LinkTokens | None = None
    probes: Mapping[str, Probe] = field(default_factory=dict[str, Probe])
    doors: Sequence[tuple[HttpDoor, Publish]] = ()
    version: str = "0"
