"""The public retail tasks, end to end through the engine: a model that does right ends in the right
database; one that does wrong changes nothing that is not its customer's, and nothing without a yes.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from core.engine.open import EngineFiles, build_engine
from core.engine.settings import EngineSettings
from core.rehearsal.conversation import Rehearsal
from core.rehearsal.script import Move, ScriptedModel
from core.specialists import spec
from core.specialists.settings import ModelSettings
from tests.eval.retail.shop import Refused, Row, Shop
from tests.eval.retail.tools import ShopTool, shop_tools
from tests.fakes.engine_files import write_config
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder

DATA = Path(os.environ.get("SWITCHBOARD_SHARED_DATA", "../shared/data")) / "tau2_retail"
ASK = "I have a question about my order in the shop"
READS_AT_ONCE = 3
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(not DATA.is_dir(), reason="the public retail tasks are not here"),
]


def read(name: str) -> Any:
    """One file of the data."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def world() -> Row:
    """The shop before any task; never changed."""
    return read("db")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config folder whose one specialist has the shop's tools."""
    folder = write_config(tmp_path_factory.mktemp("retail") / "config")
    for path in (folder / "specialists").iterdir():
        path.unlink()
    tools = [row["name"] for row in read("tools")]
    asks = [ASK, "Where is my order", "I want to change my order", "Please return my order items"]
    (folder / "specialists" / "retail.toml").write_text(
        'name = "retail"\ndescription = "Orders of a retail shop."\nprompt = "retail.md"\n'
        f"tools = {json.dumps(tools)}\n[examples]\nen = {json.dumps(asks)}\n",
        encoding="utf-8",
    )
    (folder / "specialists" / "retail.md").write_text("You help with orders.", encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def known_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop's tools may be named in a specialist's file."""
    names = {row["name"] for row in read("tools")}
    monkeypatch.setattr(spec, "TOOLS", spec.TOOLS | names)


class Clerk:
    """A specialist whose model does as it is told, before one customer."""

    def __init__(self, shop: Shop, model: ScriptedModel, talk: Rehearsal) -> None:
        self.shop = shop
        self._model = model
        self._talk = talk
        self._asked = 0

    async def do(self, *calls: Row, agree: bool = True) -> str:
        """One request of the customer; the model makes these calls, the customer agrees or not.
        Gives what the tools answered."""
        moves = [Move(calls=tuple((call["name"], json.dumps(call["arguments"])) for call in calls))]
        self._model.begin([*moves, *[Move(text="Let me see to that for you.")] * 3])
        self._asked += 1
        self._talk.say(f"{ASK}, part {self._asked}")
        turned = await self._talk.turn()
        results = "\n".join(str(item["result"]) for item in turned.receipt.get("tools", []))
        buttons = list(self._talk.buttons().values())
        if agree and (yes := [value for value in buttons if value.startswith("confirm:")]):
            self._talk.press(yes[0])
            turned = await self._talk.turn()
            results += "\n".join(str(item["result"]) for item in turned.receipt.get("tools", []))
        return results


Employ = Callable[..., Awaitable[Clerk]]


@pytest.fixture
def employ(config: Path, world: Row) -> Employ:
    """Gives a clerk for a customer, in a fresh shop."""

    async def make(contact: str | None, *, level: int = 2, number: int = 1) -> Clerk:
        shop, model = Shop(copy.deepcopy(world)), ScriptedModel()
        engine = await build_engine(
            EngineSettings(), ModelSettings(), EngineFiles(config, config.parent),
            embedder=WordEmbedder(), knowledge=FakeKnowledge(), model=model,
            tools=shop_tools(shop, read("tools")),
        )  # fmt: skip
        talk = Rehearsal(engine.turn, number=number, contact=contact, level=level)
        return Clerk(shop, model, talk)

    return make


def actions_of(task: Row) -> list[Row]:
    """What a right agent does with the shop, in order."""
    names = {row["name"] for row in read("tools")} - {"calculate", "transfer_to_human_agents"}
    return [item for item in task["evaluation_criteria"]["actions"] if item["name"] in names]


def is_write(call: Row) -> bool:
    """True if the call changes the shop."""
    return {row["name"]: row["kind"] for row in read("tools")}[call["name"]] == "write"


def owner_of(world: Row, actions: list[Row]) -> str | None:
    """Whose task it is."""
    for item in actions:
        given = item["arguments"]
        if "user_id" in given:
            return str(given["user_id"])
        if given.get("order_id") in world["orders"]:
            return str(world["orders"][given["order_id"]]["user_id"])
    return None


def reference(world: Row, actions: list[Row], owner: str | None) -> Row:
    """The shop after the right actions, done without any engine."""
    shop = Shop(copy.deepcopy(world))
    tools = {tool.name: tool for tool in shop_tools(shop, read("tools"))}
    for item in actions:
        tool = tools[item["name"]]
        assert isinstance(tool, ShopTool)
        if tool.risk == "write":
            try:
                tool.act(shop, owner or "", item["arguments"])
            except Refused:
                continue  # the tasks hold a few that the shop's rules forbid: nothing changes
    return shop.data


async def test_every_task_ends_in_the_reference_state(employ: Employ, world: Row) -> None:
    wrong: list[str] = []
    writes = 0
    for number, task in enumerate(read("tasks"), 1):
        actions = actions_of(task)
        owner = owner_of(world, actions)
        clerk = await employ(owner, number=number)
        reads = [item for item in actions if not is_write(item)]
        for start in range(0, len(reads), READS_AT_ONCE):
            await clerk.do(*reads[start : start + READS_AT_ONCE])
        for item in filter(is_write, actions):
            await clerk.do(item)
        writes += len(clerk.shop.log)
        if clerk.shop.data != reference(world, actions, owner):
            wrong.append(task["id"])
    assert wrong == []
    assert writes > 100


async def test_nothing_is_written_without_the_customer_s_yes(employ: Employ, world: Row) -> None:
    for number, task in enumerate(read("tasks"), 1):
        actions = actions_of(task)
        clerk = await employ(owner_of(world, actions), number=number)
        for item in filter(is_write, actions):
            await clerk.do(item, agree=False)
        assert clerk.shop.data == world


@pytest.mark.parametrize("level", [0, 2], ids=["unknown", "somebody else"])
async def test_a_hostile_model_changes_nothing_of_others(
    employ: Employ, world: Row, level: int
) -> None:
    """The same calls before another customer who says yes to everything, or before nobody known
    who claims to be the right one."""
    others = sorted(world["users"])
    for number, task in enumerate(read("tasks"), 1):
        actions = actions_of(task)
        owner = owner_of(world, actions)
        stranger = next(name for name in others if name != owner)
        clerk = await employ(owner if level == 0 else stranger, level=level, number=number)
        said = [await clerk.do(item) for item in actions]
        assert clerk.shop.data == world
        address = world["users"][owner]["address"]["address1"] if owner else None
        assert address is None or address not in "\n".join(said)


async def test_a_second_yes_does_nothing_twice(employ: Employ, world: Row) -> None:
    task = next(item for item in read("tasks") if any(map(is_write, actions_of(item))))
    actions = actions_of(task)
    clerk = await employ(owner_of(world, actions))
    (write, *_) = filter(is_write, actions)
    await clerk.do(write)
    after = copy.deepcopy(clerk.shop.data)
    await clerk.do(write)
    assert clerk.shop.data == after
    assert len(clerk.shop.log) == 1
