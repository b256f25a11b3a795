"""What was counted in advance is what a full count finds, whatever came late or twice."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

from sqlalchemy import func, select, text

from core.archive.database import Database
from core.archive.follower import ArchiveFollower
from core.archive.periods import end_of, plan, start_of
from core.archive.rolling import Roller
from core.archive.rollup import Counted, count_stretch, merge_hours, read_counted
from core.archive.rollup_tables import rolled_figures, stale_periods
from core.bus.journal import JournalRecord
from core.conversation import Head
from core.ids import ConversationId, EntryId
from core.messages import Address, Author, Entry

START = datetime(2026, 1, 28, 21, 30, tzinfo=UTC)
NOW = START + timedelta(days=6)
SPANS = [
    (START - timedelta(days=40), NOW),
    (START + timedelta(hours=7, minutes=13), START + timedelta(days=4, minutes=5)),
    (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC)),
    (START + timedelta(days=2, minutes=5), START + timedelta(days=2, minutes=25)),
    (datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
]


class Bus:
    """The journal that hears what is acknowledged, and the log that knows how things stand."""

    def __init__(self) -> None:
        self.heads: dict[str, Head] = {}

    async def head(self, conversation: ConversationId) -> Head:
        return self.heads[conversation]

    async def ack(self, group: str, batch: Sequence[JournalRecord]) -> None:
        return None


@dataclass
class Street:
    """Conversations as they go on by chance; the same seed makes the same ones."""

    chance: random.Random
    bus: Bus = field(default_factory=Bus)
    count: int = 0
    records: list[JournalRecord] = field(default_factory=list[JournalRecord])

    def go_on(self) -> None:
        if self.count < 40 and (not self.bus.heads or self.chance.random() < 0.15):
            self._begin()
        name = self.chance.choice(sorted(self.bus.heads))
        head = self.bus.heads[name]
        at = head.updated_at + timedelta(seconds=self.chance.choice([2, 40, 900, 9_000]))
        head = head.model_copy(update={"seq": head.seq + 1, "updated_at": min(at, NOW)})
        getattr(self, f"_{self._act(head)}")(head)

    def _act(self, head: Head) -> str:
        if head.seq == 1:
            return "ask"
        return self.chance.choice(
            [
                "ask",
                "ask",
                "answer",
                "answer",
                "answer",
                "person",
                "close",
                "rate",
                "rate",
                "hand_over",
            ]
        )

    def _begin(self) -> None:
        self.count += 1
        at = START + timedelta(seconds=self.chance.randrange(4 * 86_400))
        channel = self.chance.choice(["web", "email"])
        name = f"c{self.count}"
        self.bus.heads[name] = Head(
            id=ConversationId(name), created_at=at, updated_at=at, language="cs",
            address=Address(channel=channel, account="a", chat=name),
        )  # fmt: skip

    def _ask(self, head: Head) -> None:
        self._say(head.model_copy(update={"status": "open"}), "customer", text="Kde je?")

    def _answer(self, head: Head) -> None:
        self._say(head, "ai", text="Tady.")
        triage = {"intent": self.chance.choice(["refund", "login"])}
        self._turn(head, "reply", triage=triage, fallback=self.chance.choice([None, "model_busy"]))

    def _person(self, head: Head) -> None:
        self._say(head.model_copy(update={"owner": "human"}), "human_agent", text="Dobrý den")

    def _close(self, head: Head) -> None:
        head = head.model_copy(update={"status": "closed"})
        self._say(head, self.chance.choice(["customer", "system"]), action="close")

    def _rate(self, head: Head) -> None:
        self._say(head, "customer", action="rate", value=self.chance.choice(["up", "down", "3"]))

    def _hand_over(self, head: Head) -> None:
        self._say(head.model_copy(update={"owner": "human"}), "ai", text="Předávám.")
        self._turn(head, "escalate", case={"reason": self.chance.choice(["request", "legal"])})

    def _say(self, head: Head, role: Any, *, text: str = "", **fields: Any) -> None:
        self.bus.heads[head.id] = head
        entry = Entry(
            seq=head.seq, id=EntryId(f"{head.id}:{head.seq}"), at=head.updated_at, text=text,
            kind="control" if fields else "message", author=Author(role=role), **fields,
        )  # fmt: skip
        self._put("entry", head, entry=entry)

    def _turn(self, head: Head, outcome: str, **receipt: Any) -> None:
        took = self.chance.randrange(5, 90_000) / 7
        receipt |= {
            "outcome": outcome, "milliseconds": took, "tokens": {"in": 11, "out": 5},
            "cost": self.chance.randrange(1, 99) / 7000,
        }  # fmt: skip
        self._put("turn", head, receipt=receipt, specialist="billing")

    def _put(self, kind: Any, head: Head, **fields: Any) -> None:
        number = f"{len(self.records)}-0"
        self.records.append(
            JournalRecord("00", number, kind, head.id, head.seq, head.updated_at, **fields)
        )


async def full_count(database: Database, since: datetime, until: datetime) -> Counted:
    """From the archive itself, in one go."""
    found = Counted()
    async with database.read() as connection:
        rows = await count_stretch(connection, since, until)
    found.add(row[1:] for row in rows)
    merge_hours(found.hours, rows)
    return found


async def rolled_count(database: Database, since: datetime, until: datetime) -> Counted:
    async with database.read() as connection:
        return await read_counted(connection, since, until)


async def test_counted_in_advance_is_what_a_full_count_finds(database: Database) -> None:
    chance = random.Random(1)
    street = Street(chance)
    bus = cast("Any", street.bus)
    follower, roller = ArchiveFollower(bus, bus, database), Roller(database)
    late: list[JournalRecord] = []
    for _ in range(12):
        first = len(street.records)
        for _ in range(20):
            street.go_on()
        batch = street.records[first:]
        late += [batch.pop(chance.randrange(len(batch))) for _ in range(2)]
        again = chance.sample(street.records, k=min(5, len(street.records)))
        await follower.store([*batch, *again])
        if chance.random() < 0.4:
            await follower.store([late.pop(chance.randrange(len(late)))])
        if chance.random() < 0.5:
            await roller.roll(START + timedelta(days=chance.randrange(7)))
        found = await rolled_count(database, *SPANS[1])
        assert found == await full_count(database, *SPANS[1])
    await follower.store(late)
    await roller.roll(NOW + timedelta(days=40))
    for since, until in SPANS:
        counted = await rolled_count(database, since, until)
        assert counted == await full_count(database, since, until)
        assert counted.totals or until < START + timedelta(days=3)
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(stale_periods)) == 0
        months = select(func.count()).where(func.length(rolled_figures.c.period) == 7)
        assert await connection.scalar(months)


async def test_of_whole_months_that_are_over_only_months_are_read(database: Database) -> None:
    street = Street(random.Random(3))
    bus = cast("Any", street.bus)
    for _ in range(60):
        street.go_on()
    await ArchiveFollower(bus, bus, database).store(street.records)
    await Roller(database).roll(NOW + timedelta(days=40))
    since, until = SPANS[-1]
    whole = await full_count(database, since, until)
    async with database.write() as connection:
        await connection.execute(text("DELETE FROM entries"))
        await connection.execute(text("DELETE FROM rolled_figures WHERE length(period) > 7"))
    found = await rolled_count(database, since, until)
    assert found.totals == whole.totals


def test_a_stretch_is_made_of_the_largest_sound_periods_and_the_rest() -> None:
    since = datetime(2026, 1, 30, 22, 30, tzinfo=UTC)
    until = datetime(2026, 3, 2, 1, 0, 1, tzinfo=UTC)
    found = plan(since, until, ["2026-03-01 05"])
    assert found.rolled[:3] == ("2026-01-30 23", "2026-01-31", "2026-02")
    assert "2026-03-01" not in found.rolled and "2026-03-01 04" in found.rolled
    covered = sorted([*found.raw, *((start_of(name), end_of(name)) for name in found.rolled)])
    assert covered[0][0] == since and covered[-1][1] == until
    assert all(one[1] == two[0] for one, two in pairwise(covered))


def test_a_stretch_within_an_hour_is_counted_from_the_archive() -> None:
    since = datetime(2026, 1, 30, 22, 30, tzinfo=UTC)
    assert plan(since, since + timedelta(minutes=5), []).rolled == ()
