"""Escalation on messages the exemplars were not written from, with the shipped model and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.engine.escalation_trial import evaluate_escalation
from core.engine.exemplars import load_exemplars
from core.engine.training import train_triage
from core.engine.triage import Triage
from core.escalation.rules import read_rules
from core.language import LanguageDetector
from core.specialists.registry import SpecialistRegistry
from kb.embed.open import open_embedder
from kb.settings import EmbeddingSettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
CASES = Path(__file__).parent / "data" / "escalation.jsonl"


async def test_a_person_is_called_when_one_must_be_and_not_for_lookalikes(
    root: Path, tmp_path: Path
) -> None:
    registry = SpecialistRegistry(root / "config" / "specialists")
    exemplars = load_exemplars(root / "config" / "exemplars", registry.all())
    rules = read_rules(root / "config" / "escalation.toml")
    async with open_embedder(EmbeddingSettings()) as embedder:
        trained = await train_triage(exemplars, embedder, tmp_path)
        triage = Triage(trained, embedder, LanguageDetector(), fallback=registry.fallback.name)
        found = await evaluate_escalation(CASES, triage, rules)
    assert found["explicit_recall"] == 1.0, found
    assert found["false_alarms"] == 0, found
    assert found["f1"] >= 0.93, found
    assert min(row["f1"] for row in found["by_language"].values()) >= 0.9, found
    assert found["reason_accuracy"] >= 0.93, found
