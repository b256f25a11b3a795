"""Events of conversations that were erased: a platform that repeats one is told it is stored.

Above: `log`, `core.privacy.erasure`. Below: `addresses`, `calls`, the script `unmake`. What is kept
of such an event is a digest of its id, for as long as a platform may repeat it.
"""

from __future__ import annotations

from hashlib import blake2s

from core.bus import scripts
from core.bus.addresses import lead_away
from core.bus.calls import Calls
from core.bus.keys import ConversationKeys, address_key
from core.conversation import Accepted
from core.messages import InboundEvent


def trace_of(event: str) -> str:
    """What an erased event is known by."""
    return blake2s(event.encode("utf-8", "replace"), digest_size=12, person=b"bygone").hexdigest()


async def turn_away(calls: Calls, shards: int, event: InboundEvent, *, is_new: bool) -> Accepted:
    """The event is a repeat; a conversation that was made for it (`is_new`) is not needed, unless
    something else was said in it meanwhile."""
    head = ConversationKeys.of(event.conversation).head
    if is_new and await calls.script(scripts.UNMAKE, [head], []) and event.address.chat:
        await lead_away(calls, address_key(event.address, shards), event.conversation)
    return Accepted(seq=0, duplicate=True)
