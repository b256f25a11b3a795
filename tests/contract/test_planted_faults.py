"""The channel contract notices what it is there for: each planted fault turns a clause red."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import redis

from channels.base import ChannelAdapter, House
from channels.ingress import Ingress
from channels.registry import CHANNELS
from core.bus.connect import open_bus
from core.bus.settings import BusSettings
from core.conversation import Accepted
from core.messages import InboundEvent
from tests.contract.channel_contract import ChannelContract
from tests.contract.channel_rig import ChannelRig
from tests.contract.channel_scene import Scene
from tests.contract.email_rig import open_email, open_listener
from tests.contract.pager_rig import open_pager
from tests.contract.pull_rigs import open_rest, open_web
from tests.contract.requirements import CHANNEL
from tests.contract.sabotage import SABOTAGES, Plot, Sabotage, Sabotaged
from tests.contract.slack_rig import open_slack_http, open_slack_socket
from tests.contract.telegram_rig import open_telegram_polling, open_telegram_webhook
from tests.fakes import waiting
from tests.fakes.mail.servers import dovecot, dovecot_server
from tests.fakes.servers import ValkeyServer, shared_valkey

__all__ = ["dovecot", "dovecot_server", "shared_valkey"]

Open = Callable[[], AbstractAsyncContextManager[ChannelRig]]
# The rig of each adapter. Email's wants a Dovecot, which is a fixture (`opener`).
RIGS: dict[str, Open | None] = {
    "email": None,
    "email-listener": open_listener,
    "pager": open_pager,
    "rest": open_rest,
    "web": open_web,
    "telegram-polling": open_telegram_polling,
    "telegram-webhook": open_telegram_webhook,
    "slack-socket": open_slack_socket,
    "slack-http": open_slack_http,
}
PULL = frozenset({"rest", "web"})
# The second way in of a channel: what leaves takes the way of the first.
SECOND = frozenset({"email-listener", "slack-http", "telegram-webhook"})
# For what will not come; and until the first mail is read, by a child that has to start.
PATIENCE_SECONDS, FIRST_MAIL_SECONDS = 1.5, 8.0
# In the fast suite the example; the others in the slow one.
QUICK = frozenset({"pager"})
# Seen by waiting for what never comes.
LONG = frozenset({"never says that it is ready", "says sent and sends nothing", "never gives up"})


def cases() -> Iterator[Any]:
    for name in RIGS:
        for sabotage in SABOTAGES:
            if name in PULL and sabotage.way_in is None:
                continue  # nothing is sent, and there is no adapter
            if name in SECOND and (sabotage.way_out is not None or sabotage.powers):
                continue
            is_quick = name in QUICK and sabotage.name not in LONG
            marks = () if is_quick else (pytest.mark.slow,)
            yield pytest.param(name, sabotage, id=f"{name} {sabotage.name}", marks=marks)


def held_to(clause: str) -> list[Any]:
    """The tests of the contract that hold to this clause."""
    methods: list[tuple[str, Any]] = inspect.getmembers(ChannelContract(), inspect.ismethod)
    return [test for name, test in methods
            if name.startswith("test_") and clause in test.clauses]  # fmt: skip


def plant(rig: Any, sabotage: Sabotage, plot: Plot, patch: pytest.MonkeyPatch) -> None:
    """From now on the rig's adapters, or the door, have the fault."""
    accept, make = Ingress.accept, rig.make_adapter

    async def faulty(self: Ingress, event: InboundEvent) -> Accepted:
        async def bare(event: InboundEvent) -> Accepted:
            return await accept(self, event)

        if event.author.role != "customer":
            return await bare(event)
        plot.accept, plot.last = bare, event
        patch.setattr(waiting, "PATIENCE_SECONDS", PATIENCE_SECONDS)
        if sabotage.way_in is None:
            return await bare(event)
        return await sabotage.way_in(plot, bare, event)

    def make_faulty(house: House) -> ChannelAdapter:
        plot.fresh = lambda: make(house)
        adapter: Any = Sabotaged(make(house), sabotage, plot)
        return adapter

    patch.setattr(Ingress, "accept", faulty)
    patch.setattr(rig, "make_adapter", make_faulty)
    spy(rig, sabotage, plot, patch)


def spy(rig: Any, sabotage: Sabotage, plot: Plot, patch: pytest.MonkeyPatch) -> None:
    """Let the plot know what becomes of the platform."""
    opened_at, cuts, noise = rig.opened_at, rig.cuts, rig.noise

    def note_start(url: str) -> None:
        plot.starts += 1
        opened_at(url)

    async def note_cut() -> None:
        plot.cuts += 1
        await cuts()

    async def note_noise(who: str, kind: str) -> None:
        plot.noise = kind
        await noise(who, kind)
        if sabotage.noise is not None:
            await sabotage.noise(plot)

    patch.setattr(rig, "opened_at", note_start)
    patch.setattr(rig, "cuts", note_cut)
    patch.setattr(rig, "noise", note_noise)


@pytest.fixture
def opener(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """Opens the rig of this name."""

    def opened(name: str) -> Any:
        opens = RIGS[name]
        return open_email(request.getfixturevalue("dovecot")) if opens is None else opens()

    return opened


async def is_green(test: Any, rig: ChannelRig, store: ValkeyServer, caplog: Any) -> bool:
    """Run one test of the contract."""
    with redis.Redis(unix_socket_path=str(store.socket)) as client:
        client.flushall()
    settings = BusSettings.model_validate({"url": store.url, "shards": 4, "lease_seconds": 1.5})
    async with open_bus(settings) as bus:
        extra = {"caplog": caplog} if "caplog" in inspect.signature(test).parameters else {}
        try:
            async with asyncio.timeout(15):
                await test(Scene(bus, rig), **extra)
        except (AssertionError, TimeoutError, ValueError, pytest.fail.Exception):
            return False
        return True


@pytest.mark.timeout(150)
@pytest.mark.parametrize(("name", "sabotage"), list(cases()))
async def test_a_planted_fault_turns_its_clauses_red(
    name: str, sabotage: Sabotage, opener: Callable[[str], Any], shared_valkey: ValkeyServer,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    patience = FIRST_MAIL_SECONDS if name.startswith("email") else PATIENCE_SECONDS
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", patience)
    monkeypatch.setattr(waiting, "WATCH_SECONDS", 10.0)
    checked = 0
    for clause in sabotage.clauses:
        async with opener(name) as rig:
            if clause in rig.exempt or (rig.capabilities.pull and sabotage.way_in is None):
                continue
            plot = Plot(rig.secrets)
            with monkeypatch.context() as patch:
                plant(rig, sabotage, plot, patch)
                greens = [await is_green(test, rig, shared_valkey, caplog)
                          for test in held_to(clause)[:1]]  # fmt: skip
            for task in plot.tasks:
                task.cancel()
            await asyncio.gather(*plot.tasks, return_exceptions=True)
        assert not all(greens), f"{name} {sabotage.name}: {clause} did not notice"
        checked += 1
    if not checked:
        pytest.skip("this way has none of these clauses")


def test_every_clause_has_a_planted_fault() -> None:
    planted = {clause for sabotage in SABOTAGES for clause in sabotage.clauses}
    assert planted == set(CHANNEL)


def test_every_channel_of_the_registry_is_sabotaged() -> None:
    assert set(CHANNELS) <= {name.partition("-")[0] for name in RIGS}
