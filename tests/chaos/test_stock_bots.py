"""The checker sees what stock bots lose when they are killed: it is not always green.

The same street, the same platforms, the same judgement as in `test_killed_channels`; only the bot
is one as the libraries' first pages show it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

import pytest

from tests.chaos.crew import rounds
from tests.chaos.street import Street
from tests.contract.slack_rig import open_slack_socket
from tests.contract.telegram_rig import open_telegram_polling
from tests.fakes.history import History
from tests.fakes.waiting import until

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        "CHAOS_ROUNDS" not in os.environ, reason="it measures others' libraries: `make chaos`"
    ),
]
Open = Callable[[], AbstractAsyncContextManager[Any]]
# How each is told where its platform is.
BOTS: dict[str, tuple[Open, tuple[str, ...]]] = {
    "telegram": (open_telegram_polling,
                 ("TELEGRAM_API_URL", "TELEGRAM_BOT_TOKEN")),
    "slack": (open_slack_socket, ("SLACK_API_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")),
}  # fmt: skip


@contextmanager
def a_bot(name: str, *arguments: str) -> Generator[None]:
    """It runs until the end of the block; then kill -9."""
    command = [sys.executable, "-m", "tests.chaos.stock_bots", name, *arguments]
    bot = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        bot.kill()
        bot.wait(10)


@pytest.mark.parametrize("name", list(BOTS))
async def test_a_stock_bot_that_is_killed_loses_messages_and_the_checker_sees_it(
    name: str, history: History
) -> None:
    open_rig, wanted = BOTS[name]
    async with open_rig() as rig:
        environ = rig.environ()
        arguments = [environ[variable] for variable in wanted]
        street = Street(rig, history)
        stop = asyncio.Event()
        talking = asyncio.create_task(street.talk_until(stop, pause_seconds=0.05))
        try:
            for _ in range(rounds(quick=3)):
                with a_bot(name, *arguments):
                    answered = sum(len(rig.got(who)) for who in street.said)
                    await until(
                        lambda n=answered: sum(len(rig.got(who)) for who in street.said) > n,
                        seconds=60,
                    )
                    await asyncio.sleep(history.dice.uniform(0.2, 0.6))
                history.note("kill")
            stop.set()
            await talking
            with a_bot(name, *arguments):
                verdict = await street.settle(15)
        finally:
            talking.cancel()
    print(f"stock {name}: {verdict}")  # noqa: T201
    assert verdict.unanswered, history.explain(f"nothing was lost: {verdict}")
