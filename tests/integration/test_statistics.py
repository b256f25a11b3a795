"""Statistics: counted in the database, the same in both kinds of it, whatever came twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import alembic.command
from alembic.config import Config
from sqlalchemy import Connection, Table

from core.archive.database import MIGRATIONS, Database
from core.archive.staleness import mark_everything
from core.archive.statistics import read_statistics
from core.archive.tables import cases, conversations, entries, turns

START = datetime(2026, 1, 5, tzinfo=UTC)
END = START + timedelta(days=7)


class Book:
    """Rows as the archive's writer leaves them."""

    def __init__(self) -> None:
        self.rows: dict[Table, list[dict[str, Any]]] = {
            table: [] for table in (conversations, entries, turns, cases)
        }

    def talk(self, name: str, at: datetime, **fields: Any) -> None:
        self.rows[conversations].append(
            {
                "id": name, "channel": "web", "status": "open", "owner": "ai", "language": "en",
                "entries": 9, "tokens_used": 0, "cost": 0.0, "created_at": at, "updated_at": at,
            } | fields
        )  # fmt: skip

    def entry(self, name: str, seq: int, at: datetime, role: str, **fields: Any) -> None:
        kind = "control" if fields.get("action") else "message"
        self.rows[entries].append(
            {
                "conversation": name, "seq": seq, "event": f"{name}:{seq}", "at": at, "role": role,
                "kind": kind, "text": "…", "folded": "…", "action": None, "value": None,
                "body": {"reason": fields.pop("reason", None), "text": "…" * 50},
            } | fields
        )  # fmt: skip

    def turn(self, name: str, seq: int, at: datetime, **fields: Any) -> None:
        self.rows[turns].append(
            {
                "conversation": name, "seq": seq, "at": at, "specialist": "billing",
                "intent": "refund", "outcome": "reply", "milliseconds": 500.0, "tokens": 10,
                "cost": 0.01, "receipt": {"stages": {"a": 1.0}},
            } | fields
        )  # fmt: skip

    def case(self, name: str, seq: int, at: datetime, reason: str = "complaint") -> None:
        self.rows[cases].append(
            {
                "conversation": name, "seq": seq, "at": at, "reason": reason, "rule": "r",
                "priority": "high", "language": "en", "body": {},
            }
        )  # fmt: skip

    def forget(self, *names: str) -> None:
        """Rows of an archive that had no such columns yet."""
        for table in (entries, turns):
            self.rows[table] = [
                {name: value for name, value in row.items() if name not in names}
                for row in self.rows[table]
            ]

    async def write(self, database: Database, *, marked: bool = True) -> None:
        async with database.write() as connection:
            for table, rows in self.rows.items():
                for first in range(0, len(rows), 5_000):
                    await connection.execute(table.insert(), rows[first : first + 5_000])
            if marked:
                await mark_everything(connection)


def seconds(at: datetime, number: float) -> datetime:
    return at + timedelta(seconds=number)


async def test_what_happened_is_counted_to_the_last_figure(database: Database) -> None:
    book, at = Book(), START + timedelta(hours=9)
    # Answered by the AI in 2 s and rated; nobody came back.
    book.talk("a", at)
    book.entry("a", 1, at, "customer")
    book.entry("a", 2, seconds(at, 2), "ai")
    book.turn("a", 2, seconds(at, 2))
    book.entry("a", 3, seconds(at, 5), "customer", action="rate", value="down")
    book.entry("a", 4, seconds(at, 9), "customer", action="rate", value="up")
    # Handed over, answered by a person after 60 s, closed after 10 min.
    book.talk("b", at, channel="email", status="closed", owner="nobody", language="cs")
    book.entry("b", 1, at, "customer")
    book.entry("b", 2, seconds(at, 4), "ai")
    book.turn("b", 2, seconds(at, 4), outcome="escalate", milliseconds=1500.0)
    book.case("b", 2, seconds(at, 4))
    book.entry("b", 3, seconds(at, 64), "human_agent")
    book.turn("b", 4, seconds(at, 70), outcome="draft", tokens=5)
    book.entry("b", 5, seconds(at, 600), "human_agent", action="close", reason="solved")
    # Opened by a program, and still open.
    book.talk("c", seconds(at, 3600), owner="human", updated_at=END)
    book.entry("c", 1, seconds(at, 3600), "human_agent", action="escalate", reason="outage")
    book.case("c", 1, seconds(at, 3600), "outage")
    # Before and behind the stretch of time.
    for name, when in (("before", seconds(START, -1)), ("behind", END)):
        book.talk(name, when)
        book.entry(name, 1, when, "customer")
        book.turn(name, 2, when)
        book.case(name, 2, when)
    await book.write(database)
    found = await read_statistics(database, START, END, now=END)
    assert found["volumes"] == {
        "conversations": 3, "messages": {"customer": 2, "ai": 2, "human_agent": 1, "system": 0},
        "turns": 2, "cases": 2, "closed": 1, "acts": {"close": 1, "escalate": 1},
    }  # fmt: skip
    assert found["channels"] == {"web": 2, "email": 1}
    assert found["languages"] == {"en": 2, "cs": 1}
    assert found["intents"] == {"refund": 2}
    assert found["escalation_reasons"] == {"complaint": 1, "outage": 1}
    assert found["resolution"] == {
        "confirmed": 1, "assumed": 1, "open": 1, "by_people": 1, "by_ai": 1,
        "escalated_share": 0.6667,
    }  # fmt: skip
    assert found["first_reply"] == {
        "count": 2,
        "mean_seconds": 3.0,
        "p50_seconds": 2.0,
        "p95_seconds": 4.0,
    }
    assert found["first_human_reply"]["p50_seconds"] == 60.0
    assert found["resolution_time"]["p50_seconds"] == 600.0
    assert (found["tokens"], found["cost"]) == (25, 0.03)
    assert (found["csat"]["count"], found["csat"]["mean"]) == (1, 5.0)
    assert found["drafts"]["n"] == 0
    assert found["specialists"] == [
        {"name": "billing", "turns": 2, "mean_seconds": 1.0, "p50_seconds": 0.5,
         "p95_seconds": 1.5, "escalated": 1, "escalated_share": 0.5, "failed": 0, "tokens": 20,
         "cost": 0.02, "clock": [{"hour": 9, "turns": 2, "mean_seconds": 1.0}]}
    ]  # fmt: skip
    first, second = found["hours"]
    assert (first["at"], first["conversations"], first["customer"], first["cases"]) == (
        "2026-01-05T09:00:00.000Z", 2, 2, 1,
    )  # fmt: skip
    assert (second["at"], second["conversations"]) == ("2026-01-05T10:00:00.000Z", 1)


async def test_of_nothing_there_is_nothing_and_no_error(database: Database) -> None:
    found = await read_statistics(database, START, END, now=END)
    assert found["volumes"]["conversations"] == 0
    assert found["first_reply"]["p95_seconds"] is None
    assert found["csat"]["mean"] is None
    assert found["hours"] == []


def to_revision(connection: Connection, revision: str) -> None:
    """Bring the tables back to an older revision."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    alembic.command.downgrade(config, revision)


async def test_what_the_archive_held_before_is_counted_too(database: Database) -> None:
    async with database.write() as connection:
        await connection.run_sync(to_revision, "0007_learning")
    at = START + timedelta(hours=1)
    book = Book()
    book.talk("a", at)
    book.entry("a", 1, at, "customer", body={"action": "rate", "value": "up"}, kind="control")
    receipt = {"outcome": "reply", "milliseconds": 20.0, "tokens": {"in": 3, "out": 4},
               "cost": 0.5, "triage": {"intent": "refund"}}  # fmt: skip
    book.turn("a", 2, at, receipt=receipt)
    book.forget("action", "value", "intent", "outcome", "milliseconds", "tokens", "cost")
    await book.write(database, marked=False)
    await database.migrate()
    found = await read_statistics(database, START, END, now=END)
    assert found["csat"]["count"] == 1
    assert (found["intents"], found["tokens"], found["cost"]) == ({"refund": 1}, 7, 0.5)


async def test_what_happened_twice_in_a_conversation_counts_once(database: Database) -> None:
    book, at = Book(), START + timedelta(hours=9)
    # Closed by the house, opened again, closed by the customer two days later; rated twice.
    book.talk("a", at, status="closed", owner="nobody", updated_at=at + timedelta(days=2))
    book.entry("a", 1, at, "customer")
    book.entry("a", 2, seconds(at, 10), "ai")
    book.turn("a", 2, seconds(at, 10), fault="model_timeout", milliseconds=9_000.0, tokens=100)
    book.entry("a", 3, seconds(at, 60), "system", action="close")
    book.entry("a", 4, seconds(at, 70), "customer", action="rate", value="1")
    book.entry("a", 5, at + timedelta(days=1), "customer")
    book.entry("a", 6, seconds(at + timedelta(days=1), 5), "ai")
    book.turn("a", 6, seconds(at + timedelta(days=1), 5), outcome="apology", fault="ValueError")
    book.entry("a", 7, at + timedelta(days=2), "customer", action="close")
    book.entry("a", 8, seconds(at + timedelta(days=2), 9), "customer", action="rate", value="4")
    # A program opens a case: there is its act, and the hand-over that was made of it. The case is
    # closed and opened again by a person, so the conversation is open.
    book.talk("b", at, owner="human", updated_at=at + timedelta(days=1))
    book.entry("b", 1, at, "human_agent", action="escalate", reason="outage")
    book.case("b", 1, at, "outage")
    book.entry("b", 2, seconds(at, 600), "human_agent")
    book.entry("b", 3, seconds(at, 700), "human_agent", action="close")
    book.entry("b", 4, at + timedelta(days=1), "customer")
    await book.write(database)
    found = await read_statistics(database, START, END, now=END)
    assert found["volumes"]["cases"] == 1 and found["escalation_reasons"] == {"outage": 1}
    assert found["volumes"]["closed"] == 1
    assert found["resolution"] == {
        "confirmed": 1, "assumed": 0, "open": 1, "by_people": 0, "by_ai": 1,
        "escalated_share": 0.5,
    }  # fmt: skip
    assert found["resolution_time"] == {
        "count": 1, "mean_seconds": 172_800.0, "p50_seconds": 170_000.0, "p95_seconds": 170_000.0,
    }  # fmt: skip
    assert found["csat"]["scores"] == {"1": 0, "2": 0, "3": 0, "4": 1, "5": 0}
    assert found["errors"] == {
        "failed": 1, "without_model": 1, "by_kind": {"ValueError": 1, "model_timeout": 1},
    }  # fmt: skip
    (billing,) = found["specialists"]
    assert (billing["turns"], billing["failed"], billing["tokens"]) == (2, 1, 110)
    assert (billing["p50_seconds"], billing["p95_seconds"]) == (0.5, 9.0)
    assert [hour["turns"] for hour in billing["clock"]] == [2]
    assert found["first_reply"]["count"] == 1
    assert found["first_human_reply"]["p95_seconds"] == 600.0
    # The first day alone: what was undone later is not told of it.
    first = await read_statistics(database, START, START + timedelta(days=1), now=END)
    assert first["volumes"]["closed"] == 0 and first["csat"]["count"] == 0
    assert first["volumes"]["cases"] == 1
