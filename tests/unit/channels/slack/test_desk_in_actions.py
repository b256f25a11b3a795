"""The buttons under a case and the windows behind them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.slack.desk.action_forms import tomorrow_at_opening
from core.escalation.hours import Hours
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import SlackServer
from tests.unit.channels.slack.desk_fixtures import desk, desk_bus, shared_valkey
from tests.unit.channels.slack.desk_rig import ANN, BEN, DeskRig, modal

__all__ = ["desk", "desk_bus", "shared_valkey"]


async def test_taking_a_free_case_is_one_press(desk: DeskRig) -> None:
    """Complaint 14: assign and see state in Slack."""
    async with desk.open():
        case = await desk.case()
        await case.press("desk.take")
        *_, act = await case.entries("control")
        await case.press("desk.take")
    assert (act.action, act.author.name, act.author.id) == ("take", "Ann", f"slack:T0TEAM001:{ANN}")
    assert "already" in desk.whispers()[-1]
    assert len(await case.acts()) == 1


async def test_a_colleagues_case_is_taken_only_after_a_yes(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        await case.press("desk.take")
        await case.press("desk.take", user=BEN)
        assert len(await case.acts()) == 1
        assert "Ann" in str(modal(slack)["blocks"])
        await case.submit(user=BEN)
    assert [name for _, _, name in await case.acts()] == ["Ann", "Ben Kraus"]


async def test_of_two_who_press_at_once_one_has_it_and_the_other_is_told(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        head = await desk.log.head(case.conversation)
        forms: Any = desk.adapter._desk._actions._forms  # type: ignore[union-attr]
        people: Any = desk.adapter._desk._people  # type: ignore[union-attr]
        seen = await forms._cases.now(head.id)
        first, second = [await people.admit(user, case.channel.id) for user in (ANN, BEN)]
        answers = [await forms.take_over(seen, one) for one in (first, second)]
    assert answers == [None, "Ann was faster."]
    assert await case.acts() == [("take", None, "Ann")]


async def test_the_return_brings_what_was_decided_promised_and_left_open(
    desk: DeskRig, slack: SlackServer
) -> None:
    """Complaint 2: no clean way back to the bot."""
    async with desk.open():
        case = await desk.case()
        await case.press("desk.take")
        await case.press("desk.release")
        await case.submit(decided="A refund", promised="Money by Friday\n\nA call", open="")
        *_, act = await case.entries("control")
        head = await desk.log.head(case.conversation)
        await case.press("desk.release")
    assert act.action == "release"
    assert json.loads(act.value or "") == {
        "decided": "A refund", "promised": ["Money by Friday", "A call"],
    }  # fmt: skip
    assert head.owner == "ai"
    assert "AI has it already" in desk.whispers()[-1]


async def test_an_assigned_case_is_the_colleagues_who_must_be_one_of_us(
    desk: DeskRig, slack: SlackServer
) -> None:
    desk.people.add("U0EVE0001", guest=True)
    async with desk.open():
        case = await desk.case()
        await case.press("desk.assign")
        wrong = await case.submit(to="U0EVE0001")
        right = await case.submit(to=BEN)
    assert wrong.response is not None
    assert wrong.response["response_action"] == "errors"
    assert set(wrong.response["errors"]) == {"to"}
    assert right.response is None
    assert await case.acts() == [("assign", "Ben Kraus", "Ann")]


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [({"pause": "30"}, 30), ({"pause": "120"}, 120), ({"pause": "pick", "until": "+95"}, 95)],
)
async def test_a_case_rests_as_long_as_it_is_told(
    desk: DeskRig, typed: dict[str, str], minutes: int
) -> None:
    at = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
    if "until" in typed:
        typed = {**typed, "until": str(int((at + timedelta(minutes=minutes)).timestamp()))}
    async with desk.open(now=lambda: at):
        case = await desk.case()
        await case.press("desk.snooze")
        await case.submit(**typed)
        ((action, value, _),) = await case.acts()
    assert (action, datetime.fromisoformat(value or "")) == (
        "snooze", at + timedelta(minutes=minutes),
    )  # fmt: skip


@pytest.mark.parametrize("until", ["", "12", "99999999999", "1" * 400])
async def test_a_rest_that_makes_no_sense_is_not_taken(desk: DeskRig, until: str) -> None:
    async with desk.open():
        case = await desk.case()
        await case.press("desk.snooze")
        view = modal(desk.slack)
        told = await case.submit(pause="pick", until=until)
        assert told.response is not None
        assert set(told.response["errors"]) == {"until"}
        assert await case.acts() == []
        again = desk.slack.work.submit(view, user=ANN, pause="none")
        await desk.settled()
    assert again.response is None
    assert await case.acts() == [("snooze", "", "Ann")]


def test_tomorrow_at_opening_is_when_the_desk_opens_next_behind_today() -> None:
    hours = Hours(zone="Europe/Prague", monday="08:00-17:00", thursday="09:30-17:00")
    wednesday = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
    assert tomorrow_at_opening(wednesday, hours).isoformat() == "2026-03-05T08:30:00+00:00"
    friday = datetime(2026, 3, 6, 10, 0, tzinfo=UTC)
    assert tomorrow_at_opening(friday, hours).isoformat() == "2026-03-09T07:00:00+00:00"
    always = tomorrow_at_opening(wednesday, Hours(zone="Europe/Prague"))
    assert always.isoformat() == "2026-03-05T08:00:00+00:00"


async def test_priority_is_set_in_a_window_that_shows_what_it_is(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        await case.press("desk.priority")
        first = modal(slack)["blocks"][0]["element"]["initial_option"]["value"]
        await case.submit(priority="urgent")
        head = await desk.log.head(case.conversation)
    assert (first, head.priority) == ("medium", "urgent")
    assert await case.acts() == [("prioritise", "urgent", "Ann")]


async def test_a_case_is_resolved_with_its_reason(desk: DeskRig) -> None:
    """Complaint 14: cannot resolve in Slack."""
    async with desk.open():
        case = await desk.case()
        await case.press("desk.resolve")
        await case.submit(reason="solved", more="new label\nsent")
        *_, act = await case.entries("control")
        head = await desk.log.head(case.conversation)
    assert (act.action, act.reason) == ("close", "Solved: new label sent")
    assert (head.status, head.owner) == ("closed", "nobody")


async def test_a_press_on_a_case_that_is_over_says_so_and_does_nothing(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        await desk.act(case.conversation, "close")
        count = len(await case.entries())
        names = ("take", "release", "assign", "snooze", "priority", "resolve", "notes")
        for name in names:
            await case.press(f"desk.{name}")
        assert len(await case.entries()) == count
    assert len([one for one in desk.whispers() if "closed" in one]) == len(names)
    assert slack.desk.views.open == []


async def test_the_card_of_an_older_case_does_nothing_to_the_next_one(desk: DeskRig) -> None:
    async with desk.open():
        old = await desk.case()
        await desk.act(old.conversation, "close")
        await desk.say(old.conversation, "It broke again")
        await desk.act(old.conversation, "escalate")
        new = await desk.thread(old.conversation)
        await old.press("desk.take")
        assert [name for _, _, name in await old.acts()] == ["Cleo", "Cleo"]
        await new.press("desk.take")
        assert [name for _, _, name in await old.acts()] == ["Cleo", "Cleo", "Ann"]
    assert "closed" in desk.whispers()[0]


async def test_a_window_that_was_open_while_the_case_ended_does_nothing(
    desk: DeskRig, slack: SlackServer
) -> None:
    """Row S40-44: late view_submission."""
    async with desk.open():
        case = await desk.case()
        await case.press("desk.release")
        await desk.act(case.conversation, "close")
        told = await case.submit(decided="x")
        acts = await case.acts()
    assert told.response is not None
    assert told.response["response_action"] == "update"
    assert "closed" in str(told.response["view"])
    assert [action for action, _, _ in acts] == ["close"]


async def test_a_window_that_is_sent_twice_is_one_act(desk: DeskRig, slack: SlackServer) -> None:
    async with desk.open():
        case = await desk.case()
        await case.press("desk.resolve")
        slack.faults.duplicate = 2
        await case.submit(reason="solved")
        told = await case.submit(reason="solved")
    assert told.response is None
    assert await case.acts() == [("close", None, "Ann")]


async def test_a_window_that_does_not_open_is_said(desk: DeskRig, slack: SlackServer) -> None:
    slack.faults.plan("views.open", Fault("refuse", "expired_trigger_id"))
    async with desk.open():
        case = await desk.case()
        await case.press("desk.resolve")
    assert "Press again" in desk.whispers()[-1]
