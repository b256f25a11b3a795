"""Which conversation an address leads to.

Above: `log`, `rebuild`, `graves`, `bygone`. Below: `calls`, `keys`, `scripts`.

Each change is noted for the archive, so that addresses lead to the same conversations after a loss
of the store.
"""

from __future__ import annotations

from core.bus import scripts
from core.bus.calls import Calls
from core.bus.keys import shard_of_key, touched_key


async def lead(
    calls: Calls, key: str, conversation: str, *, anyway: bool = False, note: bool = True
) -> str | None:
    """Let the address of this key lead there, unless it leads somewhere already; `anyway`: also
    then. Returns where it led before. `note`: the archive does not know yet."""
    names = [key, touched_key(shard_of_key(key))]
    before = await calls.script(scripts.BIND, names, [conversation, int(anyway), int(note)])
    return before.decode() if before else None


async def lead_away(calls: Calls, key: str, conversation: str) -> bool:
    """The address of this key leads there no more; False: it did not (any more)."""
    names = [key, touched_key(shard_of_key(key))]
    return bool(await calls.script(scripts.UNBIND, names, [conversation]))
