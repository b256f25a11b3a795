"""Triage: trained once, kept on disk, calibrated, taken anew when the files change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.engine import calibration
from core.engine.classifier import train
from core.engine.exemplars import load_exemplars
from core.engine.features import fit_features
from core.engine.mood import is_shouted
from core.engine.space import fit_space
from core.engine.trained_files import read_newest
from core.engine.training import train_triage
from core.errors import ConfigError
from core.specialists.registry import SpecialistRegistry
from tests.fakes.engine_files import write_config, write_specialist
from tests.fakes.knowledge import WordEmbedder
from tests.unit.core.engine.conftest import BuildEngine


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path / "config")


async def test_the_second_start_embeds_nothing(config: Path, tmp_path: Path) -> None:
    exemplars = load_exemplars(
        config / "exemplars", SpecialistRegistry(config / "specialists").all()
    )
    first, second = WordEmbedder(), WordEmbedder()
    one = await train_triage(exemplars, first, tmp_path / "data")
    two = await train_triage(exemplars, second, tmp_path / "data")
    assert first.calls and not second.calls
    assert np.array_equal(one.route.weights, two.route.weights)
    assert one.calibration == two.calibration and one.calibration.model == "words-1"


async def test_a_new_sentence_alone_is_embedded(config: Path, tmp_path: Path) -> None:
    registry = SpecialistRegistry(config / "specialists")
    await train_triage(
        load_exemplars(config / "exemplars", registry.all()), WordEmbedder(), tmp_path
    )
    write_specialist(config, "returns", ["send it back", "return a parcel", "how do returns work"])
    assert registry.refresh()
    embedder = WordEmbedder()
    await train_triage(load_exemplars(config / "exemplars", registry.all()), embedder, tmp_path)
    assert sorted(embedder.calls[0]) == ["how do returns work", "return a parcel", "send it back"]


async def test_what_was_measured_can_be_read_without_training(config: Path, tmp_path: Path) -> None:
    assert read_newest(tmp_path) is None
    registry = SpecialistRegistry(config / "specialists")
    exemplars = load_exemplars(config / "exemplars", registry.all())
    trained = await train_triage(exemplars, WordEmbedder(), tmp_path)
    assert read_newest(tmp_path) == trained.calibration
    _break_files(tmp_path)
    assert read_newest(tmp_path) is None


async def test_each_language_has_its_own_cut_when_it_has_examples_enough(
    config: Path, tmp_path: Path
) -> None:
    folder = config / "exemplars"
    for language in ("en", "cs"):
        texts = [f"{language} topic number {n} about parcel {n % 7}" for n in range(70)]
        lines = ", ".join(f'"{text}"' for text in texts)
        body = (
            f'kind = "intent"\nspecialist = "general"\n[parcel_{language}]\n{language} = [{lines}]'
        )
        (folder / f"many_{language}.toml").write_text(body, encoding="utf-8")
    registry = SpecialistRegistry(config / "specialists")
    exemplars = load_exemplars(folder, registry.all())
    measured = (await train_triage(exemplars, WordEmbedder(), tmp_path)).calibration
    assert set(measured.scope_cuts) == {"en", "cs"}
    assert measured.cut_of("cs") == measured.scope_cuts["cs"]
    assert measured.cut_of("de") == measured.cut_of(None) == measured.scope_cut


async def test_a_broken_file_on_disk_is_made_again(config: Path, tmp_path: Path) -> None:
    exemplars = load_exemplars(
        config / "exemplars", SpecialistRegistry(config / "specialists").all()
    )
    await train_triage(exemplars, WordEmbedder(), tmp_path)
    _break_files(tmp_path)
    trained = await train_triage(exemplars, WordEmbedder(), tmp_path)
    assert trained.calibration.examples == len(trained.exemplars)


def _break_files(folder: Path) -> None:
    for file in folder.glob("*.npz"):
        file.write_bytes(b"PK broken")


async def test_the_decision_names_its_evidence(build: BuildEngine) -> None:
    triage = (await build()).triage
    decision = await triage.decide("I was charged twice on my invoice")
    assert decision.specialist == "billing" and decision.kind == "question"
    assert decision.source == "embedding" and decision.language == "en"
    assert decision.evidence[0].text == "I was charged twice on my invoice"
    assert decision.evidence[0].similarity == pytest.approx(1.0, abs=1e-3)
    assert 0 < decision.score <= 1 and decision.margin > 0
    assert decision.scope > decision.scope_cut


async def test_an_unclear_message_stays_with_the_active_specialist(build: BuildEngine) -> None:
    triage = (await build()).triage
    text = "my invoice and the app"
    alone = (await triage.decide(text)).specialist
    other = {"billing": "technical", "technical": "billing"}[alone]
    held = await triage.decide(text, active=other)
    assert held.specialist == other and not held.switched
    clear = await triage.decide("I was charged twice on my invoice", active="technical")
    assert clear.specialist == "billing" and clear.switched


async def test_what_resembles_no_example_is_out_of_scope(build: BuildEngine) -> None:
    decision = await (await build()).triage.decide("zyx wvut qponm lkji hgfed cba")
    assert decision.kind == "out_of_scope" and decision.scope < decision.scope_cut


async def test_angry_customers_are_of_high_priority(build: BuildEngine) -> None:
    triage = (await build()).triage
    decision = await triage.decide("again the same trouble, still nothing works, AGAIN!!!")
    assert (decision.sentiment, decision.priority) == ("angry", "high")


async def test_a_new_specialist_gets_its_questions_without_a_restart(
    build: BuildEngine, config: Path
) -> None:
    engine = await build(config=config)
    text = "how do returns of a parcel work"
    assert (await engine.triage.decide(text)).specialist != "returns"
    write_specialist(config, "returns", ["send it back", "return a parcel", "how do returns work"])
    assert await engine.refresher.refresh()
    assert (await engine.triage.decide(text)).specialist == "returns"
    assert not await engine.refresher.refresh()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("x.toml", 'kind = "nonsense"', "kind"),
        ("x.toml", 'kind = "intent"\n[a]\nen = ["b"]', "specialist"),
        ("x.toml", 'kind = "smalltalk"\na = "b"', "a: must be lists"),
        ("x.toml", 'kind = "smalltalk"\n[a]\nen = [1]', r"a\.en\.0"),
        ("x.toml", "kind = ", "line 1|at end"),
    ],
)
def test_faults_of_exemplar_files_are_named(
    config: Path, name: str, text: str, expected: str
) -> None:
    (config / "exemplars" / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=expected) as caught:
        load_exemplars(config / "exemplars", ())
    assert name in str(caught.value)


def test_intents_of_a_specialist_that_is_gone_lead_nowhere(config: Path) -> None:
    text = 'kind = "intent"\nspecialist = "ghost"\n[a]\nen = ["b"]'
    (config / "exemplars" / "ghost.toml").write_text(text, encoding="utf-8")
    found = load_exemplars(config / "exemplars", ())
    assert all(item.specialist != "ghost" for item in found)


def test_shouting_is_heard() -> None:
    assert is_shouted("WHERE IS MY DAMN ORDER") and is_shouted("what?!")
    assert not is_shouted("My ID is AB12") and not is_shouted("Hello!")


def test_a_space_lays_the_languages_on_each_other() -> None:
    generator = np.random.default_rng(3)
    meanings = generator.normal(size=(40, 16))
    corner = 5 * generator.normal(size=16)
    vectors = np.vstack([meanings, meanings + corner]).astype(np.float32)
    languages = ["en"] * 40 + ["cs"] * 40
    space = fit_space(vectors, languages)
    rows = space.place(vectors, languages)
    assert np.allclose(rows[:40], rows[40:], atol=1e-4)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert space.place(vectors[:1], [None]).shape == (1, 16)


def test_the_head_learns_what_can_be_told_apart() -> None:
    generator = np.random.default_rng(7)
    centres = generator.normal(size=(5, 32))
    labels = [f"l{n % 5}" for n in range(200)]
    rows = np.array([centres[n % 5] + generator.normal(size=32) for n in range(200)], np.float32)
    texts = [f"about {label}" for label in labels]
    features = fit_features(texts, rows, ["en"] * 200).place(texts, rows, ["en"] * 200)
    held = calibration.hold_back(features, labels, list(range(200)))
    head = calibration.tuned(
        train(features, labels), held, labels, {label: label for label in labels}
    )
    found = held.voices.mixed(head.mix).argmax(1)
    right = [held.labels[int(n)] == label for n, label in zip(found, labels, strict=True)]
    assert np.mean(right) > 0.95
    chances = head.probabilities(features)
    assert np.allclose(chances.sum(axis=1), 1, atol=1e-5)
    assert calibration.expected_error(chances, [True] * 200) < 0.2


def test_a_cut_keeps_the_share_it_promises() -> None:
    scores = np.linspace(0, 1, 1001, dtype=np.float32)
    cut = calibration.cut_to_keep(scores, 0.95)
    assert np.mean(scores >= cut) == pytest.approx(0.95, abs=0.002)


def test_auroc_counts_ties_half() -> None:
    assert calibration.auroc([2, 3], [0, 1]) == 1.0
    assert calibration.auroc([1, 1], [1, 1]) == 0.5
