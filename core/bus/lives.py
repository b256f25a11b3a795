"""Which life the store is in: a store that was wiped, or is older than the archive, begins another.

Above: `rebuild`; `core.archive.lives` keeps the book in SQL. Below: `calls`, `keys`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from core.bus import scripts
from core.bus.calls import Arg, Calls
from core.bus.keys import meta_key
from core.bus.lines import Line
from core.bus.snapshot import Snapshot

# new: nothing was there. wiped: the store is empty, the archive is not. older: the store is of a
# time before the archive's last write. adopted: the archive is new, or older than the store.
Reason = Literal["new", "wiped", "older", "adopted"]


@dataclass(frozen=True)
class Rebuilt:
    """What a life began with. `kept_until`: when the archive was last written before; what was
    acknowledged after that is lost."""

    conversations: int = 0
    addresses: int = 0
    seconds: float = 0.0
    kept_until: datetime | None = None


@dataclass(frozen=True)
class Life:
    """One line of the archive's book."""

    number: int
    incarnation: str
    reason: str
    began_at: datetime
    mark: int
    written_at: datetime | None
    made: Rebuilt


class LifeBook(Protocol):
    """What the archive tells of the store. All raise `BusUnavailable` when it is away."""

    async def newest(self) -> Life | None:
        """The life that the archive believes in."""
        ...

    async def knows(self, incarnation: str) -> bool:
        """True if there was such a life."""
        ...

    async def begin(self, incarnation: str, reason: str, *, mark: int, made: Rebuilt) -> int:
        """From now on it is this one; what was read from the store under another is refused.
        Returns its mark: this one, or the last one of an earlier life if that is higher."""
        ...

    async def complete(self, incarnation: str, made: Rebuilt) -> None:
        """What was brought back for it is all there."""
        ...

    async def count_open(self) -> int:
        """How many conversations should be in the store."""
        ...

    async def open_after(self, conversation: str, *, limit: int) -> Sequence[Snapshot]:
        """Some of them, by their ids."""
        ...

    async def newest_entries(self, found: Sequence[Snapshot]) -> Mapping[str, list[Line]]:
        """What was said last in each of these."""
        ...

    async def addresses_after(self, key: str, *, limit: int) -> Sequence[tuple[str, str]]:
        """Some addresses, by their keys, with the conversations they led to."""
        ...


@dataclass(frozen=True)
class Sign:
    """What the store says of itself. `incarnation` is None in a store that is not whole; `life` is
    what the next or this incarnation is called, None in a store that nobody has looked at yet.

    `run` is another after each start of the server; until it `is_judged`, the store may have come
    back as it was earlier, and still say of itself what it said then.
    """

    incarnation: str | None
    mark: int
    life: str | None = None
    run: str = ""
    is_judged: bool = False

    def is_as(self, other: Sign | None) -> bool:
        """True if nothing can have been lost between the two."""
        return other is not None and (self.life, self.run) == (other.life, other.run)


async def read_sign(calls: Calls) -> Sign:
    """Raises `BusUnavailable`."""
    raw: Any = await calls.script(scripts.SIGN, [meta_key()], [])
    incarnation, life = (name.decode() if name else None for name in (raw[0], raw[2]))
    return Sign(incarnation, int(raw[1] or 0), life or incarnation, raw[4].decode(), bool(raw[3]))


async def note_sign(
    calls: Calls, run: str, fields: Mapping[str, str | int], *, life: str = "", mark: int = 0
) -> bool:
    """Note these of the store, if this is that run of its server, in that life (`""`: in any). The
    mark never falls. False: it is another by now. Raises `BusUnavailable`."""
    pairs = [item for pair in fields.items() for item in pair]
    args: list[Arg] = [run, life, mark, *pairs]
    return bool(await calls.script(scripts.NOTE_SIGN, [meta_key()], args))


def judge(sign: Sign, life: Life | None) -> Reason | None:
    """What is amiss between store and archive; None: nothing. Pure."""
    if life is None:
        return "new" if sign.incarnation is None else "adopted"
    if sign.incarnation is None:
        return "wiped"
    if {sign.incarnation, sign.life} != {life.incarnation} or sign.mark < life.mark:
        return "older"
    return "adopted" if sign.mark > life.mark else None
