"""The desk's threads in Slack are killed at every named point of posting.

No thread comes twice, no message twice, none is lost, and they stand in order. Quick: every point
once; full form: DESK_ROUNDS=200. One form kills a whole process.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from channels.slack.desk.ids import read_mark
from core.bus.connect import Bus, open_bus
from core.bus.settings import BusSettings
from tests.chaos.crew import SEED, rounds
from tests.contract.log_talk import Talk
from tests.fakes.history import History
from tests.fakes.servers import ValkeyServer
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import BOT_TOKEN, SECRET, SlackServer
from tests.fakes.waiting import until
from tests.flows.conftest import Start
from tests.integration.desk_rig import (
    CUSTOMER,
    DESK,
    MIRA,
    TEAM,
    DeskRig,
    read,
    rig,
    slack,
)

__all__ = ["rig", "slack"]

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]
POINTS = (
    "before_root_post", "after_root_post", "after_anchor", "before_post", "after_post",
    "between_parts", "before_update",
)  # fmt: skip
ONCE = POINTS[:3]
ROUNDS = int(os.environ.get("DESK_ROUNDS", "0")) or len(POINTS)
LEASE_SECONDS = 0.4
PATIENCE_SECONDS = 120.0


@pytest.fixture
async def bus(home: Path) -> AsyncGenerator[Bus]:
    async with open_bus(BusSettings(data_dir=home, lease_seconds=LEASE_SECONDS)) as opened:
        yield opened


class Killed(BaseException):
    """Nothing more happens in this instance."""


class Knife:
    """Kills at a point, after it was passed so many times."""

    def __init__(self, point: str, after: int) -> None:
        self._point = point
        self._left = after
        self.fell = asyncio.Event()

    async def __call__(self, name: str) -> None:
        if self.fell.is_set():
            await asyncio.Event().wait()  # a dead process does nothing
        if name == self._point:
            self._left -= 1
            if self._left < 0:
                self.fell.set()
                await asyncio.Event().wait()


async def talk_on(rig: DeskRig, number: int) -> tuple[Talk, list[str]]:
    """A case with everything that is posted in pieces, and the words that must be shown."""
    talk = await rig.escalate(f"question {number}")
    long = " ".join(f"w{number}x{word:04d}" for word in range(1400))
    await rig.says(talk, f"first {number}", CUSTOMER)
    await rig.says(talk, long, MIRA)
    await rig.acts(talk, "take")
    await rig.says(talk, f"second {number}", CUSTOMER)
    return talk, [f"first {number}", f"w{number}x0000", f"w{number}x1399", f"second {number}"]


async def test_killed_at_every_point_nothing_is_doubled_or_lost(
    rig: DeskRig, tmp_path: Path
) -> None:
    history = History(tmp_path / "history.jsonl", SEED)
    talks: list[tuple[Talk, list[str]]] = []
    fell: Counter[str] = Counter()
    for number in range(ROUNDS):
        point, after = POINTS[number % len(POINTS)], number // len(POINTS) % 3
        is_once = point in ONCE
        knife = Knife(point, 0 if is_once else after)
        talks.append(await talk_on(rig, number))
        async with rig.running(crash_point=knife, grace_seconds=0.0):
            await _live(rig, knife, talks[-1][0])
        fell[point] += knife.fell.is_set()
        lost = history.dice.random() < 0.3
        history.note("round", point=point, after=after, fell=knife.fell.is_set(), lost=lost)
        if lost:  # the answer to the next message is lost, too
            rig.slack.faults.plan("chat.postMessage", Fault("lose"))
        async with rig.running():
            await rig.settled(talks[-1][0], seconds=PATIENCE_SECONDS)
    print(f"{ROUNDS} rounds, killed at {dict(fell)}")  # noqa: T201
    assert all(fell[point] for point in POINTS), history.explain(str(fell))
    for talk, words in talks:
        check(rig, talk, words)
        assert "urgent" in rig.words(talk)[-1]
    assert len(rig.roots()) == len(talks)
    assert all("urgent" in read(root) for root in rig.roots())


async def _live(rig: DeskRig, knife: Knife, talk: Talk) -> None:
    """Until it is killed, or everything is shown; the card changes at the end of it."""
    is_raised = False
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not knife.fell.is_set():
            if await rig.shown(talk):
                if is_raised:
                    return
                is_raised = True
                await rig.acts(talk, "prioritise", value="urgent")
            await asyncio.sleep(0.005)
    if not is_raised:
        await rig.acts(talk, "prioritise", value="urgent")


def check(rig: DeskRig, talk: Talk, words: list[str]) -> None:
    """One thread, every message once, in order."""
    posted = rig.slack.posted(rig.channel)
    marks = [read_mark(one) for one in posted]
    doubled = [mark for mark, count in Counter(marks).items() if mark and count > 1]
    assert not doubled, doubled
    roots = [one for one in rig.roots() if (read_mark(one) or ("",))[0] == talk.conversation]
    assert len(roots) == 1
    said = "\n".join(rig.words(talk))
    places = [said.find(word) for word in words]
    assert -1 not in places and places == sorted(places), (words, places)
    assert "Mira" in read(roots[0])


async def test_a_process_killed_at_random_posts_everything_once(
    home: Path, store: ValkeyServer, slack: SlackServer, start: Start, tmp_path: Path
) -> None:
    history = History(tmp_path / "history.jsonl", SEED)
    environ = {
        "REDIS_URL": store.url, "SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": slack.url, "SLACK_DESK_CHANNEL": DESK,
        "SWITCHBOARD_SLACK__MESSAGES_PER_SECOND": "50", "SWITCHBOARD_BUS__LEASE_SECONDS": "1",
        "SWITCHBOARD_SLACK__TEAM_ID": TEAM,
    }  # fmt: skip
    settings = BusSettings(url=SecretStr(store.url), lease_seconds=1)
    async with open_bus(settings) as bus:
        rig = DeskRig(bus, slack)
        talks: list[tuple[Talk, list[str]]] = []
        for number in range(rounds(quick=3)):
            process = start(home / "data", roles=("slack",), **environ)
            await process.ready()
            talks += [await talk_on(rig, 2 * number), await talk_on(rig, 2 * number + 1)]
            await asyncio.sleep(history.dice.uniform(0.02, 1.0))
            history.note("kill", posted=len(slack.posted(rig.channel)))
            process.kill()
        await start(home / "data", roles=("slack",), **environ).ready()
        await rig.settled(*(talk for talk, _ in talks), seconds=PATIENCE_SECONDS)
        for talk, words in talks:
            check(rig, talk, words)
        assert len(rig.roots()) == len(talks)


class Sleep(Knife):
    """Stands still at a point for longer than its lease, and goes on as if nothing had happened."""

    def __init__(self, point: str) -> None:
        super().__init__(point, 0)
        self.go = asyncio.Event()

    async def __call__(self, name: str) -> None:
        if name == self._point and not self.fell.is_set():
            self.fell.set()
            await self.go.wait()


@pytest.mark.parametrize("point", ["before_root_post", "before_post", "after_post"])
async def test_an_instance_that_stood_still_past_its_lease_posts_nothing_more(
    rig: DeskRig, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = Sleep(point)
    talk, words = await talk_on(rig, 0)
    with structlog.testing.capture_logs() as logs:
        async with rig.running(crash_point=sleep, grace_seconds=0.0) as sleeper:
            monkeypatch.setattr(sleeper, "_beat", _no_beat)
            await asyncio.wait_for(sleep.fell.wait(), PATIENCE_SECONDS)
            async with rig.running():
                await rig.settled(talk, seconds=PATIENCE_SECONDS)
                sleep.go.set()
                await until(lambda: any(one["event"] == "desk_lease_lost" for one in logs))
    check(rig, talk, words)
    assert len(rig.roots()) == 1


async def _no_beat(_: object) -> None:
    """A process that stands still has no heartbeat either."""
