from __future__ import annotations

from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import APP_TOKEN, BOT_TOKEN, SlackServer
from tests.unit.channels.slack.conftest import Open, Rig, address


async def test_an_app_that_is_set_up_has_nothing_to_mend(rig: Rig) -> None:
    findings = await rig.adapter.check()
    assert [one.what for one in findings if not one.ok] == []
    assert len(findings) == 4


async def test_every_lack_comes_with_its_mend(open_rig: Open, slack: SlackServer) -> None:
    slack.methods.scopes -= {"files:read", "im:history"}
    slack.faults.plan("apps.connections.open", Fault("refuse", "not_allowed_token_type"))
    found = {one.what: one for one in await open_rig(team_id="T0OTHER01").adapter.check()}
    assert "manifest" in found["rights that lack: files:read, im:history"].mend
    assert "connections:write" in found["Socket Mode: not_allowed_token_type"].mend
    assert "T0TEAM001" in found["the token is not of T0OTHER01"].mend


async def test_a_wrong_token_is_said_and_not_shown(open_rig: Open) -> None:
    first, *_ = await open_rig(bot_token="xoxb-wrong", app_token=None).adapter.check()
    assert first.ok is False
    assert "SLACK_BOT_TOKEN" in first.mend
    assert "xoxb-wrong" not in first.what + first.mend


async def test_an_outage_is_said(rig: Rig, slack: SlackServer) -> None:
    slack.faults.plan("*", Fault("break"), 2)
    findings = await rig.adapter.check()
    assert [one.ok for one in findings[:2]] == [False, False]
    assert BOT_TOKEN not in str(findings) and APP_TOKEN not in str(findings)


async def test_a_preview_that_nothing_comes_of_is_taken_away(rig: Rig, slack: SlackServer) -> None:
    to = address(slack.direct("U0CUST001"))
    shown = await rig.adapter.show_preview(to, "Your par", None)
    assert shown is not None
    await rig.adapter.drop_preview(to, shown)
    await rig.adapter.drop_preview(to, shown)
    assert slack.posted(slack.direct("U0CUST001")) == []


async def test_a_desk_that_cannot_be_written_to_is_found(
    open_rig: Open, slack: SlackServer
) -> None:
    desk = slack.space.add_channel("C0DESK001")
    rig = open_rig(desk_channel=desk.id)
    assert (await rig.adapter.check())[-1].ok is True
    desk.archived = True
    assert "archived" in (await rig.adapter.check())[-1].what
    desk.archived, desk.has_app = False, False
    assert "/invite" in (await rig.adapter.check())[-1].mend
    del slack.space.channels[desk.id]
    assert "does not exist" in (await rig.adapter.check())[-1].what
