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
        return await evaluate_routing(test, triage)


async def evaluate_escalations(test: Path, data: Path | None) -> dict[str, Any]:
    """See `core.engine.escalation_trial.evaluate_escalation`; the shipped (or configured) rules."""
    from core.engine.escalation_trial import evaluate_escalation
    from core.engine.open import EngineFiles, open_triage
    from core.escalation.rules import read_rules
    from core.specialists.registry import SpecialistRegistry
    from kb.embed.open import open_embedder

    settings = read_settings(data)
    files = EngineFiles(settings.config_dir, settings.data)
    rules = read_rules(files.config / "escalation.toml")
    async with open_embedder(settings.knowledge_settings.embedding) as embedder:
        registry = SpecialistRegistry(files.config / "specialists")
        triage = await open_triage(settings.engine, files, registry, embedder)
        return await evaluate_escalation(test, triage, rules)


async def evaluate_triage(
    train: Path, test: Path, oos: Path | None, tell: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """See `core.engine.trial_run.run_trial`; vectors are kept in the data folder by their text."""
    from core.engine.trial_run import run_trial
    from kb.embed.open import open_embedder

    settings = read_settings(None)
    async with open_embedder(settings.knowledge_settings.embedding) as embedder:
        return await run_trial(
            train, test, oos, embedder=embedder, folder=settings.data / "evaluation", tell=tell
        )


def evaluate_support(test: Path) -> dict[str, Any]:
    """See `core.specialists.checks.groundedness.evaluate_grounding`."""
    from core.specialists.checks.groundedness import evaluate_grounding

    return evaluate_grounding(test)
