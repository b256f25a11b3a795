"""Many chats and many mailboxes at once, one process for each channel and one worker: throughput,
latency, memory.

Smoke size by default; the full one is BENCH_CHATS=500 BENCH_MESSAGES=20 BENCH_MAILBOXES=50
BENCH_MAILS=8. The emulated platform and the mail server share the machine. BENCH_REALTIME=1 (as
root) gives all of them real-time priority, so that a busy machine gives the figures of a quiet one.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from itertools import chain
from pathlib import Path

import pytest

from tests.bench.mailboxes import open_mailboxes
from tests.contract.telegram_rig import TelegramRig, open_telegram_polling
from tests.fakes.mail.dovecot import find_dovecot
from tests.fakes.servers import running_server
from tests.fakes.waiting import until
from tests.flows.conftest import Start, home, start

__all__ = ["home", "start"]
pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
CHATS = int(os.environ.get("BENCH_CHATS", "40"))
EACH = int(os.environ.get("BENCH_MESSAGES", "4"))
MAILBOXES = int(os.environ.get("BENCH_MAILBOXES", "4"))
MAILS = int(os.environ.get("BENCH_MAILS", "5"))
SECONDS_A_MAIL = 0.1
REALTIME = bool(os.environ.get("BENCH_REALTIME"))


async def test_many_chats_and_mailboxes_at_once_are_all_answered(home: Path, start: Start) -> None:
    mailboxes = MAILBOXES if find_dovecot() is not None else 0  # where it is absent: chats alone
    async with AsyncExitStack() as stack:
        store = stack.enter_context(running_server())
        rig = await stack.enter_async_context(open_telegram_polling())
        environ = {"REDIS_URL": store.url, "SWITCHBOARD_ENGINE__TURN": "echo", **rig.environ()}
        roles = ["telegram", "worker"]
        mail = await stack.enter_async_context(open_mailboxes(mailboxes)) if mailboxes else None
        if mail is not None:
            environ |= mail.environ()
            roles.append("email")
        processes = {role: start(home / "data", roles=(role,), **environ) for role in roles}
        for process in processes.values():
            await process.ready()
        crowd = Crowd(rig)
        stack.push_async_callback(crowd.close)
        await crowd.ask("first", 1)
        if REALTIME:
            pids = [process.pid for process in processes.values()]
            hurry(*pids, os.getpid())  # and so its children: the store, the mail server
        began = time.perf_counter()
        letters = asyncio.create_task(
            mail.talk(MAILS, over_seconds=MAILS * mailboxes * SECONDS_A_MAIL) if mail else nothing()
        )
        talks = await asyncio.gather(*(crowd.ask(f"guest{n}", EACH) for n in range(CHATS)))
        told = [figures(f"{CHATS} chats", [*chain(*talks)], time.perf_counter() - began)]
        if mail is not None:
            told.append(
                figures(f"{mailboxes} mailboxes", await letters, time.perf_counter() - began)
            )
        memory = {role: resident(process.pid) for role, process in processes.items()}
        memory["store"] = resident(store.pid)
    print("; ".join([*told, words(memory)]))  # noqa: T201 -- the figures are what this is for
    assert sum(map(len, talks)) == CHATS * EACH


async def nothing() -> list[float]:
    return []


class Crowd:
    """Customers who each wait for an answer before they ask again. One looks for all of them: five
    hundred who look for themselves would be measured instead of the gateway."""

    def __init__(self, rig: TelegramRig) -> None:
        self._rig = rig
        self._answered: dict[int, asyncio.Event] = {}
        self._looking = asyncio.create_task(self._look())

    async def ask(self, who: str, count: int) -> list[float]:
        """One question after the other; how long each answer took."""
        waits: list[float] = []
        answered = self._answered[self._rig._chat(who).id] = asyncio.Event()
        for number in range(count):
            began = time.perf_counter()
            await self._rig.says(who, f"Question {number} of {who}.")
            await answered.wait()
            answered.clear()
            waits.append(time.perf_counter() - began)
        await until(lambda: len(self._rig.got(who)) == count)
        return waits

    async def close(self) -> None:
        self._looking.cancel()

    async def _look(self) -> None:
        calls, seen = self._rig._server.calls, 0
        while True:
            for method, fields in calls[seen:]:
                if method == "sendMessage":
                    self._answered[fields["chat_id"]].set()
            seen = len(calls)
            await asyncio.sleep(0.005)


def figures(name: str, waits: Sequence[float], seconds: float) -> str:
    """One line of them."""
    waits = sorted(waits)
    p50, p95 = waits[len(waits) // 2], waits[int(len(waits) * 0.95) - 1]
    return (
        f"{name}: {len(waits)} messages in {seconds:.1f} s, {len(waits) / seconds:.0f}/s, "
        f"p50 {p50:.2f} s, p95 {p95:.2f} s"
    )


def words(memory: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {size:.0f} MB" for name, size in memory.items())


def family(pid: int) -> Iterator[int]:
    """A process and its children; a thread or a child may end while they are counted."""
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                for child in (task / "children").read_text("ascii").split():
                    yield from family(int(child))


def resident(pid: int) -> float:
    """Megabytes of a process and its children."""
    pages = 0
    for one in family(pid):
        with suppress(OSError):
            pages += int(Path(f"/proc/{one}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def hurry(*pids: int) -> None:
    """Before all else on this machine; what they start inherits it."""
    for pid in pids:
        for one in family(pid):
            for task in Path(f"/proc/{one}/task").iterdir():
                os.sched_setscheduler(int(task.name), os.SCHED_RR, os.sched_param(5))
