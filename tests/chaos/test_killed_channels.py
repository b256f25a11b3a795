"""The processes of a channel and the worker are killed at random under load, channel by channel.

Every message is answered, in order. Words come twice only where a send was in flight and the
platform cannot be asked (Telegram), and then log and metric named exactly these. Full form:
CHAOS_ROUNDS=12 CHAOS_MESSAGES=600.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.checker import judge
from tests.chaos.crew import rounds
from tests.chaos.named import Places, counted, find_unnamed, named_places, named_texts, sum_places
from tests.chaos.street import Street, messages
from tests.contract.email_rig import open_email
from tests.contract.pull_rigs import open_rest, open_web
from tests.contract.slack_rig import open_slack_http, open_slack_socket
from tests.contract.telegram_rig import open_telegram_polling, open_telegram_webhook
from tests.fakes.history import History
from tests.fakes.mail.servers import dovecot, dovecot_server
from tests.fakes.servers import ValkeyServer
from tests.fakes.waiting import until, until_found
from tests.flows.conftest import Start
from tests.flows.gateway_process import GatewayProcess

__all__ = ["dovecot", "dovecot_server"]

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]
Open = Callable[..., AbstractAsyncContextManager[Any]]
PAUSE_SECONDS = 0.04
SETTLE_SECONDS = 300.0


class Crew:
    """The processes; a killed one is replaced."""

    def __init__(self, rig: Any, home: Path, store: ValkeyServer, start: Start) -> None:
        self._rig = rig
        self._home = home
        self._environ = {
            "REDIS_URL": store.url, "SWITCHBOARD_ENGINE__TURN": "echo",
            "SWITCHBOARD_BUS__LEASE_SECONDS": "2",
            "SWITCHBOARD_WEB__MESSAGES_PER_SECOND": "10000", **rig.environ(),
        }  # fmt: skip
        self._start = start
        self.running: dict[str, GatewayProcess] = {}
        self._ended: list[GatewayProcess] = []

    async def begin(self, role: str) -> None:
        """One process of this role."""
        # A channel's process shows its metrics where the web role is beside it.
        roles = (role,) if role in {"web", "worker"} else (role, "web")
        process = self._start(self._home / "data", roles=roles, **self._environ)
        self.running[role] = process
        await process.ready()
        if role == "web":
            self._rig.opened_at(process.note["url"])
            await self._rig.redelivers()

    async def kill(self, role: str) -> None:
        """No farewell; but its metric and its log say the same until then."""
        process = self.running[role]
        if role not in {"web", "worker"}:
            before = named_places(process).total()
            assert before <= await counted(process) <= named_places(process).total()
        process.kill()
        self._ended.append(self.running.pop(role))

    def named(self) -> Places:
        """What their logs named as perhaps doubled."""
        return sum_places([*self._ended, *self.running.values()])

    async def metrics_agree(self) -> bool:
        """True if each of those that live has counted what it has named."""
        living = [one for role, one in self.running.items() if role not in {"web", "worker"}]
        return all([await counted(one) == named_places(one).total() for one in living])


LINES: dict[str, tuple[Open, tuple[str, ...]]] = {
    "telegram-polling": (open_telegram_polling, ("telegram", "worker")),
    "telegram-webhook": (open_telegram_webhook, ("web", "telegram", "worker")),
    "slack-socket": (open_slack_socket, ("slack", "worker")),
    "slack-http": (open_slack_http, ("web", "slack", "worker")),
    "email": (open_email, ("email", "worker")),
    "web": (open_web, ("web", "worker")),
    "rest": (open_rest, ("web", "worker")),
}


@pytest.mark.parametrize("line", list(LINES))
async def test_killed_at_random_every_message_is_answered_in_order(
    line: str, home: Path, store: ValkeyServer, start: Start, history: History,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    open_rig, roles = LINES[line]
    servers = [request.getfixturevalue("dovecot")] if line == "email" else []
    async with open_rig(*servers) as rig:
        crew = Crew(rig, home, store, start)
        for role in roles:
            await crew.begin(role)
        count = messages(100)
        # Mail has a guard against loops: ten automatic answers to one address in ten minutes.
        street = Street(rig, history, size=count // 2 if line == "email" else 10)
        talking = asyncio.create_task(street.talk(count, pause_seconds=PAUSE_SECONDS))
        try:
            for _ in range(rounds(quick=3)):
                await asyncio.sleep(history.dice.uniform(0.3, 1.5))
                role = history.dice.choice(roles)
                history.note("kill", role=role, pid=crew.running[role].pid)
                if line.startswith("telegram"):
                    rig.fails("unsure")  # there is one double at least to be named
                await crew.kill(role)
                await crew.begin(role)
            await talking
        finally:
            talking.cancel()
        verdict = await street.settle(SETTLE_SECONDS)
        if line.startswith("telegram"):  # its words were seen; it is sent again by a later look
            await until(lambda: bool(crew.named()), seconds=SETTLE_SECONDS)
        # Each is named before it is sent again, and one may be on its way now: so what was seen is
        # noted first, then what was named.
        seen = street.seen()
        named = await named_texts(crew.named(), store.url)
        await until_found(crew.metrics_agree)
        unnamed = find_unnamed(seen, named)
        history.note("named", texts=named, unnamed=unnamed)
    twice = sum(len(texts) - len(set(texts)) for texts in street.seen().values())
    print(f"{line}: {verdict}; {named.total()} sends named, {twice} seen twice")  # noqa: T201
    assert not verdict.unanswered and not verdict.disordered, history.explain(str(verdict))
    assert not verdict.strange, history.explain(str(verdict))
    answers = {who: list(dict.fromkeys(texts)) for who, texts in street.seen().items()}
    assert not judge(street.said, answers).doubled, "two answers to the same words"
    assert named or not line.startswith("telegram"), "the line that was cut was not named"
    assert not unnamed, history.explain(f"seen more often than named: {unnamed}")
    if not line.startswith("telegram"):
        assert not verdict.doubled and not named, history.explain(f"{verdict}, {named}")
