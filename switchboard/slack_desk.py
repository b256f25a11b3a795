"""The desk's way in from Slack, as this installation has it: its adapter gets what the house has.

Above: `wiring`. Below: `channels.slack.desk.backing`, the opened parts. Both processes that hear
Slack have it: the one with the sockets, and the one that serves HTTP.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from channels.desk_acts import DeskActs
from channels.ingress import Ingress
from channels.slack.adapter import SlackAdapter
from channels.slack.desk.backing import Article, Backing
from channels.slack.desk.routes import Routes
from core.approvals.desk import ApprovalDesk
from core.approvals.records import Approval, Decision
from core.approvals.store import ApprovalStore
from core.archive.database import Database
from core.archive.queue import DeskQueue
from core.archive.reader import ArchiveReader
from core.archive.statistics import read_statistics
from core.bus.pulse import DeskPulse
from core.conversation import Head
from core.escalation.rules import read_rules
from core.messages import Author, Entry
from switchboard.learning import put_forward
from switchboard.systems import open_approvals
from switchboard.wiring import need

if TYPE_CHECKING:
    from core.translation.bridge import Bridge
    from switchboard.wiring import Parts

_WEEK = timedelta(days=7)


class Decisions:
    """`channels.slack.desk.backing.ApprovalDesk` over the store and the desk that carries out."""

    def __init__(self, store: ApprovalStore, desk: ApprovalDesk) -> None:
        self._store = store
        self._desk = desk

    async def find(self, identifier: str) -> Approval | None:
        """See the port."""
        return await self._store.find(identifier)

    async def decide(
        self, identifier: str, decision: Decision, *, by: str, comment: str | None = None
    ) -> Approval:
        """See the port."""
        return await self._desk.decide(identifier, decision, by=by, comment=comment)


def attach_desk(parts: Parts) -> None:
    """Give the Slack adapter its desk, if Slack is one. Raises `ConfigError` for rules that make
    no sense."""
    settings, log = parts.settings, parts.bus.log
    slack = settings.slack
    if slack.desk_channel is None:
        return
    rules = read_rules(settings.config_dir / "escalation.toml")
    routes = Routes.of(rules.desk, default=slack.desk_channel)
    queue, reader = DeskQueue(parts.database, rules), ArchiveReader(parts.database)
    ingress = Ingress(log, channel="desk", turnpike=settings.web.turnpike)
    backing = Backing(
        log=log,
        acts=DeskActs(log, ingress, parts.bridge),
        channels=frozenset(routes.channels),
        files=need(parts.files).files,
        queue=queue,
        find=partial(_find, reader),
        figures=partial(_figures, DeskPulse(parts.bus.calls), queue, parts.database),
        duty=parts.bus.duty,
        approvals=Decisions(
            ApprovalStore(parts.database), open_approvals(settings, parts.database, log)
        ),
        put_forward=partial(_put_forward, parts),
        translate=partial(_translate, parts.bridge) if _can_translate(parts) else None,
        language=settings.desk.language,
        hours=rules.hours,
    )
    for adapter in parts.channels.get("slack", ()):
        if isinstance(adapter, SlackAdapter):
            adapter.open_desk(backing)


def _can_translate(parts: Parts) -> bool:
    return parts.bridge is not None and parts.bridge.can_translate


async def _translate(bridge: Bridge | None, head: Head, entry: Entry, language: str) -> str | None:
    """None: it is in that language already. Raises `TranslationFailed`."""
    note = await need(bridge).translate_entry(head.id, entry.seq, language=language)
    return note.text if note is not None else None


async def _find(reader: ArchiveReader, words: str, limit: int) -> list[dict[str, Any]]:
    return (await reader.list_conversations(q=words, limit=limit)).items


async def _put_forward(parts: Parts, head: Head, article: Article, author: Author) -> str:
    return await put_forward(
        parts.database, parts.bus.log, head, question=article.question, answer=article.answer,
        category=article.category, language=article.language, by=author.name or author.id or "",
    )  # fmt: skip


async def _figures(pulse: DeskPulse, queue: DeskQueue, database: Database) -> dict[str, str]:
    """The desk now, and the last seven days."""
    now = datetime.now(UTC)
    told = await read_statistics(database, now - _WEEK, now)
    lately = await pulse.first_reply_seconds()
    mood = told["csat"]
    figures = {
        "Waiting for a word": str(await pulse.waiting()),
        "Open cases": str(len(await queue.list(limit=200))),
        "First reply lately": _span(lately),
        "Cases in 7 days": str(told["volumes"]["cases"]),
        "Resolved by the AI": str(told["resolution"]["by_ai"]),
        "Resolved by people": str(told["resolution"]["by_people"]),
        "First reply of people (median)": _span(told["first_human_reply"]["p50_seconds"]),
        "Time to resolution (median)": _span(told["resolution_time"]["p50_seconds"]),
    }
    if mood["count"]:
        figures["Satisfied"] = f"{mood['positive_share']:.0%} of {mood['count']}"
    return figures


def _span(seconds: float | None) -> str:
    """A time in words that are read at a glance."""
    if seconds is None:
        return "not known yet"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
