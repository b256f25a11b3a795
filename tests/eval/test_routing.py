"""Routing of messages the exemplars were not written from, with the shipped model and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.engine.evaluate import evaluate_routing
from core.engine.exemplars import load_exemplars
from core.engine.training import train_triage
from core.engine.triage import Triage
from core.language import LanguageDetector
from core.specialists.registry import SpecialistRegistry
from kb.embed.open import open_embedder
from kb.settings import EmbeddingSettings

pytestmark = pytest.mark.slow
CASES = Path(__file__).parent / "data" / "routing.jsonl"


async def test_most_messages_reach_their_specialist_in_every_language(
    root: Path, tmp_path: Path
) -> None:
    registry = SpecialistRegistry(root / "config" / "specialists")
    exemplars = load_exemplars(root / "config" / "exemplars", registry.all())
    async with open_embedder(EmbeddingSettings()) as embedder:
        trained = await train_triage(exemplars, embedder, tmp_path)
        triage = Triage(
            trained, embedder, LanguageDetector(), fallback=registry.fallback.name
        )  # fmt: skip
        found = await evaluate_routing(CASES, triage, embedder)
    assert found["accuracy"] >= 0.88, found
    assert min(found["by_language"].values()) >= 0.84, found
    assert found["kept"] >= 0.95, found
    assert found["language_accuracy"] >= 0.95, found
