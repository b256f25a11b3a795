"""How a conversation's case stands, read from the log: who has it, until when it rests, what waits.

Above: the desks (Socket.IO, REST). Below: `core.bus.log`, the fold of `core.escalation.standing`.
"""

from __future__ import annotations

from typing import Any

import structlog
from pydantic import ValidationError

from core.bus.log import RedisLog
from core.conversation import Head
from core.escalation.case import Case
from core.escalation.standing import Standing, standing_of
from core.messages import Entry

_log = structlog.get_logger("desk")
_PAGE = 1_000
_MOST = 10_000
# What was said before people came in tells since when the customer waits.
_BEFORE = 50


async def read_case(log: RedisLog, head: Head) -> Case | None:
    """The hand-over of the case that is open, or was last; None when a person came in unasked."""
    if not head.case:
        return None
    receipt = await log.receipt(head.id, head.case)
    found: Any = (receipt or {}).get("case")
    if not found:
        return None
    try:
        return Case.model_validate(found)
    except ValidationError:
        _log.warning("case_unreadable", conversation=head.id)
        return None


async def read_standing(log: RedisLog, head: Head) -> Standing:
    """The standing now; that of a conversation without people is empty."""
    if not head.case:
        return Standing(seq=0)
    entries: list[Entry] = []
    after = max(0, head.case - _BEFORE)
    while len(entries) < _MOST:
        page = await log.entries(head.id, after=after, limit=_PAGE)
        entries += page
        if len(page) < _PAGE:
            break
        after = page[-1].seq
    return standing_of(entries, await read_case(log, head), start=head.case)
