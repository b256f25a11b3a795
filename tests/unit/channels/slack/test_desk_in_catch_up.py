"""What people wrote while the gateway was away: read back once, in order, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.slack.desk.catch_up import CatchUp
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import SlackServer
from tests.unit.channels.slack.desk_fixtures import desk, desk_bus, shared_valkey
from tests.unit.channels.slack.desk_rig import ANN, BEN, Desk, DeskRig, now

__all__ = ["desk", "desk_bus", "shared_valkey"]
EVE = "U0EVE0001"


def unheard(desk: Desk, text: str, user: str = ANN, **more: Any) -> dict[str, Any]:
    """Written in the thread while nobody listened."""
    message = desk.rig.slack.space.add_message(
        desk.channel, user=user, text=text, thread_ts=desk.ts, **more
    )
    desk.rig.slack.desk.people.members[desk.channel.id].add(user)
    return message


async def look(desk: DeskRig, span: timedelta = timedelta(hours=6)) -> int:
    inbox: Any = desk.adapter._desk
    inbox._catch_up._pause = 0.0
    catch_up: CatchUp = inbox._catch_up
    found = await catch_up.look(span)
    await desk.settled()
    return found


async def listed(desk: DeskRig) -> Desk:
    """A case that the queue knows, with its thread."""
    case = await desk.case()
    await desk.anchor(case)
    desk.queue.rows.append({"id": case.conversation})
    return case


def later() -> Any:
    return now() + timedelta(seconds=61)


async def test_what_nobody_heard_goes_out_once_and_in_order(desk: DeskRig) -> None:
    async with desk.open(now=later):
        case = await listed(desk)
        await case.write("heard")
        unheard(case, "one")
        unheard(case, "note: inside", user=BEN)
        unheard(case, "two", user=BEN)
        assert await look(desk) == 3
        assert await look(desk) == 0
    assert await case.said() == ["heard", "one", "two"]
    assert await case.notes() == ["inside"]


async def test_what_is_still_on_its_way_is_left_to_the_doors(desk: DeskRig) -> None:
    async with desk.open():
        case = await listed(desk)
        unheard(case, "just now")
        assert await look(desk) == 0
    assert await case.said() == []


async def test_what_was_refused_stays_refused_whoever_its_author_is_by_then(
    desk: DeskRig,
) -> None:
    desk.people.add(EVE, name="Eve", guest=True)
    async with desk.open(now=later):
        case = await listed(desk)
        await case.write("let me in", user=EVE)
        desk.people.add(EVE, name="Eve")
        desk.adapter.open_desk(replace(desk.backing, now=later))
        desk.people.members[case.channel.id].add(EVE)
        assert await look(desk) == 0
    assert await case.said() == []


async def test_neither_bots_nor_cases_of_nobody_are_read_back(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open(now=later):
        case, closed = await listed(desk), await listed(desk)
        unheard(case, "beep", bot_id="B0OTHER01")
        unheard(case, "joined", subtype="channel_join")
        unheard(closed, "too late")
        await desk.act(closed.conversation, "close")
        assert await look(desk) == 0
    assert await case.said() == await closed.said() == []


@pytest.mark.parametrize("method", ["conversations.replies", "users.info"])
async def test_what_could_not_be_read_back_is_read_the_next_time(
    desk: DeskRig, slack: SlackServer, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.slack.desk.inbox_words._LOOK_SECONDS", 0)
    async with desk.open(now=later):
        case = await listed(desk)
        unheard(case, "hello")
        slack.faults.plan(method, Fault("refuse", "ratelimited"))
        with pytest.raises(Exception, match=r"Slack|ratelimited|429"):
            await look(desk)
        assert await look(desk) == 1
    assert await case.said() == ["hello"]
