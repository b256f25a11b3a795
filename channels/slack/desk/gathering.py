"""Gathers a case from the log for whoever draws it. Above: `threads`, `opening`. Below: `core`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import structlog
from pydantic import ValidationError

from channels.slack.desk.transcript import BEFORE
from channels.slack.desk.view import Link, View, name_of
from core.bus.log import RedisLog
from core.escalation.case import Case
from core.escalation.clocks import clocks_of
from core.escalation.rules import EscalationRules
from core.escalation.standing import standing_of
from core.ids import ConversationId
from core.messages import Entry

_log = structlog.get_logger("desk")
_PAGE = 500


class Gathering:
    """Reads cases. `link` gives files an address that opens for a while, if there is one."""

    def __init__(
        self, log: RedisLog, rules: EscalationRules, *, link: Link, keep_withdrawn: bool = True
    ) -> None:
        self._log = log
        self._rules = rules
        self._link = link
        self._keep_withdrawn = keep_withdrawn

    async def view(self, conversation: ConversationId, case: int) -> View:
        """The case as it stands now."""
        head = await self._log.head(conversation)
        entries = await self.entries(conversation, max(1, case - BEFORE), head.seq)
        found = await self._case(conversation, case)
        # What belongs to the next case is not this one's.
        own = [entry for entry in entries if head.case <= case or entry.seq < head.case]
        standing = standing_of(own, found, start=case)
        return View(
            head=head, case=found, standing=standing, customer=name_of(entries, head),
            clocks=clocks_of(standing, self._rules), now=datetime.now(UTC), link=self._link,
            keep_withdrawn=self._keep_withdrawn,
            lead_channel=self._rules.desk.lead_channel,
        )  # fmt: skip

    async def entries(self, conversation: ConversationId, first: int, last: int) -> list[Entry]:
        """The entries from `first` to `last`."""
        found: list[Entry] = []
        at = first - 1
        while at < last:
            page = await self._log.entries(conversation, after=at, limit=_PAGE)
            found += [entry for entry in page if entry.seq <= last]
            if len(page) < _PAGE:
                break
            at = page[-1].seq
        return found

    async def _case(self, conversation: ConversationId, seq: int) -> Case | None:
        """The hand-over, if it was the engine's; a person who came by themselves makes none."""
        receipt: dict[str, Any] = await self._log.receipt(conversation, seq) or {}
        if not (raw := receipt.get("case")):
            return None
        try:
            return Case.model_validate(raw)
        except ValidationError as error:
            _log.warning("case_not_read", conversation=conversation, faults=error.error_count())
            return None
