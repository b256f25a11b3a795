"""`/switchboard` and the App Home."""

from __future__ import annotations

from typing import Any

import pytest

from channels.slack.desk.listing import MOST
from tests.fakes.slack.deskwork import buttons_of
from tests.fakes.slack.schema import check_blocks
from tests.fakes.slack.server import SlackServer
from tests.fakes.slack.telling import Told
from tests.fakes.waiting import until
from tests.unit.channels.slack.desk_fixtures import desk, desk_bus, shared_valkey
from tests.unit.channels.slack.desk_rig import ANN, BEN, Desk, DeskRig

__all__ = ["desk", "desk_bus", "shared_valkey"]


def row(case: Desk, **more: Any) -> dict[str, Any]:
    """As the archive lists it."""
    return {"id": case.conversation, "channel": "rest", "priority": "high", **more}


async def ask(desk: DeskRig, text: str, user: str = ANN) -> str:
    """The words of the answer, which Slack's own check has passed."""
    return words_of(await told(desk, text, user))


async def told(desk: DeskRig, text: str, user: str = ANN) -> Told:
    asked = desk.slack.work.ask(text, user=user)
    await desk.settled()
    assert asked.response is not None
    assert asked.response["response_type"] == "ephemeral"
    assert check_blocks(asked.response["blocks"]) is None
    return asked


def words_of(asked: Told) -> str:
    assert asked.response is not None
    return str([block.get("text") or block for block in asked.response["blocks"]])


async def test_the_open_cases_are_listed_with_a_link_to_each_thread(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case, other = await desk.case(), await desk.case("Broken")
        await desk.anchor(case)
        desk.queue.rows = [row(case, summary="A parcel is late"), row(other)]
        await case.press("desk.take")
        asked = await told(desk, "open")
    assert asked.response is not None
    _, first, second = asked.response["blocks"]
    assert "A parcel is late" in first["text"]["text"]
    assert "*Ann*" in first["text"]["text"]
    link = f"https://example.slack.com/archives/{case.channel.id}/p{case.ts.replace('.', '')}"
    assert first["accessory"]["url"] == link
    assert "nobody yet" in second["text"]["text"]
    assert "*Broken*" in second["text"]["text"]
    assert "accessory" not in second


async def test_mine_are_those_that_i_have(desk: DeskRig) -> None:
    async with desk.open():
        case, other = await desk.case(), await desk.case("Broken")
        desk.queue.rows = [row(case, summary="First"), row(other, summary="Second")]
        await case.press("desk.take")
        await other.press("desk.take", user=BEN)
        assert "First" in (mine := await ask(desk, "mine"))
        assert "Second" not in mine
        assert "Second" in await ask(desk, "mine", BEN)


async def test_find_shows_where_it_was_said(desk: DeskRig) -> None:
    async with desk.open():
        case = await desk.case()
        desk.queue.rows = [row(case, said="parcel", summary="Late")]
        assert "Late" in await ask(desk, "find parcel")
        assert "None." in await ask(desk, "find elephant")
        assert "Say what to look for" in await ask(desk, "find")


async def test_stats_help_and_what_nobody_knows(desk: DeskRig) -> None:
    async with desk.open():
        assert "Waiting" in await ask(desk, "stats")
        for text in ("help", "", "what", "<script>&\u202e"):
            assert "/switchboard mine" in await ask(desk, text)


async def test_on_and_off_duty_are_for_everybody_to_see(desk: DeskRig) -> None:
    async with desk.open():
        assert "You are on duty until" in await ask(desk, "on")
        (entry,) = await desk.duty.list()
        assert (entry.id, entry.name) == (f"slack:T0TEAM001:{ANN}", "Ann")
        assert "On duty: Ann" in await ask(desk, "stats", BEN)
        assert "off duty" in await ask(desk, "off")
        assert "were not" in await ask(desk, "off")
        assert await desk.duty.list() == []


async def test_a_long_list_is_cut_and_says_so(desk: DeskRig) -> None:
    async with desk.open():
        cases = [await desk.case("x") for _ in range(MOST + 2)]
        desk.queue.rows = [row(case, summary="y" * 5_000) for case in cases]
        assert "and 2 more" in await ask(desk, "open")


async def test_what_customers_said_calls_nobody_and_masks_no_link_in_a_list(
    desk: DeskRig,
) -> None:
    """Rows S33-39: pings and masked links in customers' words."""
    bad = "<!channel> <@U0ANN0001> <https://evil.example|bank.com> *b* `c` & <b>\n\n\n"
    async with desk.open():
        case = await desk.case(bad)
        desk.queue.rows = [row(case, summary=bad, said="x")]
        for text in ("open", "find x", f"find {bad}"):
            shown = await ask(desk, text)
            assert "<!channel>" not in shown
            assert "<@U0ANN" not in shown
            assert "<https://evil" not in shown


async def test_the_home_shows_mine_the_open_ones_figures_and_duty(
    desk: DeskRig, slack: SlackServer
) -> None:
    async with desk.open():
        case, other = await desk.case(), await desk.case("Broken")
        desk.queue.rows = [row(case, summary="First"), row(other, summary="Second")]
        await case.press("desk.take")
        slack.work.look_at_home(user=ANN)
        await desk.settled()
        view = slack.desk.views.homes[ANN]
        titles = [b["text"]["text"] for b in view["blocks"] if b["type"] == "header"]
        assert titles == ["Hello Ann", "My cases (1)", "Open cases (1)"]
        assert "First reply" in str(view)
        slack.work.press_at_home("desk.duty_on", user=ANN)
        await desk.settled()
        assert [one.name for one in await desk.duty.list()] == ["Ann"]
        assert "desk.duty_off" in buttons_of(slack.desk.views.homes[ANN])
        slack.work.press_at_home("desk.duty_off", user=ANN)
        await desk.settled()
        assert await desk.duty.list() == []


@pytest.mark.parametrize("guest", [True, False])
async def test_the_home_of_who_is_not_of_the_desk_shows_nothing_of_it(
    desk: DeskRig, slack: SlackServer, guest: bool
) -> None:
    desk.people.add("U0CUST001", guest=guest)
    async with desk.open():
        case = await desk.case()
        desk.queue.rows = [row(case, summary="First")]
        slack.work.look_at_home(user="U0CUST001")
        await until(lambda: "U0CUST001" in slack.desk.views.homes)
    (block,) = slack.desk.views.homes["U0CUST001"]["blocks"]
    assert "Messages" in block["text"]["text"]


async def test_an_unknown_word_is_named_above_the_list_of_words(desk: DeskRig) -> None:
    async with desk.open():
        unknown, known = await ask(desk, "reslove now"), await ask(desk, "help")
    assert "There is no word *reslove* here." in unknown
    assert "/switchboard mine" in unknown
    assert "There is no word" not in known


async def test_what_was_looked_for_is_shown_as_it_was_typed(desk: DeskRig) -> None:
    async with desk.open():
        asked = await told(desk, "find R&D *budget*")
    assert asked.response is not None
    title = asked.response["blocks"][0]["text"]
    assert title == {
        "type": "plain_text", "text": "Conversations with “R&amp;D *budget*”", "emoji": False,
    }  # fmt: skip


async def test_ones_own_cases_are_listed_however_many_others_wait(desk: DeskRig) -> None:
    async with desk.open():
        case, other = await desk.case(), await desk.case("Broken")
        await case.press("desk.take")
        waiting = [row(other, summary="Waits", holder=None)] * 80
        desk.queue.rows = [*waiting, row(case, summary="Mine alone", holder="Ann")]
        assert "Mine alone" in await ask(desk, "mine")
        told = desk.slack.work.look_at_home(user=ANN)
        await until(lambda: told.done)
        await until(lambda: ANN in desk.slack.desk.views.homes)
        assert "Mine alone" in str(desk.slack.desk.views.homes[ANN])
