"""The data map: every place where data of people lives, and what becomes of it there.

Above: export, erasure, retention, the guard, `docs/privacy.md`. Below: `places`. Data only: a test
fails when a table, a kind of key or a store exists that is not named here.
"""

from __future__ import annotations

from core.privacy.map_of_people import PEOPLE
from core.privacy.map_of_store import ELSEWHERE, KEYS
from core.privacy.map_of_talk import TALK
from core.privacy.places import Place

TABLES: tuple[Place, ...] = (*TALK, *PEOPLE)
PLACES: tuple[Place, ...] = (*TABLES, *KEYS, *ELSEWHERE)


def find_table(name: str) -> Place:
    """The place of a table. Raises KeyError."""
    return {place.name: place for place in TABLES}[name]
