"""The data map names every place where data lives: tables, kinds of keys, stores of files."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from dataclasses import fields
from pathlib import Path

import pytest

from core.archive.database import open_database
from core.archive.settings import DatabaseSettings
from core.bus import keys
from core.privacy.datamap import PLACES, TABLES
from core.privacy.map_of_store import ELSEWHERE, KEYS

ROOT = Path(__file__).resolve().parents[4]
_FOLDER = re.compile(
    r"(?:settings\.data|folder\.path|files\.data|\bdata_dir)(?:\.\w+\(\))? / \"([\w.-]+)\""
)
# Notes of the house about itself.
_OWN = {"sample-knowledge", "gateway.json", "up.lock", "evaluation"}
# Tables that SQLite keeps for an index of words.
_SHADOW = re.compile(r"^entry_words_(data|idx|docsize|config|content)$")
_KEY = re.compile(r'f"\{PREFIX\}:\{\{[^"]*?\}\}:([^"]+)"')
# Keys that are not of one kind: what a conversation's names begin with, and a temporary copy.
_PARTS = {"c"}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every table of a database of today, with its columns."""
    folder = tmp_path_factory.mktemp("map")

    async def make() -> None:
        async with open_database(DatabaseSettings(data_dir=folder)) as database:
            await database.migrate()

    asyncio.run(make())
    with sqlite3.connect(folder / "switchboard.db") as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: {row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')}
            for (name,) in names
            if not name.startswith("sqlite_") and not _SHADOW.search(name)
        }


def test_every_table_is_in_the_map_with_all_its_columns(tables: dict[str, set[str]]) -> None:
    mapped = {place.name: set(place.columns) for place in TABLES}
    assert mapped.keys() == tables.keys()
    assert mapped == tables


def test_every_kind_of_key_is_in_the_map() -> None:
    kinds = {place.name.split(":")[0] for place in KEYS}
    found: set[str] = set()
    for path in (ROOT / "core" / "bus").glob("*.py"):
        for name in _KEY.findall(path.read_text(encoding="utf-8")):
            first = re.split(r"[:{]", name)[0]
            found |= {first} if first else set()
    found |= {"taken", "blocked", "first", "kept"}
    assert found - _PARTS - {"c"} <= kinds


def test_every_key_of_a_conversation_is_in_the_map() -> None:
    own = {field.name for field in fields(keys.ConversationKeys)} - {"head", "shard"}
    assert own | {"once"} <= {
        place.name.split(":")[2] for place in KEYS if place.name[:5] == "c:ID:"
    }


def test_every_store_of_files_in_the_data_folder_is_in_the_map() -> None:
    found: set[str] = set()
    for folder in ("core", "switchboard", "kb", "channels"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(_FOLDER.findall(path.read_text(encoding="utf-8")))
    assert "files" in found
    assert found - _OWN <= {place.name for place in ELSEWHERE if place.medium == "files"}


def test_every_place_says_what_an_erasure_does_there() -> None:
    for place in PLACES:
        assert place.erase in {"delete", "blank", "keep", "expire", "hand"}
        if place.personal:
            assert place.erase in {"delete", "blank"}, place.name
            linked = (place.by_conversation, place.by_contact, place.by_ticket, place.by_customer)
            assert any(linked), f"{place.name}: whose rows are these?"
    assert {place.name for place in ELSEWHERE if place.medium == "files"} >= {"files", "exports"}
