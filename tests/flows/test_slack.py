"""A real gateway with an emulated Slack: the whole road of a customer, and kill -9 on it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import APP_TOKEN, BOT_TOKEN, SECRET, SlackServer
from tests.fakes.slack.workspace import Channel
from tests.fakes.waiting import until, until_found
from tests.flows.conftest import Start
from tests.flows.gateway_process import START_SECONDS, Api, GatewayProcess

pytestmark = pytest.mark.timeout(600)
QUESTION = "How do I reset my password?"
HELP = "C0HELP001"


@pytest.fixture
def data(filled: Path, home: Path) -> Path:
    shutil.copytree(filled, home / "data", ignore=shutil.ignore_patterns("*.sock", "*.json"))
    return home / "data"


@pytest.fixture
async def slack() -> AsyncGenerator[SlackServer]:
    async with SlackServer(scale=0.05) as server:
        server.space.add_channel(HELP)
        server.answer_seconds = 1.0
        yield server


def environ(slack: SlackServer) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "SLACK_API_URL": slack.url,
        "SLACK_SIGNING_SECRET": SECRET, "SWITCHBOARD_SLACK__CHANNELS": HELP,
    }  # fmt: skip


def answers(slack: SlackServer, channel: Channel) -> list[dict[str, Any]]:
    return [one for one in slack.posted(channel) if "metadata" in one]


async def conversation_of(client: Api, user: str) -> dict[str, Any]:
    """The log of the conversation with this person."""
    found: list[dict[str, Any]] = []

    async def is_listed() -> bool:  # the list follows the log
        page = await client.call("GET", "/conversations", channel="slack")
        talks = page["conversations"]
        found[:] = [one for one in talks if str(one.get("contact", "")).endswith(user)]
        return bool(found)

    await until_found(is_listed, seconds=90)
    path = f"/conversations/{found[0]['id']}/entries"
    return {**found[0], "log": (await client.call("GET", path, after=0))["entries"]}


@pytest.mark.slow
async def test_one_story_through_slack(
    data: Path, start: Start, slack: SlackServer, api: Callable[[GatewayProcess], Api]
) -> None:
    gateway = await start(data, **environ(slack)).ready()
    await until(lambda: len(slack.sockets.open) == 2, seconds=90)
    slack.http.url = f"{gateway.note['url']}/slack/events"
    direct = slack.direct("U0ANNA001")
    said = slack.say(direct, QUESTION, user="U0ANNA001")
    await until(lambda: len(answers(slack, direct)) == 1, seconds=90)
    (answer,) = answers(slack, direct)
    assert "password" in answer["text"].lower()
    assert "Sources:" in answer["text"]

    # The same event by the other door is the same entry.
    slack.doors = ("http",)
    again = dict(slack.told[0].payload)
    slack.tell("events_api", again)
    await until(lambda: not slack.unanswered(), seconds=90)
    slack.doors = ("socket",)

    slack.edit(direct, said, "How do I change my password?")
    slack.say(
        direct, "Here is a picture of the error.", user="U0ANNA001",
        files=[("error.txt", b"E42: no such user", "text/plain")],
    )  # fmt: skip
    await until(lambda: len(answers(slack, direct)) >= 2, seconds=90)

    channel = slack.space.channels[HELP]
    root = slack.say(channel, "Wie kann ich mein Passwort zurücksetzen?", user="U0BERT001")
    await until(lambda: len(answers(slack, channel)) == 1, seconds=90)
    assert answers(slack, channel)[0]["thread_ts"] == root["ts"]
    assert "Passwort" in answers(slack, channel)[0]["text"]

    # Either of the two brings an answer: both are in the log once Slack was told so.
    await until(lambda: not slack.unanswered(), seconds=90)
    talk = await conversation_of(api(gateway), "U0ANNA001")
    from_anna = [one for one in talk["log"] if one["author"]["role"] == "customer"]
    first, *_ = from_anna  # the log shows what it says now
    assert (first["text"], first["edited"]) == ("How do I change my password?", True)
    (edit,) = [one for one in from_anna if one.get("action") == "edit"]
    assert edit["value"] == first["id"]
    assert [one["kind"] for one in from_anna].count("message") == 2
    (file,) = next(one for one in from_anna if "attachments" in one)["attachments"]
    assert (file["name"], file["size"]) == ("error.txt", 17)
    assert await gateway.stop() == 0
    assert "Traceback" not in gateway.text()
    assert BOT_TOKEN not in gateway.text()


@pytest.mark.slow
async def test_choices_are_buttons_and_a_press_is_answered(
    data: Path, start: Start, slack: SlackServer
) -> None:
    await start(data, **environ(slack)).ready()
    direct = slack.direct("U0CARL001")
    slack.say(direct, "Do you have a shop in Berlin?", user="U0CARL001")
    await until(lambda: len(answers(slack, direct)) == 1, seconds=90)
    (asked,) = answers(slack, direct)
    assert asked["blocks"][1]["elements"]
    slack.press(direct, asked, user="U0CARL001")
    slack.press(direct, asked, user="U0CARL001")
    await until(lambda: len(answers(slack, direct)) == 2, seconds=90)
    await until(lambda: not slack.unanswered(), seconds=90)
    assert [told.kind for told in slack.told].count("interactive") == 2
    assert len(answers(slack, direct)) == 2


@pytest.mark.slow
async def test_kill_9_loses_nothing_and_doubles_nothing(
    data: Path, start: Start, slack: SlackServer
) -> None:
    people = [f"U0KILL{number:03d}" for number in range(20)]
    gateway = await start(data, **environ(slack)).ready()
    await until(lambda: bool(slack.sockets.open), seconds=90)
    for number, user in enumerate(people):
        if number == 8:
            slack.faults.plan("chat.postMessage", Fault("lose"), 3)
        slack.say(slack.direct(user), QUESTION, user=user)
        if number in {9, 14}:
            total = 2 if number == 9 else 8
            await until(
                lambda total=total: (
                    sum(len(answers(slack, slack.direct(u))) for u in people) >= total
                ),
                seconds=START_SECONDS,  # of one that was only just started
            )
            gateway.kill()
            gateway = start(data, **environ(slack))
    await gateway.ready()
    await until(lambda: all(answers(slack, slack.direct(u)) for u in people), seconds=120)
    await until(lambda: not slack.unanswered(), seconds=60)
    counts = {user: len(slack.posted(slack.direct(user))) for user in people}
    assert counts == dict.fromkeys(people, 1)
