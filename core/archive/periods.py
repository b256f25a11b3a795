"""Hours, days and months by name, and which of them make up a stretch of time. Pure.

Above: `rollup`, `rolling`. Below: nothing. A name is the beginning of a time in UTC: `2026-01`,
`2026-01-31`, `2026-01-31 09`; so an hour's name begins with its day's, and that with its month's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

HOUR, DAY, MONTH = 13, 10, 7  # how long the names are
_ONE_HOUR = timedelta(hours=1)
Stretch = tuple[datetime, datetime]


@dataclass(frozen=True)
class Plan:
    """How to count a stretch of time: from `rolled` periods, and `raw` stretches from the archive
    itself; `hours` are the whole hours that were rolled (first, and the one behind the last)."""

    rolled: tuple[str, ...] = ()
    raw: tuple[Stretch, ...] = ()
    hours: tuple[str, str] = ("", "")
    stale: frozenset[str] = field(default_factory=frozenset[str])


def hour_name(at: datetime) -> str:
    """The hour that holds this moment."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H")


def start_of(period: str) -> datetime:
    """Its first moment."""
    whole = period + "0001-01-01 00"[len(period) :]
    return datetime.strptime(whole, "%Y-%m-%d %H").replace(tzinfo=UTC)


def end_of(period: str) -> datetime:
    """The first moment behind it."""
    start = start_of(period)
    if len(period) == HOUR:
        return start + _ONE_HOUR
    if len(period) == DAY:
        return start + timedelta(days=1)
    return (start + timedelta(days=32)).replace(day=1)


def above(period: str) -> str | None:
    """The day of an hour, the month of a day; None: a month."""
    return {HOUR: period[:DAY], DAY: period[:MONTH]}.get(len(period))


def plan(since: datetime, until: datetime, stale: Collection[str]) -> Plan:
    """The largest periods that are not stale, and the rest. `stale` are the names of all that is
    stale."""
    first, last = _hour_up(since), _hour_down(until)
    if first >= last:
        return Plan(raw=((since, until),) if since < until else ())
    unsound = {name[:length] for name in stale for length in (MONTH, DAY, HOUR)}
    rolled: list[str] = []
    raw: list[Stretch] = [(since, first)] if since < first else []
    for name in _largest(first, last, unsound):
        if name in unsound:
            raw.append((start_of(name), end_of(name)))
        else:
            rolled.append(name)
    if last < until:
        raw.append((last, until))
    hours = (hour_name(first), hour_name(last))
    dirty = frozenset(name for name in unsound if len(name) == HOUR)
    return Plan(tuple(rolled), tuple(_joined(raw)), hours, dirty)


def _largest(first: datetime, last: datetime, unsound: Collection[str]) -> Iterator[str]:
    at = first
    while at < last:
        hour = hour_name(at)
        for length in (MONTH, DAY, HOUR):
            name = hour[:length]
            fits = start_of(name) == at and end_of(name) <= last
            if length == HOUR or (fits and name not in unsound):
                yield name
                at = end_of(name)
                break


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Neighbours as one."""
    open_one: Stretch | None = None
    for start, end in stretches:
        if open_one is not None and open_one[1] == start:
            open_one = (open_one[0], end)
        else:
            if open_one is not None:
                yield open_one
            open_one = (start, end)
    if open_one is not None:
        yield open_one


def _hour_down(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _hour_up(at: datetime) -> datetime:
    down = _hour_down(at)
    return down if down == at else down + _ONE_HOUR
