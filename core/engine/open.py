"""Puts the engine together from its files and its ports.

Above: the composition root. Below: everything of the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from core.engine.assisted import AssistedAnswers, Price
from core.engine.exemplars import load_exemplars
from core.engine.plain import PlainAnswers
from core.engine.scene import Scout
from core.engine.settings import EngineSettings
from core.engine.training import TrainedTriage, train_triage
from core.engine.triage import Triage
from core.engine.turn import TurnEngine
from core.errors import SwitchboardError
from core.escalation.policy import read_rules
from core.language import LanguageDetector
from core.phrases import load_phrases
from core.ports import Embedder, KnowledgeBase, LanguageModel
from core.runtime import sleep_until
from core.specialists.loop import SpecialistLoop
from core.specialists.registry import SpecialistRegistry
from core.specialists.settings import ModelSettings
from core.specialists.tools import EscalateNow, OfferHuman, SearchKnowledge, Toolbox

_log = structlog.get_logger("engine")


@dataclass(frozen=True)
class EngineFiles:
    """Where the engine's data is: `config` holds specialists/, exemplars/, phrases/ and
    escalation.toml; `data` is the folder for what is computed once and kept."""

    config: Path
    data: Path


class SpecialistRefresher:
    """Service: looks for changed specialist files, and trains triage anew when there are."""

    name = "specialists"

    def __init__(
        self,
        registry: SpecialistRegistry,
        triage: Triage,
        embedder: Embedder,
        files: EngineFiles,
        settings: EngineSettings,
    ) -> None:
        self._registry = registry
        self._triage = triage
        self._embedder = embedder
        self._files = files
        self._settings = settings

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        while not await sleep_until(stop, self._settings.reload_seconds):
            await self.refresh()

    async def refresh(self) -> bool:
        """Take over what changed; True if anything did. A fault leaves everything as it was."""
        if not self._registry.refresh():
            return False
        try:
            trained = await _train(self._registry, self._embedder, self._files, self._settings)
        except SwitchboardError as error:
            _log.error("triage_not_retrained", error=str(error))
            return False
        self._triage.replace(trained, fallback=self._registry.fallback.name)
        return True


@dataclass(frozen=True)
class Engine:
    """The engine and the parts of it that others show or run."""

    turn: TurnEngine
    triage: Triage
    registry: SpecialistRegistry
    detector: LanguageDetector
    refresher: SpecialistRefresher
    model: LanguageModel | None


@asynccontextmanager
async def open_engine(
    settings: EngineSettings,
    model_settings: ModelSettings,
    files: EngineFiles,
    *,
    embedder: Embedder,
    knowledge: KnowledgeBase,
) -> AsyncGenerator[Engine, None]:
    """Read the files, train (or load) triage, connect the model. Raises `ConfigError`."""
    if not model_settings.providers:
        _log.info("engine_without_model")
        yield await build_engine(
            settings, model_settings, files, embedder=embedder, knowledge=knowledge
        )
        return
    # Imported when it is needed: the client library costs a third of a second at start.

    # Imported when it is needed: the client library costs a third of a second at start.
    from core.specialists.model import OpenAIModel

    model = OpenAIModel(model_settings)
    try:
        yield await build_engine(
            settings,
            model_settings,
            files,
            embedder=embedder,
            knowledge=knowledge,
            model=model,
            price=model.price,
        )
    finally:
        await model.close()


async def build_engine(
    settings: EngineSettings,
    model_settings: ModelSettings,
    files: EngineFiles,
    *,
    embedder: Embedder,
    knowledge: KnowledgeBase,
    model: LanguageModel | None = None,
    price: Price = lambda model, tokens_in, tokens_out: 0.0,
) -> Engine:
    """The engine with a given language model, or without one."""
    registry = SpecialistRegistry(files.config / "specialists")
    phrases = load_phrases(files.config / "phrases", default=settings.default_language)
    detector = LanguageDetector(settings.languages, settings.default_language)
    triage = await open_triage(settings, files, registry, embedder)
    plain = PlainAnswers(phrases)
    assisted = None
    if model is not None:
        tools = (SearchKnowledge(knowledge, limit=settings.passages), OfferHuman(), EscalateNow())
        loop = SpecialistLoop(model, Toolbox(tools), detector, model_settings)
        assisted = AssistedAnswers(loop, plain, price, findings_role=model_settings.findings_role)
    turn = TurnEngine(
        scout=Scout(triage, embedder, knowledge, registry, settings),
        plain=plain,
        assisted=assisted,
        registry=registry,
        phrases=phrases,
        detector=detector,
        rules=read_rules(files.config / "escalation.toml"),
        settings=settings,
    )
    refresher = SpecialistRefresher(registry, triage, embedder, files, settings)
    return Engine(turn, triage, registry, detector, refresher, model)


async def open_triage(
    settings: EngineSettings, files: EngineFiles, registry: SpecialistRegistry, embedder: Embedder
) -> Triage:
    """Triage alone, trained or loaded."""
    detector = LanguageDetector(settings.languages, settings.default_language)
    trained = await _train(registry, embedder, files, settings)
    return Triage(trained, embedder, detector, fallback=registry.fallback.name)


async def _train(
    registry: SpecialistRegistry, embedder: Embedder, files: EngineFiles, settings: EngineSettings
) -> TrainedTriage:
    exemplars = load_exemplars(files.config / "exemplars", registry.all())
    return await train_triage(
        exemplars, embedder, files.data / "engine", keep_share=settings.keep_share
    )
