"""A draft by its entry id: what a person sends, edits or throws away.

Above: the desks (Socket.IO, REST). Below: `core.bus.log`. A draft belongs to the customer's message
that it answers, and goes out as the answer to it.
"""

from __future__ import annotations

from core.bus.log import RedisLog
from core.errors import NotFound
from core.ids import ConversationId
from core.messages import Entry

# A draft answers one of the last messages; who presses a button at an older one sees it is gone.
_LOOKED_BACK = 500


async def find_draft(log: RedisLog, conversation: ConversationId, draft: str) -> Entry:
    """Raises `NotFound`."""
    head = await log.head(conversation)
    after = max(0, head.seq - _LOOKED_BACK)
    for entry in reversed(await log.entries(conversation, after=after, limit=_LOOKED_BACK)):
        if entry.id == draft and entry.kind == "draft":
            return entry
    raise NotFound("no such draft")
