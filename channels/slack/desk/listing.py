"""Cases as lines of a list, with a link to each thread. For the command and the App Home.

Above: `commands`, `home`. Below: `backing`, `inbox_case`, `blocks`. The list is the archive's,
which lags by a moment; who has a case is the log's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.slack.desk import ids
from channels.slack.desk.backing import Backing
from channels.slack.desk.blocks import Block, button, cut, safe, section, when
from channels.slack.desk.inbox_case import CaseNow, Cases, last_words
from channels.slack.desk.people import Person
from core.errors import NotFound
from core.ids import ConversationId

MOST = 10
_LOOKED_AT = 60
_PRIORITY = {"urgent": "🔴", "high": "🟠", "medium": "🟡", "low": "⚪"}


@dataclass(frozen=True)
class Line:
    """One conversation of the list."""

    row: dict[str, Any]
    case: CaseNow
    link: str | None

    def block(self) -> Block:
        """As a section, its thread behind a button."""
        words = section(self._words())
        if self.link is None:
            return words
        open_ = button(ids.OPEN, "Open", ids.button_value(self.case.head.id)) | {"url": self.link}
        return {**words, "accessory": open_}

    def _words(self) -> str:
        head, standing = self.case.head, self.case.standing
        priority = head.priority or standing.priority or str(self.row.get("priority") or "medium")
        summary = str(self.row.get("summary") or head.summary or "")
        opened: dict[str, Any] = self.row.get("case") or {}
        reason = str(opened.get("reason") or standing.reason or "a person")
        asked = last_words(self.case.entries)[0]
        said = summary or (asked.text if asked else "") or reason.replace("_", " ")
        title = safe(cut(said, 140))
        facts = [_owner(self.case), safe(str(self.row.get("channel") or ""))]
        since = standing.waiting_since or _moment(self.row.get("waiting_since"))
        if since is not None and not self.case.is_closed:
            facts.append(f"waits since {when(since)}")
        if standing.snoozed_until is not None:
            facts.append(f":zzz: until {when(standing.snoozed_until)}")
        told = " · ".join(one for one in facts if one)
        return f"{_PRIORITY.get(priority, '🟡')} *{title}*\n{told}"


class Listing:
    """Reads the lists."""

    def __init__(self, backing: Backing, cases: Cases) -> None:
        self._backing = backing
        self._cases = cases

    async def open(self, holder: str | None = None) -> list[Line]:
        """Conversations of people, or of the person of this name, the most pressing first."""
        if self._backing.queue is None:
            return []
        rows = await self._backing.queue.list(holder=holder, limit=_LOOKED_AT)
        lines = [await self._line(row) for row in rows]
        return [line for line in lines if line is not None and line.case.head.owner == "human"]

    async def mine(self, person: Person) -> list[Line]:
        """Those that this person has, however many others wait before them."""
        lines = await self.open(person.author.name)
        return [line for line in lines if line.case.is_held_by(person)]

    async def find(self, words: str) -> list[Line]:
        """Conversations in which this was said, or the one of this id."""
        if self._backing.find is None:
            return []
        lines = [await self._line(row) for row in await self._backing.find(words, MOST)]
        return [line for line in lines if line is not None]

    async def _line(self, row: dict[str, Any]) -> Line | None:
        try:
            case = await self._cases.now(ConversationId(str(row["id"])))
        except NotFound:
            return None
        return Line(row, case, await self._cases.link(case.head))


def _owner(case: CaseNow) -> str:
    if case.head.status == "closed":
        return "closed"
    if case.head.owner == "ai":
        return "the AI"
    return f"*{safe(case.standing.holder)}*" if case.standing.holder else "nobody yet"


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
