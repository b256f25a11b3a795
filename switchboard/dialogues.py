"""Plays stories: `switchboard eval dialogues`. Opens an engine with knowledge and nothing else.

Above: `commands.evaluate`. Below: `core.rehearsal`, `core.engine`, `kb`.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.rehearsal.playing import HISTORY_PRESSURE, Mode, Played, Slip, Stage, pass_hat, slips
from core.rehearsal.script import FAULTS, ScriptedModel
from core.rehearsal.story import Story, read_stories
from switchboard.attach import read_settings

EVERY_FAULT = (*FAULTS, HISTORY_PRESSURE)
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Programme:
    """What is played: each story `times` over, in each of `modes` it has; `faults` by name."""

    times: int = 1
    seed: int = 1
    modes: tuple[Mode, ...] = ("plain", "model")
    faults: tuple[str, ...] = ()


async def evaluate_dialogues(
    paths: Sequence[Path], programme: Programme, tell: Tell, *, data: Path | None, kb: Path | None
) -> dict[str, Any]:
    """Figures, and every performance that failed with what was wrong. Raises `ConfigError`."""
    stories = read_stories(paths)
    plan: list[tuple[Story, Mode, Slip | None]] = [
        (story, mode, slip)
        for story in stories
        for mode in programme.modes
        if mode in story.played and (mode == "plain" or story.has_script)
        for slip in _plan(story, mode, programme)
    ]
    played: list[Played] = []
    async with open_stage(data, kb) as stage:
        for number, (story, mode, slip) in enumerate(plan, 1):
            played.append(await stage.play(story, mode, slip))
            tell(number, len(plan))
    return _figures(stories, played, programme)


@asynccontextmanager
async def open_stage(data: Path | None, kb: Path | None) -> AsyncGenerator[Stage, None]:
    """Two engines on the shipped (or configured) files: one without a model, one with a script."""
    from core.archive.database import open_database
    from core.archive.settings import DatabaseSettings
    from core.customers.importing import read_rows
    from core.engine.open import EngineFiles, build_engine
    from core.rehearsal.world import SampleWorld
    from core.specialists.settings import ModelSettings
    from kb.open import open_knowledge
    from switchboard.systems import open_systems

    settings = read_settings(data)
    files = EngineFiles(settings.config_dir, settings.data)
    script = ScriptedModel()
    with tempfile.TemporaryDirectory(prefix="switchboard-stories-") as folder:
        async with open_database(DatabaseSettings(data_dir=Path(folder))) as database:
            await database.migrate()
            async with open_knowledge(settings.knowledge_settings, database) as knowledge:
                await knowledge.ingest([kb or settings.config_dir / "knowledge"])
                systems = open_systems(settings, database)
                engines = [
                    await build_engine(
                        settings.engine, ModelSettings(), files, model=model, systems=systems,
                        embedder=knowledge.embedder, knowledge=knowledge.searcher,
                    )
                    for model in (None, script)
                ]  # fmt: skip
                rows = read_rows(settings.config_dir / "customers" / "sample.json")
                world = SampleWorld(database, rows, systems)
                yield Stage(engines[0].turn, engines[1].turn, script, world)


def _plan(story: Story, mode: Mode, programme: Programme) -> list[Slip | None]:
    golden: list[Slip | None] = [None] * programme.times
    if mode == "plain" or not programme.faults:
        return golden
    struck = [
        slip
        for number in range(programme.times)
        for slip in slips(story, programme.faults, programme.seed + number)
    ]
    return [*golden, *struck]


def _figures(
    stories: Sequence[Story], played: Sequence[Played], programme: Programme
) -> dict[str, Any]:
    groups: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for item in played:
        fault = item.slip.name if item.slip else "golden"
        groups[(fault, item.mode, item.story.source)].append(item.passed)
    table: dict[str, Any] = {}
    for fault, mode in dict.fromkeys((fault, mode) for fault, mode, _ in groups):
        runs = [passed for key, passed in groups.items() if key[:2] == (fault, mode)]
        hats = range(1, min(map(len, runs)) + 1)
        table[f"{fault} ({mode})"] = {
            "stories": len(runs),
            "played": sum(map(len, runs)),
            "passed": sum(map(sum, runs)),
            **{f"pass^{k}": round(pass_hat(runs, k), 4) for k in hats if k in {1, 2, 4, 8}},
        }
    languages: dict[str, list[bool]] = defaultdict(list)
    for item in played:
        languages[item.story.language].append(item.passed)
    return {
        "stories": len(stories),
        "played": len(played),
        "passed": sum(item.passed for item in played),
        "seed": programme.seed,
        "table": table,
        "by_language": {
            name: round(sum(runs) / len(runs), 4) for name, runs in sorted(languages.items())
        },
        "failed": [
            {
                "story": item.story.story,
                "source": item.story.source,
                "mode": item.mode,
                "fault": str(item.slip) if item.slip else None,
                "problems": list(item.problems),
            }
            for item in played
            if not item.passed
        ],
    }
