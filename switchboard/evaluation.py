"""Opens what an evaluation needs, and no more. Above: `commands.evaluate`. Below: `kb`, `core`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from switchboard.attach import read_settings


async def evaluate_kb(
    docs: Path, queries: Path, tell: Callable[[int, int], None]
) -> dict[str, Any]:
    """See `kb.evaluate.evaluate`."""
    from kb.evaluate import evaluate

    return await evaluate(
        docs, queries, settings=read_settings(None).knowledge_settings,
        on_progress=lambda now: tell(now.passages_done, now.passages),
    )  # fmt: skip


async def evaluate_routes(test: Path, data: Path | None) -> dict[str, Any]:
    """See `core.engine.evaluate.evaluate_routing`; the shipped (or configured) specialists."""
    from core.engine.evaluate import evaluate_routing
    from core.engine.open import EngineFiles, open_triage
    from core.specialists.registry import SpecialistRegistry
    from kb.embed.open import open_embedder

    settings = read_settings(data)
    files = EngineFiles(settings.config_dir, settings.data)
    async with open_embedder(settings.knowledge_settings.embedding) as embedder:
        registry = SpecialistRegistry(files.config / "specialists")
        triage = await open_triage(settings.engine, files, registry, embedder)
        return await evaluate_routing(test, triage, embedder)
