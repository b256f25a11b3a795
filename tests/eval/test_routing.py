"""Routing of messages the exemplars were not written from, with the shipped model and files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from core.engine.evaluate import evaluate_routing
from core.engine.exemplars import load_exemplars
from core.engine.training import train_triage
from core.engine.triage import Triage
from core.engine.trial_run import run_trial
from core.language import LanguageDetector
from core.ports import Embedder
from core.specialists.registry import SpecialistRegistry
from kb.embed.open import open_embedder
from kb.settings import EmbeddingSettings

pytestmark = pytest.mark.slow
DATA = Path(__file__).parent / "data"


async def open_shipped(root: Path, folder: Path, embedder: Embedder) -> Triage:
    """Triage as it is shipped."""
    registry = SpecialistRegistry(root / "config" / "specialists")
    exemplars = load_exemplars(root / "config" / "exemplars", registry.all())
    trained = await train_triage(exemplars, embedder, folder)
    return Triage(trained, embedder, LanguageDetector(), fallback=registry.fallback.name)


@pytest.mark.timeout(240)
async def test_messages_reach_their_specialist_in_every_language(
    root: Path, tmp_path: Path
) -> None:
    async with open_embedder(EmbeddingSettings()) as embedder:
        triage = await open_shipped(root, tmp_path, embedder)
        for name in ("routing", "routing_services"):
            found = await evaluate_routing(DATA / f"{name}.jsonl", triage)
            assert found["accuracy"] >= 0.9, (name, found)
            assert min(found["by_language"].values()) >= 0.86, (name, found)
            assert found["kept"] >= 0.95 and found["language_accuracy"] >= 0.95, (name, found)
            assert found["intents_invented"] <= 0.05, (name, found)
        assert found["sentiment_accuracy"] >= 0.85 and found["priority_accuracy"] >= 0.75, found
        several = await evaluate_routing(DATA / "routing_several.jsonl", triage)
        assert several["intents_recall"] >= 0.8, several


@pytest.mark.timeout(300)
async def test_public_categories_are_learned_from_ten_examples(root: Path, tmp_path: Path) -> None:
    shared = Path(os.environ.get("SWITCHBOARD_SHARED_DATA", root.parent / "shared/data"))
    source = shared / "clinc150" / "dev.json"
    if not source.is_file():
        pytest.skip("the public messages are not on this machine")
    data = json.loads(source.read_text("utf-8"))
    labels = sorted({label for _, label in data["train"]})[::3]
    by_label = {name: [text for text, label in data["train"] if label == name] for name in labels}
    train = [(text, name) for name in labels for text in by_label[name][:10]]
    test = [(text, label) for text, label in data["val"] if label in by_label][:600]
    oos = [(text, "") for text, _ in [*data["oos_train"], *data["oos_val"]]]
    files = [tmp_path / f"{name}.jsonl" for name in ("train", "test", "oos")]
    for path, rows in zip(files, (train, test, oos), strict=True):
        lines = [json.dumps({"text": text, "category": label}) for text, label in rows]
        path.write_text("\n".join(lines), "utf-8")
    async with open_embedder(EmbeddingSettings()) as embedder:
        figures = await run_trial(
            *files, embedder=embedder, folder=tmp_path / "kept", tell=lambda *_: None
        )
    assert figures["accuracy"] >= 0.92, figures  # of fifty categories, not of all 150
    assert figures["oos_auroc"] >= 0.95 and figures["oos_recall_at_5"] >= 0.75, figures
