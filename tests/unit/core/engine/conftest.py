"""An engine over a small config folder, with fake knowledge and no store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import pytest

from core.engine.open import Engine, EngineFiles, build_engine
from core.engine.settings import EngineSettings
from core.ports import LanguageModel
from core.specialists.settings import ModelSettings
from tests.fakes.engine_files import write_config
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder, passage
from tests.fakes.scripted_model import ScriptedModel, Step

BuildEngine = Callable[..., Awaitable[Engine]]


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Config and the trained heads, made once."""
    folder = tmp_path_factory.mktemp("engine")
    write_config(folder / "config")
    return folder


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
def knowledge() -> FakeKnowledge:
    """Knows how to reset a password; is unsure about invoices; knows nothing else."""
    return (
        FakeKnowledge()
        .knows(
            "password", passage("password", "Open Settings and choose Reset. It takes 5 minutes.")
        )
        .knows("card", passage("card", "Add a new card under Billing."))
        .knows(
            "invoice",
            passage("invoice-copy", "Invoices are under Billing.", score=0.5),
            passage("invoice-wrong", "Write to us about a wrong invoice.", score=0.45),
            verdict="unsure",
        )
        .knows("hodiny", passage("hours", "We are open from 9 to 17.", language="en"))
    )


@pytest.fixture
def build(shared_folder: Path, embedder: WordEmbedder, knowledge: FakeKnowledge) -> BuildEngine:
    """Builds an engine; steps given make it one with a scripted model."""

    async def make(
        *steps: Step,
        turn_seconds: float = 5.0,
        config: Path | None = None,
        findings_role: Literal["system", "user"] = "system",
        model: LanguageModel | None = None,
    ) -> Engine:
        model = ScriptedModel(*steps) if steps else model
        return await build_engine(
            EngineSettings(turn_seconds=turn_seconds),
            ModelSettings(max_steps=4, findings_role=findings_role),
            EngineFiles(config=config or shared_folder / "config", data=shared_folder / "data"),
            embedder=embedder,
            knowledge=knowledge,
            model=model,
        )

    return make
