"""How busy each specialist was: turns, seconds and hand-overs to people, from the receipts.

Above: `GET /specialists`. Below: `database`, `tables`. Every process that reads it sees the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, func, select

from core.archive.database import Database
from core.archive.tables import turns

_P95 = 0.95


@dataclass(frozen=True)
class Load:
    """What one specialist did in a stretch of time; `escalated` is the share of its turns that
    ended with a person taking over."""

    turns: int = 0
    mean_seconds: float = 0.0
    p95_seconds: float = 0.0
    escalated: float = 0.0


async def read_loads(
    database: Database, *, now: datetime | None = None, over: timedelta = timedelta(hours=1)
) -> dict[str, Load]:
    """By specialist, for the time up to `now`; who did nothing is not in it."""
    since = (now or datetime.now(UTC)) - over
    async with database.read() as connection:
        rows = (await connection.execute(_query(since))).mappings().all()
    return {
        row["specialist"]: Load(
            turns=row["turns"],
            mean_seconds=round(row["mean"] / 1000, 3),
            p95_seconds=round(row["p95"] / 1000, 3),
            escalated=round(row["escalated"] / row["turns"], 4),
        )
        for row in rows
    }


def _query(since: datetime) -> Select[Any, int, Any, Any, Any]:
    """One row for each specialist. Neither database computes quantiles in the same words, so the
    95th percentile is the first duration that so many are not above."""
    took = turns.c.receipt["milliseconds"].as_float()
    whose = turns.c.specialist
    each = (
        select(
            whose.label("specialist"),
            func.coalesce(took, 0.0).label("took"),
            turns.c.receipt["outcome"].as_string().label("outcome"),
            func.row_number().over(partition_by=whose, order_by=func.coalesce(took, 0.0))
            .label("place"),
            func.count().over(partition_by=whose).label("turns"),
        )
        .where(turns.c.at >= since, whose.is_not(None))
        .subquery()
    )  # fmt: skip
    return select(
        each.c.specialist,
        func.count().label("turns"),
        func.avg(each.c.took).label("mean"),
        func.sum(case((each.c.outcome == "escalate", 1), else_=0)).label("escalated"),
        func.min(case((each.c.place >= _P95 * each.c.turns, each.c.took))).label("p95"),
    ).group_by(each.c.specialist)
