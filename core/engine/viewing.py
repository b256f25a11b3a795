"""A conversation as one specialist sees it: for people who look, and for other systems.

Above: REST, MCP. Below: the log, the registry, `core.customers.brief`, `core.specialists.sight`.
The same rules as for a turn: the customer's data by category, what others looked up by its outcome.
"""

from __future__ import annotations

import asyncio
from typing import Any

from core.conversation import Head
from core.customers.brief import Brief, Briefing
from core.engine.systems import subject_of
from core.errors import NotFound
from core.ids import ConversationId
from core.messages import Entry, format_time
from core.ports import Log
from core.specialists.registry import SpecialistRegistry
from core.specialists.sight import brief_seen, category_of, shown_result
from core.specialists.spec import SpecialistSpec

_MOST_WORDS = 50
_MOST_TURNS = 10
_MOST_READ = 500


class SpecialistViews:
    """Serves `GET /conversations/{id}/view`."""

    def __init__(
        self, log: Log, registry: SpecialistRegistry, briefing: Briefing | None = None
    ) -> None:
        self._log = log
        self._registry = registry
        self._briefing = briefing

    async def view(
        self, conversation: ConversationId, specialist: str | None = None
    ) -> dict[str, Any]:
        """As plain JSON values; without a name, that of the specialist who has it. Raises
        `NotFound` for a conversation or a specialist that there is not."""
        head = await self._log.head(conversation)
        spec = self._registry.find(specialist or head.specialist)
        if spec is None and specialist is not None:
            raise NotFound("no such specialist")
        spec = spec or self._registry.fallback
        after = max(0, head.seq - _MOST_READ)
        entries = await self._log.entries(conversation, after=after, limit=_MOST_READ)
        brief, tools = await asyncio.gather(
            self._brief(head), self._tools(conversation, entries, spec)
        )
        return {
            "conversation": head.id,
            "specialist": spec.name,
            "sees": list(spec.sight),
            "language": head.language,
            "priority": head.priority,
            "summary": head.summary,
            "customer": brief_seen(brief, spec.sight) if brief else {},
            "words": [_word(entry) for entry in entries if entry.kind == "message"][-_MOST_WORDS:],
            "tools": tools,
        }

    async def _brief(self, head: Head) -> Brief | None:
        return await self._briefing.look(subject_of(head)) if self._briefing else None

    async def _tools(
        self, conversation: ConversationId, entries: list[Entry], spec: SpecialistSpec
    ) -> list[dict[str, Any]]:
        """What the last turns looked up and did, as this specialist is shown it."""
        answers = [e.seq for e in entries if e.kind == "message" and e.author.role == "ai"]
        found = await asyncio.gather(
            *(self._log.receipt(conversation, seq) for seq in answers[-_MOST_TURNS:])
        )
        return [
            {
                "seq": seq,
                "tool": tool["name"],
                "about": category_of(tool["name"]),
                "ok": tool["ok"],
                "result": shown_result(tool["name"], tool["result"], spec.sight),
            }
            for seq, receipt in zip(answers[-_MOST_TURNS:], found, strict=True)
            for tool in (receipt or {}).get("tools", ())
        ]


def _word(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq, "at": format_time(entry.at), "role": entry.author.role,
        "specialist": entry.author.specialist, "text": entry.text,
    }  # fmt: skip
