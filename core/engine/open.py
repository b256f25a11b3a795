"""Puts the engine together from its files and its ports.

Above: the composition root. Below: everything of the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from core.customers.brief import Briefing
from core.engine.acts import Acts
from core.engine.answer_cache import AnswerCache
from core.engine.assisted import AssistedAnswers, Price
from core.engine.corrections import CorrectionBook, learn_from
from core.engine.drafting import Drafter
from core.engine.exemplars import load_exemplars
from core.engine.flows.dialogue import Flows
from core.engine.judging import Judge
from core.engine.plain import PlainAnswers
from core.engine.scene import Scout
from core.engine.second_opinion import SecondOpinion
from core.engine.settings import EngineSettings
from core.engine.systems import Systems
from core.engine.training import TrainedTriage, train_triage
from core.engine.triage import Triage
from core.engine.turn import TurnEngine
from core.errors import SwitchboardError
from core.escalation.rules import read_rules
from core.language import LanguageDetector
from core.learning.autonomy import Autonomy
from core.limits import Limits
from core.metering import Meters
from core.phrases import load_phrases
from core.ports import Board, DeskFigures, Embedder, KnowledgeBase, LanguageModel
from core.runtime import sleep_until
from core.specialists.checks.actions import claim_patterns
from core.specialists.loop import SpecialistLoop
from core.specialists.registry import SpecialistRegistry
from core.specialists.settings import ModelSettings
from core.specialists.team import Team
from core.specialists.tools.base import Tool
from core.specialists.tools.changes import CancelOrder, ChangeAddress, RequestRefund
from core.specialists.tools.colleagues import Consult, Handoff
from core.specialists.tools.customer import GetBilling, GetCustomer, GetOrders
from core.specialists.tools.facts import RememberFact
from core.specialists.tools.knowledge import SearchKnowledge
from core.specialists.tools.tickets import CreateTicket, UpdateTicket
from core.specialists.tools.toolbox import Toolbox
from core.specialists.tools.wishes import EscalateNow, OfferHuman

_log = structlog.get_logger("engine")
_WARM_UP_AFTER = 1.0


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
        corrections: CorrectionBook | None = None,
        *,
        learned: str | None = None,
        warm_up: Callable[[], object] = lambda: None,
    ) -> None:
        """`learned`: the revision of the corrections that triage was opened with."""
        self._warm_up = warm_up
        self._corrections = corrections
        self._learned = learned
        self._registry = registry
        self._triage = triage
        self._embedder = embedder
        self._files = files
        self._settings = settings

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """See `core.runtime.Service`."""
        ready.set()
        # Not beside the start of the others, which have to wait for the interpreter then.
        if not await sleep_until(stop, _WARM_UP_AFTER):
            await asyncio.to_thread(self._warm_up)
        while not await sleep_until(stop, self._settings.reload_seconds):
            await self.refresh()

    async def refresh(self) -> bool:
        """Take over what changed; True if anything did. A fault leaves everything as it was."""
        try:
            accepted = await _revision(self._corrections)
            if not self._registry.refresh() and accepted == self._learned:
                return False
            trained = await _train(
                self._registry, self._embedder, self._files, self._settings, self._corrections
            )
        except SwitchboardError as error:
            _log.error("triage_not_retrained", error=str(error))
            return False
        self._learned = accepted
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
    drafter: Drafter
    briefing: Briefing | None = None


@asynccontextmanager
async def open_engine(
    settings: EngineSettings,
    model_settings: ModelSettings,
    files: EngineFiles,
    *,
    embedder: Embedder,
    knowledge: KnowledgeBase,
    systems: Systems | None = None,
    meters: Meters | None = None,
    board: Board | None = None,
    shared: Limits | None = None,
    corrections: CorrectionBook | None = None,
    autonomy: Autonomy | None = None,
    desk: DeskFigures | None = None,
    tools: Sequence[Tool] = (),
    mask: Callable[[LanguageModel], LanguageModel] = lambda model: model,
) -> AsyncGenerator[Engine, None]:
    """Read the files, train (or load) triage, connect the model; `shared` is where all processes
    keep answers to repeated questions. Raises `ConfigError`."""
    if not model_settings.providers:
        _log.info("engine_without_model")
        yield await build_engine(
            settings, model_settings, files,
            embedder=embedder, knowledge=knowledge, systems=systems, corrections=corrections,
            autonomy=autonomy, desk=desk, tools=tools,
        )  # fmt: skip
        return
    # Imported when it is needed: the client library costs a third of a second at start.
    from core.specialists.model import OpenAIModel

    model = OpenAIModel(model_settings)
    seen = mask(model)
    try:
        built = await build_engine(
            settings,
            model_settings,
            files,
            embedder=embedder,
            knowledge=knowledge,
            systems=systems,
            model=seen,
            second=seen if settings.second_opinion else None,
            price=model.price,
            meters=meters,
            shared=shared,
            board=board,
            corrections=corrections,
            autonomy=autonomy,
            desk=desk,
            tools=tools,
        )
        yield replace(built, model=model)
    finally:
        await model.close()


async def build_engine(
    settings: EngineSettings,
    model_settings: ModelSettings,
    files: EngineFiles,
    *,
    embedder: Embedder,
    knowledge: KnowledgeBase,
    systems: Systems | None = None,
    model: LanguageModel | None = None,
    second: LanguageModel | None = None,
    price: Price = lambda model, tokens_in, tokens_out: 0.0,
    meters: Meters | None = None,
    board: Board | None = None,
    shared: Limits | None = None,
    tools: Sequence[Tool] = (),
    corrections: CorrectionBook | None = None,
    autonomy: Autonomy | None = None,
    desk: DeskFigures | None = None,
) -> Engine:
    """The engine with a given language model, or without one; `tools` come beside its own."""
    registry = SpecialistRegistry(files.config / "specialists")
    phrases = load_phrases(files.config / "phrases", default=settings.default_language)
    detector = LanguageDetector(settings.languages, settings.default_language)
    learned = await _revision(corrections)
    triage = await open_triage(settings, files, registry, embedder, corrections)
    if second is not None:
        seconds = settings.second_opinion_seconds
        opinion = SecondOpinion(
            second, registry, seconds=seconds, settings=model_settings, meters=meters, price=price
        )
        triage.ask_when_unsure(opinion)
    rules = read_rules(files.config / "escalation.toml")
    plain = PlainAnswers(phrases)
    toolbox = open_toolbox(settings, knowledge, systems, tools)
    assisted = None
    if model is not None:
        loop = SpecialistLoop(
            model, toolbox, detector, model_settings, Team(registry),
            price=price, meters=meters,
        )  # fmt: skip
        assisted = AssistedAnswers(
            loop, plain, findings_role=model_settings.findings_role, board=board,
            cache=AnswerCache(
                shared, seconds=settings.cache_hours * 3_600, slots=settings.cache_answers
            ) if shared is not None and settings.cache_answers else None,
        )  # fmt: skip
    flows = None
    if systems is not None:
        flows = Flows(
            phrases, plain, toolbox, systems.customers,
            read_level=settings.read_level, write_level=settings.write_level,
        )  # fmt: skip
    briefing = None
    if systems is not None and settings.brief_seconds:
        briefing = Briefing(
            systems.customers, systems.tickets, systems.history, seconds=settings.brief_seconds,
            kept_seconds=settings.brief_kept_seconds, level=settings.read_level,
        )  # fmt: skip
    scout = Scout(
        triage, embedder, knowledge, registry, settings, briefing=briefing,
        tiers=rules.tier_priority,
    )  # fmt: skip
    turn = TurnEngine(
        scout=scout,
        plain=plain,
        assisted=assisted,
        acts=Acts(phrases, toolbox, systems.approvals if systems else None),
        flows=flows,
        registry=registry,
        phrases=phrases,
        detector=detector,
        rules=rules,
        settings=settings,
        autonomy=autonomy,
        judge=Judge(
            rules, phrases, plain, desk=desk, customers=systems.customers if systems else None
        ),
    )
    refresher = SpecialistRefresher(
        registry, triage, embedder, files, settings, corrections,
        learned=learned, warm_up=lambda: (rules.book, claim_patterns()),
    )  # fmt: skip
    drafter = Drafter(
        scout=scout, plain=plain, assisted=assisted, registry=registry, detector=detector,
        settings=settings,
    )  # fmt: skip
    return Engine(turn, triage, registry, detector, refresher, model, drafter, briefing)


def open_toolbox(
    settings: EngineSettings,
    knowledge: KnowledgeBase,
    systems: Systems | None,
    more: Sequence[Tool] = (),
) -> Toolbox:
    """Every tool there is; those of the company's systems if they are there."""
    tools: list[Tool] = [
        SearchKnowledge(knowledge, limit=settings.passages), OfferHuman(), EscalateNow(),
        Handoff(), Consult(), RememberFact(), *more,
    ]  # fmt: skip
    if systems is not None:
        customers, read, write = systems.customers, settings.read_level, settings.write_level
        tools += [
            GetCustomer(customers, level=read), GetOrders(customers, full_level=read),
            GetBilling(customers, level=read), RequestRefund(customers, level=write),
            ChangeAddress(customers, level=write), CancelOrder(customers, level=write),
            CreateTicket(systems.tickets), UpdateTicket(systems.tickets),
        ]  # fmt: skip
    return Toolbox(tools, unasked=(CreateTicket.name, UpdateTicket.name))


async def open_triage(
    settings: EngineSettings,
    files: EngineFiles,
    registry: SpecialistRegistry,
    embedder: Embedder,
    corrections: CorrectionBook | None = None,
) -> Triage:
    """Triage alone, trained or loaded."""
    detector = LanguageDetector(settings.languages, settings.default_language)
    trained = await _train(registry, embedder, files, settings, corrections)
    return Triage(trained, embedder, detector, fallback=registry.fallback.name)


async def _revision(corrections: CorrectionBook | None) -> str | None:
    return await corrections.revision() if corrections else None


async def _train(
    registry: SpecialistRegistry,
    embedder: Embedder,
    files: EngineFiles,
    settings: EngineSettings,
    corrections: CorrectionBook | None,
) -> TrainedTriage:
    exemplars = load_exemplars(files.config / "exemplars", registry.all())
    if corrections is not None:
        names = [spec.name for spec in registry.all()]
        exemplars = learn_from(exemplars, await corrections.accepted(), names)
    return await train_triage(
        exemplars, embedder, files.data / "engine", keep_share=settings.keep_share
    )
