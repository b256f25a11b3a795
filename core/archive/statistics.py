"""What happened in a stretch of time: volumes, reasons, resolution, times, money, ratings, drafts.

Above: `GET /stats`, the console's plots, `switchboard stats`, reports. Below: `rollup` (what is
counted, and when), `drafts`. Lags the log by a moment.

Things count in the hour in which they happened: conversations and how they stand in that of their
beginning, closings and ratings in that of the last one of each conversation.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from core.archive.database import Database
from core.archive.drafts import by_intent, read_draft_figures
from core.archive.rollup import Counted, Sums, read_counted
from core.archive.rollup_tables import HOUR_COLUMNS
from core.archive.tables import conversations
from core.learning.measure import Tally
from core.messages import format_time

# Nobody came back for so long: what the AI said has settled it, as far as anybody can tell.
QUIET = timedelta(hours=24)
_SCORES = {"up": 5, "down": 1, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5}
_POSITIVE = 4
_MILLION = 1_000_000
_AUTHORS = ("customer", "ai", "human_agent", "system")


async def read_statistics(
    database: Database, since: datetime, until: datetime, *, now: datetime | None = None
) -> dict[str, Any]:
    """The shape of `GET /stats`."""
    now = now or datetime.now(UTC)
    (found, lively), drafts = await asyncio.gather(
        _read(database, since, until, now),
        read_draft_figures(database, since=since, until=until),
    )
    turned = found.of("turns")
    return {
        "from": format_time(since),
        "to": format_time(until),
        "volumes": _volumes(found),
        "channels": _counted((a, sums) for a, _, sums in found.of("begun")),
        "languages": _counted((b, sums) for _, b, sums in found.of("begun")),
        "intents": _counted((a, sums) for a, b, sums in found.of("intents") if b != "draft"),
        "resolution": _resolution(found, lively),
        "escalation_reasons": _counted((a or "request", sums) for a, _, sums in found.of("cases")),
        "first_reply": _times(found, "first_reply"),
        "first_human_reply": _times(found, "first_human"),
        "resolution_time": _times(found, "resolution"),
        "tokens": sum(sums[2] for _, _, sums in turned),
        "cost": sum(sums[3] for _, _, sums in turned) / _MILLION,
        "errors": _errors(found),
        "csat": _ratings(found),
        "drafts": {
            **sum_tallies([item.tally for item in drafts]).show(),
            "open": sum(item.open for item in drafts),
            "by_intent": {name: tally.show() for name, tally in by_intent(drafts).items()},
        },
        "specialists": _specialists(found),
        "hours": [_hour(name, found.hours[name]) for name in sorted(found.hours)],
    }


def sum_tallies(tallies: Sequence[Tally]) -> Tally:
    """All together."""
    found = Tally()
    for tally in tallies:
        found = found.plus(tally)
    return found


async def _read(
    database: Database, since: datetime, until: datetime, now: datetime
) -> tuple[Counted, int]:
    """What was counted, and how many of the AI's open conversations were not quiet of late."""
    own = conversations.c
    lively = select(func.count()).where(
        own.updated_at >= now - QUIET, own.created_at >= since, own.created_at < until,
        own.status == "open", own.owner == "ai",
    )  # fmt: skip
    async with database.read() as connection:
        found = await read_counted(connection, since, until)
        return found, (await connection.execute(lively)).scalar_one()


def _counted(pairs: Iterable[tuple[str, Sums]]) -> dict[str, int]:
    """How many of each name, the most first; those without one are left out."""
    counts: Counter[str] = Counter()
    for name, sums in pairs:
        if name:
            counts[name] += sums[0]
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _sum(found: Counted, measure: str, *, but: str | None = None) -> int:
    return sum(sums[0] for _, b, sums in found.of(measure) if b != but)


def _volumes(found: Counted) -> dict[str, Any]:
    said = _counted((a, sums) for a, _, sums in found.of("messages"))
    return {
        "conversations": _sum(found, "begun"),
        "messages": {name: said.get(name, 0) for name in _AUTHORS},
        "turns": _sum(found, "turns", but="draft"),
        "cases": _sum(found, "cases"),
        "closed": _sum(found, "closings"),
        "acts": _counted((a, sums) for a, b, sums in found.of("acts") if b == "human_agent"),
    }


def _resolution(found: Counted, lively: int) -> dict[str, Any]:
    """`confirmed`: somebody said so, by closing it. `assumed`: nobody did, and nobody came back."""
    standing = found.of("standing")
    left_to_ai = sum(sums[0] for a, _, sums in standing if a == "open/ai")
    quiet = max(0, left_to_ai - lively)
    is_open = sum(sums[0] for a, _, sums in standing if a.startswith("open/"))
    total = _sum(found, "standing")
    closed = found.of("closings")
    confirmed = sum(sums[0] for a, _, sums in closed if a == "said")
    assumed = sum(sums[0] for a, _, sums in closed if a == "house") + quiet
    people = sum(sums[0] for _, b, sums in closed if b == "people")
    handed = sum(sums[0] for _, b, sums in standing if b == "handed")
    return {
        "confirmed": confirmed,
        "assumed": assumed,
        "open": is_open - quiet,
        "by_people": people,
        "by_ai": confirmed + assumed - people,
        "escalated_share": round(handed / total, 4) if total else 0.0,
    }


def _quantiles(counts: Iterable[tuple[str, int]]) -> tuple[float | None, float | None]:
    """The 50th and the 95th hundredth in seconds, of milliseconds as they were counted."""
    ordered = sorted((int(value), n) for value, n in counts)
    total = sum(n for _, n in ordered)
    places = ((total - 1) // 2, min(total - 1, int(total * 0.95)))
    found: list[float | None] = []
    for place in places:
        passed = 0
        for value, n in ordered:
            passed += n
            if passed > place:
                found.append(value / 1000)
                break
        else:
            found.append(None)
    return found[0], found[1]


def _times(found: Counted, measure: str) -> dict[str, Any]:
    """Of those that came to their end."""
    rows = found.of(measure)
    count = sum(sums[0] for _, _, sums in rows)
    half, most = _quantiles((a, sums[0]) for a, _, sums in rows)
    took = sum(sums[1] for _, _, sums in rows)
    return {
        "count": count,
        "mean_seconds": round(took / count / 1000, 1) if count else None,
        "p50_seconds": half,
        "p95_seconds": most,
    }


def _errors(found: Counted) -> dict[str, Any]:
    """`failed`: turns that ended with an apology; `without_model`: those that were answered all the
    same, when the model failed or its words did not pass the checks."""
    failed = sum(sums[0] for _, b, sums in found.of("turns") if b == "apology")
    faults = _counted((a, sums) for a, _, sums in found.of("faults"))
    return {
        "failed": failed,
        "without_model": max(0, sum(faults.values()) - failed),
        "by_kind": faults,
    }


def _ratings(found: Counted) -> dict[str, Any]:
    scores: Counter[int] = Counter()
    for value, _, sums in found.of("ratings"):
        if (score := _SCORES.get(value)) is not None:
            scores[score] += sums[0]
    count = scores.total()
    good = sum(n for score, n in scores.items() if score >= _POSITIVE)
    total = sum(score * n for score, n in scores.items())
    return {
        "count": count,
        "mean": round(total / count, 2) if count else None,
        "positive_share": round(good / count, 4) if count else None,
        "scores": {str(score): scores[score] for score in range(1, 6)},
    }


def _specialists(found: Counted) -> list[dict[str, Any]]:
    """The busiest first; `clock` is how they did by the hour of the day, in UTC."""
    by_name: defaultdict[str, list[tuple[str, Sums]]] = defaultdict(list)
    for name, outcome, sums in found.of("turns"):
        if name and outcome != "draft":
            by_name[name].append((outcome, sums))
    pace, clock = _by_first(found, "pace"), _by_first(found, "clock")
    shapes = [
        _specialist(name, rows, pace.get(name, []), clock.get(name, []))
        for name, rows in by_name.items()
    ]
    return sorted(shapes, key=lambda item: (-item["turns"], item["name"]))


def _by_first(found: Counted, measure: str) -> dict[str, list[tuple[str, Sums]]]:
    rows: defaultdict[str, list[tuple[str, Sums]]] = defaultdict(list)
    for a, b, sums in found.of(measure):
        rows[a].append((b, sums))
    return rows


def _specialist(
    name: str,
    rows: list[tuple[str, Sums]],
    pace: list[tuple[str, Sums]],
    clock: list[tuple[str, Sums]],
) -> dict[str, Any]:
    turned, took, tokens, micros = (sum(sums[place] for _, sums in rows) for place in range(4))
    escalated = sum(sums[0] for outcome, sums in rows if outcome == "escalate")
    half, most = _quantiles((value, sums[0]) for value, sums in pace)
    return {
        "name": name,
        "turns": turned,
        "mean_seconds": round(took / turned / 1000, 3),
        "p50_seconds": half,
        "p95_seconds": most,
        "escalated": escalated,
        "escalated_share": round(escalated / turned, 4),
        "failed": sum(sums[0] for outcome, sums in rows if outcome == "apology"),
        "tokens": tokens,
        "cost": micros / _MILLION,
        "clock": [
            {"hour": int(hour), "turns": n, "mean_seconds": round(milliseconds / n / 1000, 3)}
            for hour, (n, milliseconds, *_) in sorted(clock)
        ],
    }


def _hour(name: str, row: dict[str, int]) -> dict[str, Any]:
    """One in which something happened."""
    shape: dict[str, Any] = {"at": f"{name.replace(' ', 'T')}:00:00.000Z"}
    shape |= {column: row[column] for column in HOUR_COLUMNS if column != "micros"}
    return shape | {"cost": row["micros"] / _MILLION}
