"""No word of the AI after a take-over, in thousands of random orders of what everybody does.

The full form has ten thousand: CHAOS_RACES=10000, about 45 s.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pytest
from pydantic import SecretStr

from core.bus import scripts
from core.bus.connect import Bus, open_bus
from core.bus.scripts import Script
from core.bus.settings import BusSettings
from tests.chaos.crew import SEED
from tests.chaos.race import Race
from tests.fakes.servers import ValkeyServer

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
RACES = int(os.environ.get("CHAOS_RACES", "2500"))
AT_ONCE = 100


async def run_races(bus: Bus, count: int) -> tuple[list[str], Counter[str]]:
    """So many, a hundred side by side. What was wrong, and what happened how often."""
    races = (Race(bus, number, random.Random(SEED + number)) for number in range(count))
    done: list[Race] = []

    async def lane(races: Iterator[Race]) -> None:
        for race in races:
            await race.run()
            done.append(race)

    await asyncio.gather(*(lane(races) for _ in range(AT_ONCE)))
    counts = sum((race.counts for race in done), Counter[str]())
    return [fault for race in done for fault in race.faults], counts


def without(script: Script, check: str, instead: str) -> Script:
    """The script with a fault in it."""
    assert script.text.count(check) == 1
    text = script.text.replace(check, instead)
    return Script(script.name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@pytest.fixture
def settings(store: ValkeyServer) -> BusSettings:
    return BusSettings(url=SecretStr(store.url))


async def test_no_word_of_the_ai_after_a_take_over_in_any_order(settings: BusSettings) -> None:
    async with open_bus(settings) as bus:
        faults, counts = await run_races(bus, RACES)
    print(f"{RACES} orders: {dict(sorted(counts.items()))}")  # noqa: T201
    assert faults == []
    for what in ("commit epoch", "commit stale", "commit superseded", "send withheld"):
        assert counts[what] > RACES // 20, counts  # it was close often enough


@pytest.mark.parametrize(
    ("name", "check", "instead"),
    [
        ("COMMIT", "if num(h[3]) ~= epoch then", "if false then"),
        ("BEGIN_SEND", "and epoch < num(h[2]) then", "and false then"),
        ("ACCEPT", "'human', 'open', epoch + 1", "'human', 'open', epoch"),
    ],
    ids=["commit", "begin_send", "accept"],
)
async def test_a_script_without_its_check_is_found_out(
    name: str, check: str, instead: str, settings: BusSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not always green."""
    sound: Script = getattr(scripts, name)
    faulty = without(sound, check, instead)
    monkeypatch.setattr(scripts, name, faulty)
    known = tuple(faulty if one is sound else one for one in scripts.ALL)
    monkeypatch.setattr(scripts, "ALL", known)
    async with open_bus(settings) as bus:
        await bus.calls.command("SCRIPT", "LOAD", faulty.text)
        faults, _ = await run_races(bus, 300)
    assert list(islice(faults, 1)) != []
