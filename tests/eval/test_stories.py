"""The stories of five languages, with and without a model, and under every fault of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.rehearsal.story import read_stories
from switchboard.dialogues import EVERY_FAULT, Programme, evaluate_dialogues

STORIES = Path(__file__).parent / "stories"
HALVES = (("en", "cs"), ("ru", "de", "es"))  # two workers play them side by side


async def play(programme: Programme, data: Path, *paths: Path) -> dict[str, Any]:
    """Figures of these stories; of all if none are named."""
    return await evaluate_dialogues(
        paths or [STORIES], programme, lambda done, total: None, data=data, kb=None
    )


def told(figures: dict[str, Any]) -> list[str]:
    """What went wrong, a line each."""
    return [
        f"{item['story']} ({item['mode']}, {item['fault'] or 'golden'}): {problem}"
        for item in figures["failed"]
        for problem in item["problems"]
    ]


def test_there_are_stories_enough_in_every_language() -> None:
    stories = read_stories([STORIES])
    assert len(stories) >= 60
    for language in ("en", "cs", "ru", "de", "es"):
        assert sum(story.language == language for story in stories) >= 12
    assert sum(story.has_script for story in stories) >= 40


@pytest.mark.timeout(180)
async def test_every_story_goes_well(tmp_path: Path) -> None:
    assert told(await play(Programme(), tmp_path)) == []


def test_both_halves_are_the_whole() -> None:
    assert sorted(name for half in HALVES for name in half) == sorted(
        path.stem for path in STORIES.glob("*.yaml")
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("languages", HALVES, ids="-".join)
async def test_every_story_goes_well_under_every_fault_and_every_time(
    languages: tuple[str, ...], tmp_path: Path
) -> None:
    """Four times, with faults in other places each time: pass^4 equals pass^1."""
    paths = [STORIES / f"{language}.yaml" for language in languages]
    figures = await play(Programme(times=4, seed=1, faults=EVERY_FAULT), tmp_path, *paths)
    assert told(figures) == []
    assert {row["pass^4"] for row in figures["table"].values()} == {1.0}
