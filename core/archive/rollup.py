"""What happened in a stretch of time: from what was counted in advance, and the rest counted now.

Above: `statistics`. Below: `periods`, `counting`, `rollup_tables`. The same figures come out
whatever was counted in advance, because every figure belongs to one hour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.counting import figures
from core.archive.periods import DAY, HOUR, MONTH, Plan, hour_name, plan
from core.archive.rollup_tables import HOUR_COLUMNS, rolled_figures, rolled_hours, stale_periods

# The sums of a figure, in the order of its columns.
SUMS = ("n", "milliseconds", "tokens", "micros")
Sums = list[int]
Key = tuple[str, str, str]


def _no_totals() -> defaultdict[Key, Sums]:
    return defaultdict(lambda: [0, 0, 0, 0])


@dataclass
class Counted:
    """The sums of each measure, `a` and `b`; and the hours in which something happened."""

    totals: defaultdict[Key, Sums] = field(default_factory=_no_totals)
    hours: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])

    def of(self, measure: str) -> list[tuple[str, str, Sums]]:
        """`a`, `b` and the sums of one measure, in order."""
        keys = sorted(key for key in self.totals if key[0] == measure)
        return [(key[1], key[2], self.totals[key]) for key in keys]

    def add(self, rows: Iterable[Any]) -> None:
        """Rows of measure, a, b and the sums."""
        for measure, a, b, *sums in rows:
            kept = self.totals[measure, a, b]
            for place, value in enumerate(sums):
                kept[place] += int(value)


async def count_stretch(
    connection: AsyncConnection, since: datetime, until: datetime
) -> Sequence[Any]:
    """Every figure of every hour, from the archive itself."""
    query = figures(connection.dialect.name)
    return (await connection.execute(query, {"since": since, "until": until})).all()


async def read_counted(connection: AsyncConnection, since: datetime, until: datetime) -> Counted:
    """From `since`, and before `until`."""
    found = Counted()
    steps = plan(since, until, await _stale(connection, since, until))
    for start, end in steps.raw:
        rows = await count_stretch(connection, start, end)
        found.add(row[1:] for row in rows)
        merge_hours(found.hours, rows)
    if steps.rolled:
        found.add(await _rolled(connection, steps))
    for row in await _hours(connection, steps):
        if row[0] not in steps.stale:
            found.hours[row[0]] = dict(zip(HOUR_COLUMNS, row[1:], strict=True))
    return found


def merge_hours(hours: dict[str, dict[str, int]], rows: Iterable[Any]) -> None:
    """The rows for plots that these figures make."""
    for hour, measure, a, _, n, _, tokens, micros in rows:
        if measure not in {"messages", "begun", "cases", "turns"}:
            continue
        kept = hours.setdefault(hour, dict.fromkeys(HOUR_COLUMNS, 0))
        if measure == "begun":
            kept["conversations"] += n
        elif measure != "messages":
            kept[measure] += n
            kept["tokens"] += int(tokens)
            kept["micros"] += int(micros)
        elif a in kept:
            kept[a] += n


async def _stale(connection: AsyncConnection, since: datetime, until: datetime) -> list[str]:
    """The marks of the hours, days and months that touch this stretch."""
    own = stale_periods.c.period
    first, last = hour_name(since), hour_name(until)
    rules = [own.between(first[:length], last[:length]) for length in (MONTH, DAY, HOUR)]
    return list((await connection.execute(select(own).where(or_(*rules)))).scalars())


async def _rolled(connection: AsyncConnection, steps: Plan) -> Sequence[Any]:
    own = rolled_figures.c
    query = (
        select(own.measure, own.a, own.b, *(func.sum(own[name]) for name in SUMS))
        .where(own.period.in_(steps.rolled))
        .group_by(own.measure, own.a, own.b)
    )
    return (await connection.execute(query)).all()


async def _hours(connection: AsyncConnection, steps: Plan) -> Sequence[Any]:
    first, last = steps.hours
    if first >= last:
        return ()
    query = select(rolled_hours).where(rolled_hours.c.hour >= first, rolled_hours.c.hour < last)
    return (await connection.execute(query)).all()
