"""The record of a case that no turn of the AI opened: beside the receipts, and in the journal.

Above: the case keeper. Below: `calls`, `keys`, `scripts`. Whoever asks for the receipt of the
sequence at which a case begins finds its `case`, however it was opened.
"""

from __future__ import annotations

from typing import Any

import orjson

from core.bus import scripts
from core.bus.calls import Calls
from core.bus.keys import ConversationKeys, journal_key
from core.conversation import Claim


async def note_case(calls: Calls, claim: Claim, case: dict[str, Any]) -> bool:
    """Keep it, unless there is one. The claim is one of `case`. False: stale lease."""
    keys = ConversationKeys.of(claim.conversation)
    receipt = orjson.dumps({"outcome": "case", "case": case}).decode()
    names = [keys.head, keys.turns, journal_key(keys.shard)]
    args = [claim.token, claim.conversation, claim.head.case, receipt]
    return bool(await calls.script(scripts.NOTE_CASE, names, args))
