"""The loop of a specialist without an engine: three specialists, tools that remember, a script."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.customers.records import Subject
from core.engine.steps import MemorySteps
from core.language import LanguageDetector
from core.metering import Meters
from core.ports import LanguageModel
from core.specialists.budget import Account
from core.specialists.checks import Evidence
from core.specialists.history import Said
from core.specialists.journal import TurnJournal, read_records, records_of
from core.specialists.loop import SpecialistLoop, SpecialistRun
from core.specialists.registry import SpecialistRegistry
from core.specialists.settings import BudgetSettings, ModelSettings
from core.specialists.task import Answer, Task
from core.specialists.team import Team
from core.specialists.tools.base import Arguments, Bench, Risk, Tool
from core.specialists.tools.colleagues import Consult, Handoff
from core.specialists.tools.toolbox import Toolbox
from core.specialists.tools.wishes import EscalateNow, OfferHuman
from tests.fakes.claims import Pieces

SEEN = 7
_FILES = {
    "billing": ["general", "technical"],
    "general": ["billing"],
    "technical": [],
}
_TOOLS = ["get_orders", "request_refund", "handoff", "consult", "offer_human", "escalate"]


class OrderArguments(Arguments):
    """Arguments of the reading tool."""

    number: str = Field(default="1", description="Order number.")


class GetOrders:
    """Reads; counts how often."""

    name = "get_orders"
    description = "The customer's orders."
    arguments = OrderArguments
    level = 0
    risk: Risk = "read"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None
        self.note: str | None = None

    async def run(self, arguments: OrderArguments, bench: Bench, *, key: str) -> str:
        """An order of 49.90, with what somebody wrote on it."""
        self.asked.append(arguments.number)
        if self.gate is not None:
            await self.gate.wait()
        noted = {} if self.note is None else {"note": self.note}
        return json.dumps({"order": arguments.number, "total": "49.90 EUR", **noted})


class Refund:
    """Writes, once for each key, as a customer system does; `asked` holds every attempt."""

    name = "request_refund"
    description = "Refund an order."
    arguments = OrderArguments
    level = 0
    risk: Risk = "money"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.effects: dict[str, str] = {}
        self.interrupt: BaseException | None = None

    async def run(self, arguments: OrderArguments, bench: Bench, *, key: str) -> str:
        """Refund it; the effect comes before whatever interrupts."""
        self.asked.append(key)
        self.effects.setdefault(key, arguments.number)
        if self.interrupt is not None:
            raise self.interrupt
        return json.dumps({"outcome": "done", "reference": "RF-1"})


class LoopRig:
    """Everything one run needs; `run` may be called again, as another worker would."""

    def __init__(self, folder: Path, model: LanguageModel, **settings: Any) -> None:
        for name, consult in _FILES.items():
            write_files(folder, name, consult)
        self.model = model
        self.orders = GetOrders()
        self.refund = Refund()
        budget = BudgetSettings(**settings.pop("budget", {}))
        self.settings = ModelSettings.model_validate({"max_steps": 4, "budget": budget, **settings})
        self.team = Team(SpecialistRegistry(folder))
        self.meters: Meters | None = None
        self.steps = MemorySteps()
        self.pieces = Pieces()
        self.run_now: SpecialistRun | None = None
        self.bench = self._bench()
        self.price = 0.0
        self.more: Sequence[Tool] = ()

    def start(
        self, text: str = "Where is my order?", *, by: str = "billing",
        hops: Sequence[str] = (), account: Account | None = None,
        past: Sequence[dict[str, Any]] = (), said: Sequence[Said] = (),
    ) -> SpecialistRun:  # fmt: skip
        """A run that is not begun yet, on a fresh bench."""
        part = self.team.part(by)
        assert part is not None
        tools = (
            self.orders, self.refund, Handoff(), Consult(), OfferHuman(), EscalateNow(), *self.more,
        )  # fmt: skip
        loop = SpecialistLoop(
            self.model, Toolbox(tools, unasked=[Refund.name]), LanguageDetector(), self.settings,
            self.team,
            price=lambda model, tokens_in, tokens_out: (tokens_in + tokens_out) * self.price,
            meters=self.meters,
        )  # fmt: skip
        self.bench = self._bench()
        self.bench.evidence.add(part.instructions)
        self.bench.evidence.add(text)
        self.pieces = Pieces()
        items = (*said, Said(role="customer", text=text))
        task = Task(part=part, items=items, language="en", hops=tuple(hops))
        journal = TurnJournal(SEEN, self.steps, records_of(read_records(past), SEEN))
        self.run_now = loop.start(task, self.bench, self.pieces, journal=journal, account=account)
        return self.run_now

    async def answer(
        self, text: str = "Where is my order?", *, seconds: float = 5.0, **more: Any
    ) -> Answer:
        """One run to its end."""
        return await self.start(text, **more).answer(deadline=time.monotonic() + seconds)

    async def resume(self, text: str = "Where is my order?", **more: Any) -> Answer:
        """Another worker goes on from what was recorded."""
        return await self.answer(text, past=list(self.steps.steps), **more)

    def _bench(self) -> Bench:
        subject = Subject(conversation="cv_00_test", contact="ann", level=2)
        return Bench(language="en", categories=(), evidence=Evidence(), subject=subject, turn=SEEN)


def write_files(folder: Path, name: str, consult: list[str], tools: Sequence[str] = _TOOLS) -> None:
    """One specialist."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = json.dumps(list(tools))
    toml = (
        f'name = "{name}"\ndescription = "Answers questions about {name}."\n'
        f'prompt = "{name}.md"\ntools = {listed}\nconsult = {json.dumps(consult)}\n'
        f'[examples]\nen = ["one {name}", "two {name}", "three {name}"]\n'
    )
    (folder / f"{name}.toml").write_text(toml, encoding="utf-8")
    (folder / f"{name}.md").write_text(f"You are {name}. Call 555 0100.", encoding="utf-8")
