"""Acts that wait for a person: over REST, with a real store, across deaths and double clicks."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.approvals.desk import ApprovalDesk, ApprovalKeeper
from core.approvals.records import Approval
from core.bus.connect import Bus
from core.customers.records import ActionResult, Subject
from core.customers.writing import REFUND
from core.engine.open import EngineFiles, build_engine
from core.engine.settings import EngineSettings
from core.engine.systems import Systems
from core.errors import Conflict, CustomerSystemError, NotFound
from core.messages import Address
from core.specialists.settings import ModelSettings
from switchboard.systems import ApprovalDoor
from tests.contract.customers_rig import Company, CompanyRig
from tests.fakes.engine_files import write_config
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder

ROOT = Path(__file__).parents[2]
STAFF = {"Authorization": f"Bearer {ADMIN}"}


@dataclass
class Case:
    """A refund of Anna's that waits, in a conversation of hers."""

    bus: Bus
    company: Company
    subject: Subject
    approval: str

    def desk(self, **more: Any) -> ApprovalDesk:
        """As a process has it that was just started."""
        settle = {REFUND: more.get("settle", self.company.customers.settle_refund)}
        return ApprovalDesk(self.company.approvals, more.get("log", self.bus.log), settle)

    async def refund(self) -> str:
        billing = await self.company.customers.billing(self.subject)
        assert billing is not None
        return ", ".join(f"{item.amount} {item.status}" for item in billing.refunds)

    async def decisions(self) -> list[str]:
        """What the log of the conversation holds of it."""
        head = await self.bus.log.head(self.conversation)
        entries = await self.bus.log.entries(head.id)
        return [f"{entry.action} {entry.value}" for entry in entries if entry.kind == "control"]

    @property
    def conversation(self) -> Any:
        return self.subject.conversation


@pytest.fixture
async def case(bus: Bus, tmp_path: Path) -> AsyncGenerator[Case]:
    async with CompanyRig(tmp_path).process() as company:
        home = Address(channel="rest", chat="")
        made = await bus.log.create(home, contact="anna", language="de", level=2)
        subject = Subject(conversation=made, contact="anna", level=2)
        asked = await company.customers.request_refund(subject, "FH40000003", None, "", key="k")
        assert asked.reference is not None
        yield Case(bus, company, subject, asked.reference)


@asynccontextmanager
async def gateway(case: Case, folder: Path) -> AsyncGenerator[Doors]:
    """Doors and a worker with a real engine, without a model."""
    config = write_config(folder / "config")
    shutil.rmtree(config / "phrases")
    shutil.copytree(ROOT / "config" / "phrases", config / "phrases")
    company = case.company
    engine = await build_engine(
        EngineSettings(), ModelSettings(), EngineFiles(config=config, data=folder / "data"),
        embedder=WordEmbedder(), knowledge=FakeKnowledge(),
        systems=Systems(company.customers, company.tickets, company.approvals),
    )  # fmt: skip
    deps = replace(list_deps(case.bus), approvals=ApprovalDoor(case.desk()))
    async with open_doors(case.bus, turn=engine.turn, deps=deps) as doors:
        yield doors


async def until_told(case: Case) -> list[str]:
    """What the engine has said, once it has said anything."""
    async with asyncio.timeout(20):
        while True:
            entries = await case.bus.log.entries(case.conversation)
            said = [entry.text for entry in entries if entry.author.role == "ai"]
            head = await case.bus.log.head(case.conversation)
            if said and head.engine_cursor >= len(entries) - len(said):
                return said
            await asyncio.sleep(0.01)


async def test_a_double_click_acts_once_and_the_customer_hears_it_once(
    case: Case, tmp_path: Path
) -> None:
    async with gateway(case, tmp_path / "g") as doors, aiohttp.ClientSession(headers=STAFF) as http:
        async with http.get(f"{doors.api}/approvals") as listed:
            (item,) = (await listed.json())["approvals"]
        assert (item["id"], item["facts"]["why"]) == (case.approval, "above_limit")
        assert item["arguments"]["amount"] == "1500.00"
        url = f"{doors.api}/approvals/{case.approval}"

        async def click() -> dict[str, Any]:
            async with http.post(url, json={"decision": "approve", "comment": "ok"}) as answer:
                assert answer.status == 200
                return await answer.json()

        clicks = await asyncio.gather(click(), click(), click())
        assert {item["result"]["outcome"] for item in clicks} == {"done"}
        (told,) = await until_told(case)
        assert told.startswith("Ein Kollege hat die Erstattung von 1.500,00\u00a0€")
        async with http.post(url, json={"decision": "reject"}) as other:
            assert other.status == 409
        async with http.get(f"{doors.api}/approvals?status=all") as listed:
            (item,) = (await listed.json())["approvals"]
        assert (item["status"], item["decided_by"], item["comment"]) == ("settled", "admin", "ok")
    assert await case.refund() == "1500.00 done"
    assert await case.decisions() == [f"approve {case.approval}"]
    (note,) = [e for e in await case.bus.log.entries(case.conversation) if e.kind == "note"]
    assert (note.reason, note.value) == ("approval_decided", case.approval)
    assert note.text.startswith(f"admin approved {case.approval}: request_refund(amount=")
    assert "→ done (RF-" in note.text and note.text.endswith("Comment: ok")


async def test_only_the_desk_decides(case: Case, tmp_path: Path) -> None:
    async with gateway(case, tmp_path / "g") as doors, aiohttp.ClientSession() as http:
        customer = doors.tokens.issue_customer(case.conversation)
        url = f"{doors.api}/approvals/{case.approval}"
        body = {"decision": "approve"}
        for headers, expected in (({}, 401), ({"Authorization": f"Bearer {customer}"}, 403)):
            async with http.post(url, json=body, headers=headers) as answer:
                assert answer.status == expected
            async with http.get(f"{doors.api}/approvals", headers=headers) as answer:
                assert answer.status == expected
        async with http.post(f"{url}x", json=body, headers=STAFF) as answer:
            assert answer.status == 404
        async with http.post(url, json={"decision": "maybe"}, headers=STAFF) as answer:
            assert answer.status == 400
    assert await case.refund() == "1500.00 waiting"


async def test_who_dies_between_decision_and_act_is_followed_by_the_keeper(case: Case) -> None:
    async def dies(approval: Approval) -> ActionResult:
        raise CustomerSystemError("killed")

    with pytest.raises(CustomerSystemError):
        await case.desk(settle=dies).decide(case.approval, "approve", by="ada")
    assert await case.refund() == "1500.00 waiting" and await case.decisions() == []
    with pytest.raises(Conflict):
        await case.desk().decide(case.approval, "reject", by="bob")
    await keep(case)
    assert await case.refund() == "1500.00 done"
    assert await case.decisions() == [f"approve {case.approval}"]


async def test_who_dies_between_act_and_mark_acts_once(case: Case) -> None:
    async def acts_and_dies(approval: Approval) -> ActionResult:
        await case.company.customers.settle_refund(approval)
        raise CustomerSystemError("killed")

    with pytest.raises(CustomerSystemError):
        await case.desk(settle=acts_and_dies).decide(case.approval, "approve", by="ada")
    assert await case.refund() == "1500.00 done"
    again = await case.desk().decide(case.approval, "approve", by="bob")
    assert again.decided_by == "ada"
    assert again.result is not None and again.result.outcome == "done"
    await keep(case)
    assert await case.decisions() == [f"approve {case.approval}"]


async def test_who_dies_before_the_customer_is_told_tells_them_later(case: Case) -> None:
    class Mute:
        def __getattr__(self, name: str) -> Any:
            raise CustomerSystemError("killed")

    with pytest.raises(CustomerSystemError):
        await case.desk(log=Mute()).decide(case.approval, "reject", by="ada")
    assert await case.refund() == "1500.00 refused" and await case.decisions() == []
    await keep(case)
    await keep(case)
    assert await case.decisions() == [f"reject {case.approval}"]


async def test_a_decision_leaves_the_owner_as_it_is(case: Case) -> None:
    await case.desk().decide(case.approval, "approve", by="ada")
    head = await case.bus.log.head(case.conversation)
    assert (head.owner, head.epoch) == ("ai", 0)


async def test_what_does_not_exist_is_not_found(case: Case) -> None:
    with pytest.raises(NotFound):
        await case.desk().decide("AP-22222222", "approve", by="ada")


async def keep(case: Case) -> None:
    """A fresh process looks once."""
    stop, ready = asyncio.Event(), asyncio.Event()
    stop.set()
    await ApprovalKeeper(case.desk()).run(stop, ready)
