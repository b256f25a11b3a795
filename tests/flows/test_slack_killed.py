"""Messages through Slack while the channel's process and the worker are killed at random.

The full form is CHAOS_MESSAGES=600 CHAOS_ROUNDS=8. Unlike in `tests/chaos`, answers are lost on
their way, too, and Slack tells again by a schedule of minutes made short.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from tests.fakes.servers import ValkeyServer, running_server
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import APP_TOKEN, BOT_TOKEN, SlackServer
from tests.fakes.waiting import until
from tests.flows.conftest import Start
from tests.flows.gateway_process import GatewayProcess

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
PEOPLE = 30
MESSAGES = int(os.environ.get("CHAOS_MESSAGES", "150"))
KILLS = int(os.environ.get("CHAOS_ROUNDS", "2"))


@pytest.fixture
def store() -> Generator[ValkeyServer]:
    with running_server() as server:
        yield server


@pytest.fixture
async def slack() -> AsyncGenerator[SlackServer]:
    async with SlackServer(scale=0.05) as server:
        server.answer_seconds = 3.0
        yield server


async def test_every_message_is_answered_once_and_in_order(
    home: Path, store: ValkeyServer, slack: SlackServer, start: Start
) -> None:
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    running: dict[str, GatewayProcess] = {}

    async def begin(role: str) -> None:
        running[role] = start(
            home / "data", roles=(role,), REDIS_URL=store.url, SLACK_BOT_TOKEN=BOT_TOKEN,
            SLACK_APP_TOKEN=APP_TOKEN, SLACK_API_URL=slack.url, SWITCHBOARD_ENGINE__TURN="echo",
            SWITCHBOARD_SLACK__MESSAGES_PER_SECOND="20",
        )  # fmt: skip
        await running[role].ready()

    await begin("slack")
    await begin("worker")
    await until(lambda: len(slack.sockets.open) == 2, seconds=90)
    said: dict[str, list[str]] = {f"U0P{number:05d}": [] for number in range(PEOPLE)}

    async def talk() -> None:
        for number in range(MESSAGES):
            user = f"U0P{number % PEOPLE:05d}"
            said[user].append(f"token{number:04d}.")
            slack.say(slack.direct(user), said[user][-1], user=user)
            if number % 50 == 25:
                slack.faults.plan("chat.postMessage", Fault("lose"), 2)
            await asyncio.sleep(0.04)

    talking = asyncio.create_task(talk())
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.5, 2.5))
        role = chance.choice(["slack", "worker"])
        running[role].kill()
        await begin(role)
    await talking

    def missing() -> list[str]:
        lost: list[str] = []
        for user, tokens in said.items():
            text = " ".join(one["text"] for one in slack.posted(slack.direct(user)))
            lost += [token for token in tokens if token not in text]
        return lost

    try:
        await until(lambda: not missing(), seconds=120)
    except TimeoutError:
        raise AssertionError(f"seed {seed}: never answered: {missing()[:10]}") from None
    await until(lambda: not slack.unanswered(), seconds=60)
    for user, tokens in said.items():
        text = " ".join(one["text"] for one in slack.posted(slack.direct(user)))
        order = [word for word in text.replace(".", ". ").split() if word.startswith("token")]
        doubled = [word for word, count in Counter(order).items() if count > 1]
        assert not doubled, f"seed {seed}: answered twice: {doubled}"
        assert order == tokens, f"seed {seed}: out of order: {order}"
