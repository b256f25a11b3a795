"""Words are found in five languages, however they are typed, as long as they are there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from core.archive.database import Database, open_database
from core.archive.searching import MANY, fold_words, says
from core.archive.settings import DatabaseSettings
from core.archive.tables import conversations, entries
from core.privacy.scrubbing import scrub_database

AT = datetime(2026, 3, 1, tzinfo=UTC)
SAID = {
    "cs": "Kde je má objednávka č. 12-345?",
    "ru": "Где мой заказ? Ещё не пришёл.",
    "de": "Die Rücksendung meiner Straßenkarte",
    "es": "¿Dónde está la devolución del cañón?",
    "en": "My café order, snake_case and 50% off",
    "ja": "注文はどこですか",
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def database(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres").create() if postgres else None
    settings = DatabaseSettings.model_validate({"data_dir": tmp_path, "url": url})
    async with open_database(settings) as opened:
        await opened.migrate()
        async with opened.write() as connection:
            await connection.execute(insert(conversations), [_talk(name) for name in SAID])
            await connection.execute(insert(entries), [_entry(*item) for item in SAID.items()])
        yield opened


def _talk(name: str) -> dict[str, Any]:
    return {
        "id": name, "status": "open", "owner": "ai", "entries": 1, "tokens_used": 0, "cost": 0.0,
        "created_at": AT, "updated_at": AT + timedelta(seconds=len(name)),
    }  # fmt: skip


def _entry(name: str, text: str) -> dict[str, Any]:
    return {
        "conversation": name, "seq": 1, "event": name, "at": AT, "kind": "message",
        "role": "customer", "text": text, "folded": fold_words(text), "body": {},
    }  # fmt: skip


async def find(database: Database, words: str, *, many: int = MANY) -> set[str]:
    async with database.read() as connection:
        rule = await says(connection, words, many=many)
        return set((await connection.execute(select(conversations.c.id).where(rule))).scalars())


# `many=0` looks through the newest conversations, as is done for words that are everywhere.
@pytest.mark.parametrize("many", [MANY, 0])
async def test_words_are_found_without_case_and_marks_by_their_beginnings(
    database: Database, many: int
) -> None:
    found = {
        "objednavka": "cs", "OBJEDNÁV": "cs", "12-345": "cs", "345 kde": "cs", "ЗАКАЗ": "ru",
        "еще": "ru", "пришел": "ru", "rucksend": "de", "Strassen": "de", "devolucion": "es",
        "canon": "es", "CAFE": "en", "50%": "en", "snake_c": "en", "注文": "ja",
    }  # fmt: skip
    for words, language in found.items():
        assert await find(database, words, many=many) == {language}, words
    for words in ("bjednavka", "50_", "_", "%", "''", '" OR " kde', "*", "kde заказ", "NEAR(a b)"):
        assert await find(database, words, many=many) == set(), words


async def test_what_is_changed_or_deleted_is_found_no_more(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(
            update(entries).where(entries.c.conversation == "cs").values(folded="jinak")
        )
        await connection.execute(
            update(entries).where(entries.c.conversation == "es").values(folded="")
        )
        await connection.execute(delete(entries).where(entries.c.conversation == "de"))
    assert await find(database, "objednavka") == await find(database, "devolucion") == set()
    assert await find(database, "rucksendung") == set()
    assert await find(database, "jinak") == {"cs"}
    assert await find(database, "заказ") == {"ru"}


async def test_erased_words_are_nowhere_in_the_file_of_the_database(
    database: Database, tmp_path: Path
) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL forgets by VACUUM")
    async with database.write() as connection:
        await connection.execute(
            insert(entries), [_entry("cs", "Xylofonista") | {"seq": 9, "event": "x", "text": ""}]
        )
    async with database.write() as connection:
        await connection.execute(delete(entries).where(entries.c.seq == 9))
    assert await scrub_database(database)
    await database.close()  # the last one out writes everything into the file
    assert b"xylofonista" not in (tmp_path / "switchboard.db").read_bytes()
