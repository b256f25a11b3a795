"""A whole engine without triage: the shipped phrases and rules, a company in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from core.engine.acts import Acts
from core.engine.clauses import split_clauses
from core.engine.flows.dialogue import Flows
from core.engine.open import open_toolbox
from core.engine.plain import PlainAnswers
from core.engine.scene import Finding, Scene, Scout
from core.engine.settings import EngineSettings
from core.engine.systems import Systems
from core.engine.turn import TurnEngine
from core.escalation.rules import read_rules
from core.language import LanguageDetector
from core.phrases import Phrases, load_phrases
from core.rehearsal.conversation import Rehearsal, Turned
from core.specialists.registry import SpecialistRegistry
from core.specialists.spec import SpecialistSpec
from tests.fakes.customers import FakeCustomers, order
from tests.fakes.engine_files import write_config
from tests.fakes.knowledge import FakeKnowledge, passage

CONFIG = Path(__file__).parents[5] / "config"
ANNA, ANNAS_MAIL = "anna", "anna@shop.example"


class BlindScout:
    """Searches, and makes nothing of what a message is about."""

    def __init__(self, knowledge: FakeKnowledge) -> None:
        self._knowledge = knowledge

    async def triage(self, scene: Scene) -> Scene:
        """Nothing."""
        return scene

    async def search(self, scene: Scene) -> Scene:
        """The message, and its parts."""
        text = scene.asked.text
        parts = (text, *split_clauses(text, scene.language))
        found = [Finding(part, await self._knowledge.search(part)) for part in parts]
        return replace(scene, findings=tuple(found))


class Desk:
    """One conversation with the engine; what was said last is at hand."""

    def __init__(
        self, engine: TurnEngine, flows: Flows, company: FakeCustomers, phrases: Phrases,
        specialist: SpecialistSpec, **who: Any,
    ) -> None:  # fmt: skip
        self.engine, self.flows, self.company = engine, flows, company
        self.phrases, self.specialist = phrases, specialist
        self.talk = Rehearsal(engine, **who)
        self.last: Turned | None = None

    async def say(self, *texts: str) -> str:
        """The customer writes; what is answered."""
        for text in texts:
            self.talk.say(text)
        return await self._turn()

    async def press(self, label: str) -> str:
        """The customer presses the button with this label (or that begins so)."""
        buttons = self.talk.buttons()
        self.talk.press(next(value for name, value in buttons.items() if name.startswith(label)))
        return await self._turn()

    def said(self, key: str, **fields: str) -> str:
        """A sentence of the house in the language of the conversation."""
        return self.phrases.say(key, self.talk.head.language or "en", **fields)

    @property
    def buttons(self) -> list[str]:
        """Labels under the last answer."""
        return list(self.talk.buttons())

    async def _turn(self) -> str:
        self.last = await self.talk.turn()
        return self.last.text


OpenDesk = Callable[..., Desk]


@pytest.fixture(scope="session")
def phrases() -> Phrases:
    return load_phrases(CONFIG / "phrases")


@pytest.fixture
def company() -> FakeCustomers:
    """Anna has three orders, Bert one."""
    return (
        FakeCustomers()
        .has(
            ANNA,
            ANNAS_MAIL,
            order("A-1042", "paid", "60.00"),
            order("A-1043", "shipped", "80.00", carrier="Sample Post", tracking="SP1",
                  expected_on=date(2026, 1, 9)),
            order("A-1044", "delivered", "250.00"),
        )
        .has("bert", "bert@shop.example", order("B-2001"))
    )  # fmt: skip


@pytest.fixture
def knowledge() -> FakeKnowledge:
    """Knows how long refunds take, in every language."""
    page = {
        language: passage("refunds", f"{language}: within 5 days.", language=language)
        for language in ("en", "cs", "ru", "de", "es")
    }
    return (
        FakeKnowledge()
        .knows("how long", page["en"])
        .knows("jak dlouho", page["cs"])
        .knows("сколько", page["ru"])
        .knows("wie lange", page["de"])
        .knows("cuánto tarda", page["es"])
        .knows("how can i cancel", passage("cancelling", "Open Orders and press Cancel."))
    )


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> SpecialistRegistry:
    folder = write_config(tmp_path_factory.mktemp("flows"))
    return SpecialistRegistry(folder / "specialists")


@pytest.fixture
def desk(
    company: FakeCustomers, knowledge: FakeKnowledge, phrases: Phrases,
    registry: SpecialistRegistry,
) -> OpenDesk:  # fmt: skip
    """Opens a conversation; by default Anna is signed in."""

    def make(language: str = "en", contact: str | None = ANNA, level: int = 2) -> Desk:
        settings = EngineSettings()
        systems = Systems(customers=company, tickets=cast("Any", None), approvals=cast("Any", None))
        plain, toolbox = PlainAnswers(phrases), open_toolbox(settings, knowledge, systems)
        flows = Flows(phrases, plain, toolbox, company)
        engine = TurnEngine(
            scout=cast("Scout", BlindScout(knowledge)),
            plain=plain,
            assisted=None,
            acts=Acts(phrases, toolbox, None),
            flows=flows,
            registry=registry,
            phrases=phrases,
            detector=LanguageDetector(),
            rules=read_rules(CONFIG / "escalation.toml"),
            settings=settings,
        )
        return Desk(
            engine, flows, company, phrases, registry.fallback,
            contact=contact, level=level, language=language,
        )  # fmt: skip

    return make
