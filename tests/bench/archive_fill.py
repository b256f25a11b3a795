"""Fills an archive with a support desk's half year, the same for the same seed.

Above: `archive`, the smoke test. Below: sqlite3, the archive's own migrations. Texts are sentences
of the sample knowledge in five languages, with numbers that only one conversation has. The rows are
what the follower would have left; written in bulk, past it.
"""

from __future__ import annotations

import json
import math
import random
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.archive.database import Database, open_database
from core.archive.rolling import Roller
from core.archive.searching import fold_words
from core.archive.settings import DatabaseSettings
from core.archive.staleness import mark_everything

KNOWLEDGE = Path(__file__).resolve().parents[2] / "config" / "knowledge"
DAYS = 180
_LANGUAGES = ("en", "cs", "ru", "de", "es")
_CHANNELS = ("web", "web", "web", "telegram", "telegram", "email", "slack", "rest")
_SPECIALISTS = ("technical", "billing", "sales", "general", "supervisor")
_INTENTS = tuple(f"{topic}_{number}" for topic in ("order", "money", "plan") for number in range(8))
_REASONS = ("request", "frustration", "cannot_know", "complaint", "may_not_act")
_BATCH = 2_000
_MEAN_TURNS = 6
Row = tuple[Any, ...]


_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass
class Filled:
    """What was written."""

    conversations: int = 0
    entries: int = 0
    turns: int = 0
    tickets: int = 0
    first: datetime = _NEVER
    last: datetime = _NEVER


@dataclass
class _Rows:
    conversations: list[Row] = field(default_factory=list[Row])
    entries: list[Row] = field(default_factory=list[Row])
    turns: list[Row] = field(default_factory=list[Row])
    cases: list[Row] = field(default_factory=list[Row])
    tickets: list[Row] = field(default_factory=list[Row])


_INSERTS = {
    "conversations": (
        "id, channel, account, chat, contact, status, owner, specialist, language, sentiment,"
        " priority, summary, ticket, entries, tokens_used, cost, created_at, updated_at"
    ),
    "entries": (
        "conversation, seq, event, at, kind, role, specialist, text, folded, body, action, value"
    ),
    "turns": (
        "conversation, seq, at, specialist, receipt, intent, outcome, milliseconds, tokens, cost,"
        " fault"
    ),
    "cases": "conversation, seq, at, contact, reason, rule, priority, language, specialist, body",
    "tickets": (
        "number, key, conversation, contact, level, state, priority, subject, body, tags,"
        " folded, created_at, updated_at"
    ),
}


async def fill(folder: Path, entries: int, *, seed: int = 7, days: int = DAYS) -> Filled:
    """An archive in this folder with so many entries, counted in advance."""
    moments = Moments(random.Random(seed), datetime.now(UTC), days)
    settings = DatabaseSettings.model_validate({"data_dir": folder})
    async with open_database(settings) as database:
        await database.migrate()
        found = write(folder / "switchboard.db", entries, moments)
        await count_in_advance(database, moments.until)
    return found


async def count_in_advance(database: Database, now: datetime) -> int:
    """As the roller of a running gateway would, by and by."""
    async with database.write() as connection:
        await mark_everything(connection)
    return await Roller(database).roll(now)


@dataclass(frozen=True)
class Moments:
    """When things happen: by this chance, in so many days before this moment."""

    chance: random.Random
    until: datetime
    days: int

    def draw(self, count: int) -> list[datetime]:
        """When conversations begin: by day more than by night, on workdays more than on Sundays."""
        found: list[datetime] = []
        while len(found) < count:
            at = self.until - timedelta(seconds=self.chance.random() * self.days * 86_400)
            day = 0.25 + 0.75 * max(0.0, math.sin((at.hour - 5) / 24 * 2 * math.pi))
            week = 0.5 if at.weekday() >= 5 else 1.0
            if self.chance.random() < day * week:
                found.append(at)
        return sorted(found)


def write(path: Path, entries: int, moments: Moments) -> Filled:
    """The rows, in bulk."""
    done = Filled(last=moments.until)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    for rows in _batches(entries, moments, done):
        connection.execute("BEGIN")
        for table, columns in _INSERTS.items():
            places = ",".join("?" * (columns.count(",") + 1))
            statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"
            connection.executemany(statement, getattr(rows, table))
        connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.close()
    return done


def _sentences() -> dict[str, list[str]]:
    """By language, of the sample knowledge."""
    found: dict[str, list[str]] = {}
    for language in _LANGUAGES:
        pages = sorted((KNOWLEDGE / language).rglob("*.md"))
        text = " ".join(re.sub(r"[#*`|>\[\]-]", " ", page.read_text("utf-8")) for page in pages)
        parts = [" ".join(part.split()) for part in re.split(r"(?<=[.!?])\s", text)]
        found[language] = [part for part in parts if 20 < len(part) < 220]
    return found


def _batches(entries: int, moments: Moments, done: Filled) -> Iterator[_Rows]:
    begun = moments.draw(max(1, entries // (2 * _MEAN_TURNS + 2)))
    texts, rows = _sentences(), _Rows()
    done.first = begun[0]
    while done.entries < entries:
        at = begun[min(done.conversations, len(begun) - 1)]
        _converse(rows, moments.chance, at, moments.until, texts, done)
        if len(rows.conversations) >= _BATCH:
            yield rows
            done.turns += len(rows.turns)
            rows = _Rows()
    yield rows
    done.turns += len(rows.turns)


@dataclass
class _Talk:
    """One conversation as it goes on."""

    rows: _Rows
    chance: random.Random
    name: str
    number: int
    specialist: str
    at: datetime
    seq: int = 0
    tokens: int = 0
    cost: float = 0.0

    def say(self, role: str, text: str = "", action: str | None = None, value: str = "") -> None:
        """An entry."""
        self.seq += 1
        self.at += timedelta(seconds=self.chance.choice((2, 3, 5, 20, 60, 300)))
        event, kind = f"{self.name}:{self.seq}", "control" if action else "message"
        body: dict[str, Any] = {
            "seq": self.seq, "id": event, "at": self.at.isoformat(), "author": {"role": role},
            "text": text, "kind": kind,
        }  # fmt: skip
        body |= {"action": action} if action else {}
        self.rows.entries.append(
            (self.name, self.seq, event, _time(self.at), kind, role,
             self.specialist if role == "ai" else None, text, fold_words(text),
             json.dumps(body, ensure_ascii=False), action, value or None)
        )  # fmt: skip

    def turn(self, outcome: str) -> None:
        """The receipt of the AI's last words."""
        chance = self.chance
        used, paid = chance.randrange(200, 3_000), chance.random() / 100
        self.tokens, self.cost = self.tokens + used, self.cost + paid
        fault = "model_timeout" if chance.random() < 0.01 else None
        self.rows.turns.append(
            (self.name, self.seq, _time(self.at), self.specialist,
             json.dumps({"outcome": outcome, "stages": {}}), chance.choice(_INTENTS), outcome,
             chance.lognormvariate(7, 0.8), used, paid, fault)
        )  # fmt: skip

    def hand_over(self, language: str) -> None:
        """A case."""
        self.rows.cases.append(
            (self.name, self.seq, _time(self.at), None, self.chance.choice(_REASONS), "rule",
             "high", language, self.specialist, "{}")
        )  # fmt: skip


def _converse(
    rows: _Rows, chance: random.Random, begun: datetime, until: datetime,
    texts: dict[str, list[str]], done: Filled,
) -> None:  # fmt: skip
    number, language = done.conversations, chance.choice(_LANGUAGES)
    name = f"cv_{number % 64:02d}_{number:022d}"
    talk = _Talk(rows, chance, name, number, chance.choice(_SPECIALISTS), begun)
    handed = chance.random() < 0.15
    for turn in range(1 + int(chance.expovariate(1 / _MEAN_TURNS))):
        talk.say("customer", f"{chance.choice(texts[language])} {number:07d}-{turn}")
        talk.say("human_agent" if handed and turn > 2 else "ai", chance.choice(texts[language]))
        if not (handed and turn > 2):
            talk.turn("escalate" if handed and turn == 2 else "reply")
        if handed and turn == 2:
            talk.hand_over(language)
    closed = chance.random() < 0.7
    if chance.random() < 0.3:
        talk.say("customer", action="rate", value=chance.choice(("up", "up", "down", "4")))
    if closed:
        talk.say(chance.choice(("system", "customer", "human_agent")), action="close")
    contact = f"person-{chance.randrange(1 + number // 2)}"
    if chance.random() < 0.1:
        _ticket(rows, chance, done.tickets, (name, contact), begun, talk.at)
        done.tickets += 1
    rows.conversations.append(
        (name, chance.choice(_CHANNELS), "main", str(number), contact,
         "closed" if closed else "open", "human" if handed and not closed else "ai",
         talk.specialist, language, "neutral", chance.choice(("low", "medium", "high")),
         texts[language][0], None, talk.seq, talk.tokens, talk.cost, _time(begun),
         _time(min(talk.at, until)))
    )  # fmt: skip
    done.conversations += 1
    done.entries += talk.seq


def _ticket(
    rows: _Rows, chance: random.Random, number: int, whose: tuple[str, str], begun: datetime,
    at: datetime,
) -> None:  # fmt: skip
    name, contact = whose
    state = chance.choice(("open", "in_progress", "pending", "resolved", "closed"))
    subject = f"Order {number:07d}"
    rows.tickets.append(
        (f"SW-{number:07d}", f"bench:{number}", name, contact, 1, state,
         chance.choice(("low", "medium", "high", "urgent")), subject, subject, "[]",
         fold_words(subject), _time(begun), _time(at))
    )  # fmt: skip


def _time(at: datetime) -> str:
    """As the archive keeps it in SQLite."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
