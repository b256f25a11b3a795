"""Who may act for the desk, and from where; whom nobody lets in, and what they are told."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.fakes.slack import payloads
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import SlackServer
from tests.fakes.waiting import until
from tests.unit.channels.slack.desk_fixtures import desk, desk_bus, shared_valkey
from tests.unit.channels.slack.desk_rig import ANN, BEN, Desk, DeskRig

__all__ = ["desk", "desk_bus", "shared_valkey"]
EVE = "U0EVE0001"
GROUP = "S0DESK001"


async def try_all(case: Desk, user: str) -> None:
    """Every way in: a word, an edit, a removal, a button, a window, a sign, a command, home."""
    slack = case.rig.slack
    message = await case.write("hello customer", user=user)
    slack.edit(case.channel, message, "reply: hello again")
    slack.work.react(case.channel, message, "leftwards_arrow_with_hook", user=user)
    slack.take_back(case.channel, message)
    for action in ("desk.take", "desk.notes", "desk.resolve", "desk.release"):
        await case.press(action, user=user)
    slack.work.ask("on", user=user)
    slack.work.look_at_home(user=user)
    await case.rig.settled()


async def assert_nothing(case: Desk, user: str) -> None:
    """They got nowhere, and nothing of the desk was shown to them."""
    rig = case.rig
    assert await case.said() == []
    assert await case.acts() == []
    assert await case.notes() == []
    assert rig.slack.desk.views.open == []
    assert await rig.duty.list() == []
    home = rig.slack.desk.views.homes.get(user)
    assert home is None or len(home["blocks"]) == 1


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ({"stranger": True, "team": "T0OTHER01"}, "Only people of this workspace"),
        ({"team": "T0OTHER01"}, "Only people of this workspace"),
        ({"guest": True}, "Guests"),
        ({"single_channel": True}, "Guests"),
        ({"deleted": True}, "closed"),
    ],
    ids=["slack-connect", "other-team", "guest", "single-channel-guest", "closed-account"],
)
async def test_strangers_and_guests_are_refused_told_why_and_logged(
    desk: DeskRig, who: dict[str, Any], why: str
) -> None:
    """Rows S26-32: guest or Slack Connect stranger: not relayed, a whisper, an audit line."""
    desk.people.add(EVE, name="Eve", **who)
    desk.people.members[desk.channel.id].add(EVE)
    async with desk.open():
        case = await desk.case()
        with capture_logs() as logs:
            await try_all(case, EVE)
        await assert_nothing(case, EVE)
    told = desk.whispers(EVE)
    assert why in told[0]
    assert {one["who"] for one in logs if one["event"] == "slack_desk_refused"} == {EVE}
    assert "hello customer" not in str(logs)


async def test_a_bot_of_another_app_is_not_let_in_and_not_spoken_to(desk: DeskRig) -> None:
    desk.people.add(EVE, name="Bot", bot=True)
    desk.people.members[desk.channel.id].add(EVE)
    async with desk.open():
        case = await desk.case()
        await try_all(case, EVE)
        await assert_nothing(case, EVE)
    assert desk.whispers(EVE) == []


async def test_only_members_of_the_group_act_if_there_is_one(
    slack: SlackServer, desk_bus: Any, tmp_path: Any
) -> None:
    """Row S26-32: a user outside the agent group."""
    desk = DeskRig(slack, desk_bus, tmp_path, desk_group=GROUP)
    desk.people.groups[GROUP] = {ANN}
    async with desk.open():
        case = await desk.case()
        await try_all(case, BEN)
        await assert_nothing(case, BEN)
        assert "not among those who answer" in desk.whispers(BEN)[0]
        await case.write("I may")
        assert await case.said() == ["I may"]


async def test_the_named_act_even_as_guests_and_nobody_else(
    slack: SlackServer, desk_bus: Any, tmp_path: Any
) -> None:
    desk = DeskRig(slack, desk_bus, tmp_path, desk_members=f"{ANN}, {EVE}")
    desk.people.add(EVE, name="Eve", guest=True)
    async with desk.open():
        case = await desk.case()
        await try_all(case, BEN)
        await assert_nothing(case, BEN)
        await case.write("by a guest", user=EVE)
    assert await case.said() == ["by a guest"]


async def test_without_group_and_names_the_channels_members_act(desk: DeskRig) -> None:
    async with desk.open():
        case = await desk.case()
        await case.press("desk.take", user=EVE)
        assert await case.acts() == []
        assert "not among those who answer" in desk.whispers(EVE)[0]
        await case.press("desk.take", user=BEN)
        assert await case.acts() == [("take", None, "Ben Kraus")]


async def test_who_came_into_the_channel_a_moment_ago_may_write(desk: DeskRig) -> None:
    """Who writes in a channel is in it, whatever was kept of its members."""
    async with desk.open():
        case = await desk.case()
        await case.write("first")
        await case.write("new here", user=EVE)
    assert await case.said() == ["first", "new here"]


async def test_nobody_is_let_in_while_the_group_cannot_be_read(
    slack: SlackServer, desk_bus: Any, tmp_path: Any
) -> None:
    desk = DeskRig(slack, desk_bus, tmp_path, desk_group=GROUP)
    slack.methods.scopes.discard("usergroups:read")
    async with desk.open():
        case = await desk.case()
        await case.write("hello")
    assert await case.said() == []
    assert "scope" in desk.whispers()[0]


async def test_who_was_known_a_moment_ago_still_acts_while_slack_does_not_answer(
    desk: DeskRig, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk.open():
        case = await desk.case()
        await case.write("one")
        monkeypatch.setattr("channels.slack.desk.people._FRESH_SECONDS", -1.0)
        slack.faults.plan("users.info", Fault("break"), 50)
        await case.write("two")
    assert await case.said() == ["one", "two"]


@pytest.mark.parametrize(
    "changes",
    [{"team": {"id": "T0OTHER01"}}, {"api_app_id": "A0OTHER01"}],
    ids=["other-team", "other-app"],
)
async def test_a_press_for_another_workspace_or_app_does_nothing(
    desk: DeskRig, changes: dict[str, Any]
) -> None:
    """Rows S26-32: wrong team or app id."""
    async with desk.open():
        case = await desk.case()
        with capture_logs() as logs:
            await case.press("desk.take", **changes)
        assert await case.acts() == []
    assert [one for one in logs if one["event"] == "slack_desk_refused"]


async def test_an_event_of_another_workspace_is_not_relayed(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case = await desk.case()
        message = slack.space.add_message(
            case.channel, user=ANN, text="from afar", thread_ts=case.ts
        )
        event = payloads.message_event(case.channel, message)
        slack.tell("events_api", payloads.callback(event, team_id="T0X000001", authorizations=[]))
        slack.tell("events_api", payloads.callback(event, api_app_id="A0OTHER01"))
        await desk.settled()
    assert await case.said() == []


async def test_a_button_that_names_another_conversation_does_nothing(desk: DeskRig) -> None:
    """Row S40-44: the button value of another conversation."""
    async with desk.open():
        case, other = await desk.case(), await desk.case("Mine is broken")
        forged = case.post("desk.take")
        row: Any = forged["blocks"][0]["elements"][0]
        row["value"] = row["value"].replace(case.conversation, other.conversation)
        with capture_logs() as logs:
            await case.press_on(forged, "desk.take")
        assert await case.acts() == []
        assert await other.acts() == []
    assert [one["reason"] for one in logs if one["event"] == "slack_desk_refused"] == ["forged"]
    assert "does not belong" in desk.whispers()[-1]


@pytest.mark.parametrize("how", ["bot", "place", "mark", "garbage"])
async def test_a_button_on_a_message_that_is_not_the_cases_own_does_nothing(
    desk: DeskRig, slack: SlackServer, how: str
) -> None:
    """Row S40-44: forged buttons."""
    async with desk.open():
        case, other = await desk.case(), await desk.case("Other")
        message = case.post("desk.take")
        if how == "bot":
            message["bot_id"] = "B0EVIL001"
        elif how == "place":
            message["thread_ts"] = slack.space.next_ts()
        elif how == "mark":
            message["metadata"] = other.card["metadata"]
        else:
            message["blocks"][0]["elements"][0]["value"] = '{"c": "cv_99_x", "on": [1, {'
        await case.press_on(message, "desk.take")
        assert await case.acts() == []
        assert await other.acts() == []


async def test_a_double_click_is_one_act(desk: DeskRig, slack: SlackServer) -> None:
    """Row S40-44: double click."""
    async with desk.open():
        case = await desk.case()
        for _ in range(4):
            slack.work.press(case.channel, case.card, "desk.take", user=ANN)
        await desk.settled()
    assert await case.acts() == [("take", None, "Ann")]


async def test_an_address_for_answers_that_a_payload_names_is_never_called(
    desk: DeskRig, slack: SlackServer
) -> None:
    """Row S40-44: forged response_url host."""
    async with desk.open():
        case = await desk.case()
        await case.press("desk.take", response_url=f"{slack.url}stolen")
        slack.work.ask("help", user=ANN)
        await desk.settled()
    assert "stolen" not in [name for name, _ in slack.calls]
    assert not [name for name, _ in slack.calls if name.startswith("response")]


async def test_a_command_of_people_inside_a_customers_words_is_only_words(
    desk: DeskRig, slack: SlackServer
) -> None:
    """Row S26-32: an agent's command inside customer text."""
    async with desk.open():
        case = await desk.case()
        await desk.say(case.conversation, "note: give me all\n/switchboard off\nreply: hi")
        direct = slack.direct("U0CUST001")
        slack.say(direct, "/switchboard on")
        await desk.settled()
        assert [one.author.role for one in await case.entries("message")] == ["customer"] * 2
        assert await case.notes() == []
    assert desk.customers.texts == ["/switchboard on"]
    assert await desk.duty.list() == []


async def test_buttons_of_customers_still_reach_their_own_side(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        direct = slack.direct("U0CUST001")
        button = {"type": "button", "action_id": "choice_0", "value": "yes",
                  "text": {"type": "plain_text", "text": "Yes"}}  # fmt: skip
        blocks = [{"type": "actions", "block_id": "choices", "elements": [button]}]
        message = slack.space.add_bot_message(direct, text="?", blocks=blocks)
        slack.press(direct, message)
        await desk.settled()
    assert [one.value for one in desk.customers.all] == ["yes"]


async def test_without_a_desk_the_command_says_how_to_get_one(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        desk.adapter._desk = None
        told = slack.work.ask("open", user=ANN)
        await until(lambda: not slack.unanswered())
    assert told.response is not None
    assert "SLACK_DESK_CHANNEL" in told.response["text"]
    assert desk.customers.all == []
