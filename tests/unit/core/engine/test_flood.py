"""One visitor writes ten thousand messages: together they cost no more than the visitor's cap."""

from __future__ import annotations

import time
from pathlib import Path

from core.customers.records import Subject
from core.language import LanguageDetector
from core.specialists.budget import Account, BudgetExceeded
from core.specialists.checks import Evidence
from core.specialists.history import Said
from core.specialists.loop import SpecialistLoop
from core.specialists.registry import SpecialistRegistry
from core.specialists.settings import ModelSettings
from core.specialists.task import Task
from core.specialists.team import Team
from core.specialists.tools.base import Bench
from core.specialists.tools.toolbox import Toolbox
from core.specialists.tools.wishes import OfferHuman
from tests.fakes.claims import Pieces
from tests.fakes.loop_rig import write_files
from tests.fakes.scripted_model import ScriptedModel, says
from tests.unit.core.engine.test_budget_steps import Counters

CAP, MESSAGES = 50_000, 10_000
SUBJECT = Subject(conversation="cv_00_flood")


async def test_a_flood_of_one_visitor_spends_no_more_than_the_cap(tmp_path: Path) -> None:
    write_files(tmp_path, "general", [])
    model = ScriptedModel(*[says("I can help you with that.")] * MESSAGES)
    settings = ModelSettings.model_validate(
        {"budget": {"visitor_tokens": CAP}, "providers": [{"small_model": "small"}]}
    )
    team, meters = Team(SpecialistRegistry(tmp_path)), Counters()
    loop = SpecialistLoop(
        model, Toolbox([OfferHuman()]), LanguageDetector(), settings, team, meters=meters
    )
    part = team.part("general")
    assert part is not None
    task = Task(part=part, items=(Said(role="customer", text="Hello"),), language="en")
    deadline, purses = time.monotonic() + 600, set[str]()

    async def ask(visitor: str) -> bool:
        bench = Bench(language="en", categories=(), evidence=Evidence(), subject=SUBJECT, turn=1)
        account = Account(contact=visitor, proved=False)
        try:
            return bool((await loop.start(task, bench, Pieces(), account=account)
                         .answer(deadline=deadline)).text)  # fmt: skip
        except BudgetExceeded as empty:
            purses.add(empty.purse)
            return False

    answered = [await ask("visitor:web:default:x") for _ in range(MESSAGES)]
    spent = sum(model.tokens) * len(model.requests)
    assert spent == meters.hours["visitor:web:default:x"] <= CAP
    assert spent > CAP * 0.9 and sum(answered) == len(model.requests) < MESSAGES / 10
    assert purses == {"visitor"}
    sizes = [request.model for request in model.requests]
    assert sizes[0] is None and sizes[-1] == "small", "the smaller model answers towards the end"
    assert await ask("visitor:web:default:y"), "others do not mind"
