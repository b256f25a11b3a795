"""Drafts for people, and what is learned from them, on a real store and a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from channels.delivery import Delivery
from channels.desk_acts import DeskActs
from channels.ingress import Ingress
from core.archive.database import Database, open_database
from core.archive.drafts import by_intent, read_draft_figures
from core.archive.follower import ArchiveFollower
from core.archive.settings import DatabaseSettings
from core.bus.connect import Bus
from core.bus.live import LiveDelta, LiveEntry, LiveEvent
from core.conversation import Turnpike
from core.drafts import current_draft
from core.engine.drafting import DraftingTurn
from core.engine.open import EngineFiles, build_engine
from core.engine.runner import TurnRunner
from core.engine.settings import EngineSettings
from core.engine.worker import Worker
from core.ids import ConversationId, new_event_id
from core.messages import Address, Author, Entry, InboundEvent
from core.specialists.settings import ModelSettings
from tests.fakes.engine_files import write_config
from tests.fakes.gateway import ADMIN, open_doors
from tests.fakes.knowledge import FakeKnowledge, WordEmbedder, passage
from tests.fakes.scripted_model import ScriptedModel, Step, says
from tests.fakes.services import serving
from tests.integration.test_delivery import HOME, Pager

ADA = Author(role="human_agent", name="Ada", id="desk:ada")
QUESTION = "How do I reset my password?"
ANSWER = "Open Settings and choose Reset. It takes 5 minutes."
BURST = Turnpike(window_seconds=0.3, cap_seconds=2)
LONG_BURST = Turnpike(window_seconds=2, cap_seconds=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("engine")
    write_config(made / "config")
    return made


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(DatabaseSettings(data_dir=tmp_path)) as database:
        await database.migrate()
        yield database


async def make_turn(bus: Bus, folder: Path, *steps: Step) -> TurnRunner:
    """The engine as it is wired, with a scripted model if there are steps."""
    knowledge = FakeKnowledge().knows("password", passage("password", ANSWER))
    engine = await build_engine(
        EngineSettings(), ModelSettings(), EngineFiles(folder / "config", folder / "data"),
        embedder=WordEmbedder(), knowledge=knowledge,
        model=ScriptedModel(*steps) if steps else None,
    )  # fmt: skip
    return DraftingTurn(engine.turn, engine.drafter, bus.log.head)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.01)


class Matter:
    """A customer at one place, and a person who has the conversation."""

    def __init__(self, bus: Bus, at: Address = HOME) -> None:
        self.bus = bus
        self.at = at
        self.acts = DeskActs(bus.log, Ingress(bus.log, channel="rest", turnpike=BURST))
        self.id = ConversationId("")

    async def open(self) -> Matter:
        self.id = await self.bus.log.create(self.at)
        await self.acts.control(self.id, "take", author=ADA, reason=None)
        return self

    async def says(self, text: str, turnpike: Turnpike = BURST) -> None:
        await self.bus.log.accept(
            InboundEvent(
                id=new_event_id("pager"), conversation=self.id, address=self.at,
                author=Author(role="customer"), text=text,
            ),
            turnpike=turnpike, finished=False,
        )  # fmt: skip

    async def entries(self) -> list[Entry]:
        return await self.bus.log.entries(self.id)

    async def draft(self) -> Entry:
        """The draft that counts, once there is one."""

        async def is_there() -> bool:
            return current_draft(await self.entries()) is not None

        await until(is_there)
        found = current_draft(await self.entries())
        assert found is not None
        return found


async def test_a_draft_is_seen_by_people_and_by_nobody_else(bus: Bus, folder: Path) -> None:
    """The customer of a pull channel: entries, live events; people see it with its receipt."""
    live: list[LiveEvent] = []
    turn = await make_turn(bus, folder, says("Open Settings and choose Reset [1]."))
    async with (
        open_doors(bus, turn=turn) as doors,
        aiohttp.ClientSession(doors.url, raise_for_status=True) as http,
    ):
        made = await (await http.post("/api/v1/conversations", json={})).json()
        path, mine = f"/api/v1/conversations/{made['id']}", bearer(made["token"])
        await http.post(f"{path}/take", json={}, headers=bearer(ADMIN))
        unwatch = bus.live.watch(made["id"], live.append)
        await http.post(f"{path}/messages", json={"text": QUESTION}, headers=mine)

        async def drafted() -> bool:
            return any(e.kind == "draft" for e in await bus.log.entries(made["id"]))

        await until(drafted)
        await until(lambda: has(live, "draft"))
        unwatch()
        seen = (await (await http.get(f"{path}/entries", headers=bearer(ADMIN))).json())["entries"]
        shown = (await (await http.get(f"{path}/entries", headers=mine)).json())["entries"]
        draft = next(entry for entry in seen if entry["kind"] == "draft")
        why = await http.get(f"{path}/turns/{draft['seq']}", headers=bearer(ADMIN))
        receipt = await why.json()
        secret = await http.get(
            f"{path}/turns/{draft['seq']}", headers=mine, raise_for_status=False
        )
    assert draft["text"] == "Open Settings and choose Reset."
    assert [e["kind"] for e in shown if e["author"]["role"] != "human_agent"] == ["message"]
    assert not any(isinstance(event, LiveDelta) for event in live)
    assert (receipt["outcome"], receipt["model"]) == ("draft", "scripted")
    assert secret.status == 404


async def has(live: list[LiveEvent], kind: str) -> bool:
    return any(isinstance(event, LiveEntry) and event.entry.kind == kind for event in live)


async def test_a_draft_never_leaves_by_a_push_channel_and_holds_up_no_reply(
    bus: Bus, folder: Path
) -> None:
    pager, turn = Pager(), await make_turn(bus, folder)
    async with serving(Worker(bus, turn, grace_seconds=1), Delivery(bus, pager)):
        matter = await Matter(bus).open()
        await matter.says(QUESTION)
        draft = await matter.draft()
        assert draft.text == ANSWER and pager.arrived == []
        for _ in range(2):  # however often the button is pressed
            await matter.acts.send_draft(matter.id, draft.id, draft.text, author=ADA)
        await matter.acts.say(matter.id, "message", "Anything else?", author=ADA)

        async def arrived() -> bool:
            return len(pager.arrived) == 2

        await until(arrived)
    assert pager.arrived == [ANSWER, "Anything else?"]
    assert current_draft(await matter.entries()) is None


async def test_a_burst_gives_one_draft_for_the_newest_words(bus: Bus, folder: Path) -> None:
    async with serving(Worker(bus, await make_turn(bus, folder), grace_seconds=1)):
        matter = await Matter(bus).open()
        for text in ("hello there", "I have a question", QUESTION):
            await matter.says(text, LONG_BURST)
        draft = await matter.draft()

        async def is_quiet() -> bool:
            head = await bus.log.head(matter.id)
            return head.engine_cursor >= head.last_customer_seq and not head.scheduled

        await until(is_quiet)
        entries = await matter.entries()
    assert [e.id for e in entries if e.kind == "draft"] == [draft.id]
    assert draft.in_reply_to == max(e.seq for e in entries if e.author.role == "customer")


async def test_drafts_are_measured_by_what_people_do_with_them(
    bus: Bus, folder: Path, database: Database
) -> None:
    worker = Worker(bus, await make_turn(bus, folder), grace_seconds=1)
    follower = ArchiveFollower(bus.journal, bus.log, database)

    async def figures(*expected: int) -> bool:
        tally = by_intent(await read_draft_figures(database)).get("technical.general")
        found = tally and (tally.used, tally.edited, tally.discarded, tally.ignored)
        return found == expected

    async def is_open() -> bool:
        return [item.open for item in await read_draft_figures(database)] == [1]

    async with serving(worker, follower):
        matter = await Matter(bus).open()
        await matter.says(QUESTION)
        first = await matter.draft()
        await until(is_open)
        await matter.acts.send_draft(matter.id, first.id, ANSWER, author=ADA)
        await until(lambda: figures(1, 0, 0, 0))
        await matter.says("And how do I reset the password of my brother?")
        second = await matter.draft()
        await matter.acts.control(matter.id, "discard", author=ADA, reason=None, value=second.id)
        await until(lambda: figures(1, 0, 1, 0))
        await matter.says("Please reset my password then")
        await matter.draft()
        (open_,) = [item for item in await read_draft_figures(database) if item.tally.n]
        assert open_.language == "en"
        await matter.acts.say(matter.id, "message", "Done, please look again.", author=ADA)
        await until(lambda: figures(1, 0, 1, 1))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
