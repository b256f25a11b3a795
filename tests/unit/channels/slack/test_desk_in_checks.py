"""What the doctor says of the people who may act for the desk."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.slack.server import SlackServer
from tests.unit.channels.slack.conftest import Open

DESK, GROUP = "C0HELP001", "S0DESK001"


async def findings(open_rig: Open, **settings: Any) -> dict[str, bool]:
    rig = open_rig(desk_channel=DESK, app_token=None, **settings)
    return {
        one.what: one.ok for one in await rig.adapter.check() if "act" in one.what or not one.ok
    }


async def test_it_says_who_may_act(open_rig: Open, slack: SlackServer) -> None:
    slack.desk.people.groups[GROUP] = {"U0ANN0001", "U0BEN0001"}
    assert list(await findings(open_rig)) == [
        "who may act: the members of the desk's channel, guests excepted"
    ]
    named = await findings(open_rig, desk_group=GROUP, desk_members="U0EVE0001")
    assert list(named) == [f"who may act: 2 of the group {GROUP}", "who may act: U0EVE0001"]
    assert all(named.values())


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"desk_group": "S0NONE001"}, "no_such_subteam"),
        ({"desk_group": "S0EMPTY01"}, "is empty"),
        ({"desk_members": "U0GONE001"}, "gone"),
    ],
)
async def test_a_desk_of_nobody_is_unfit(
    open_rig: Open, slack: SlackServer, settings: dict[str, str], word: str
) -> None:
    slack.desk.people.groups["S0EMPTY01"] = set()
    slack.desk.people.add("U0GONE001", deleted=True)
    found = await findings(open_rig, **settings)
    assert [word in what for what, ok in found.items() if not ok] == [True]


async def test_a_right_that_lacks_is_named(open_rig: Open, slack: SlackServer) -> None:
    slack.methods.scopes.discard("usergroups:read")
    found = await findings(open_rig, desk_group=GROUP)
    assert any("usergroups:read" in what for what in found)
