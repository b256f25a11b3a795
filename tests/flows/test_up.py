"""`switchboard up` as a person meets it: start, ask, kill, start again, stop."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.stolen import NOISE, Stolen, skip_unmeasured
from tests.flows.conftest import Start
from tests.flows.gateway_process import Api, GatewayProcess, run_command, store_processes

pytestmark = pytest.mark.timeout(600)
QUESTION = "How do I reset my password?"


@pytest.fixture
def data(filled: Path, home: Path) -> Path:
    """A data folder that has been used before."""
    shutil.copytree(filled, home / "data", ignore=shutil.ignore_patterns("*.sock", "*.json"))
    return home / "data"


async def gone(data: Path, seconds: float = 30) -> bool:
    """True once no embedded server works in the folder."""
    end = time.monotonic() + seconds
    while store_processes(data) and time.monotonic() < end:
        await asyncio.sleep(0.02)
    return not store_processes(data)


async def test_a_question_is_answered_from_the_knowledge_with_its_source(
    data: Path, start: Start, api: Callable[[GatewayProcess], Api]
) -> None:
    gateway = await start(data).ready()
    client = api(gateway)
    conversation, token = await client.open()
    answer = await client.ask(conversation, token, QUESTION)
    (reply,) = answer["replies"]
    assert reply["author"]["role"] == "ai"
    assert reply["citations"][0]["title"]
    assert reply["citations"][0]["span"] in reply["text"]
    assert answer["seq"] == 1
    assert reply["seq"] == 2


LIBRARIES = "aiohttp.web, numpy, prometheus_client, pydantic, redis.asyncio, sqlalchemy.ext.asyncio"
START_SECONDS = 3.0
LIBRARY_SECONDS = 0.75  # of processor time, where a start is to take no more than that


@pytest.mark.bench
async def test_a_second_start_is_ready_within_three_seconds(data: Path, start: Start) -> None:
    """On a machine with nothing else to do; one that is busy, or whose host gives it to others, is
    held to the processor time instead. On a slow one it may take longer by as much as loading the
    biggest libraries does. Where the host took much in every try, and that is in the processor time
    too, nothing was measured."""
    tries: list[tuple[float, float]] = []
    least = 1.0
    for _ in range(4):
        slower = max(1.0, processor_seconds(f"import {LIBRARIES}") / LIBRARY_SECONDS)
        stolen = Stolen()
        gateway = await start(data).ready()
        taken = stolen.share()
        busy = os.getloadavg()[0] > (os.cpu_count() or 1) or taken > NOISE
        took = gateway.cpu_seconds if busy else gateway.ready_seconds
        assert await gateway.stop() == 0
        tries.append((took, slower))
        if took <= START_SECONDS * slower:
            return
        least = min(least, taken)
    skip_unmeasured(least)
    pytest.fail(f"seconds, and how much slower the machine is: {tries}")


def processor_seconds(program: str) -> float:
    """What running it in a Python of its own costs."""
    before = os.times()
    subprocess.run([sys.executable, "-c", program], check=True)
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


async def test_after_kill_9_the_store_ends_too_and_the_conversation_is_still_there(
    data: Path, start: Start, api: Callable[[GatewayProcess], Api]
) -> None:
    gateway = await start(data).ready()
    conversation, token = await api(gateway).open()
    await api(gateway).ask(conversation, token, QUESTION)
    before = await api(gateway).entries(conversation, token)
    assert len(store_processes(data)) == 1
    gateway.kill()
    assert await gone(data), "the embedded server outlived its parent"
    again = await start(data).ready()
    assert again.note["admin_token"] == gateway.note["admin_token"]
    assert await api(again).entries(conversation, token) == before
    answer = await api(again).ask(conversation, token, "And where is my parcel?")
    assert answer["replies"]
    listed = await wait_listed(api(again), conversation)
    assert listed["entries"] >= 4


async def wait_listed(client: Api, conversation: str) -> dict[str, Any]:
    """The conversation as the archive lists it, once both questions are in it."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        page = await client.call("GET", "/conversations")
        found = [item for item in page["conversations"] if item["id"] == conversation]
        if found and found[0]["entries"] >= 4:
            return found[0]
        await asyncio.sleep(0.05)
    raise AssertionError("the archive does not list it")


@pytest.mark.slow
async def test_sigterm_ends_it_cleanly_and_takes_its_note_away(data: Path, start: Start) -> None:
    gateway = await start(data).ready()
    note = data / "gateway.json"
    assert json.loads(note.read_text()) == gateway.note
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    assert gateway.note["pid"] == gateway.pid
    began = time.monotonic()
    assert await gateway.stop() == 0
    assert time.monotonic() - began < 10
    assert not note.exists()
    assert await gone(data, 1)
    assert "Traceback" not in gateway.text()


@pytest.mark.slow
async def test_a_second_gateway_on_the_same_folder_is_refused(data: Path, start: Start) -> None:
    first = await start(data).ready()
    second = start(data)
    assert await second.wait_end() == 78
    assert f"process {first.pid}" in second.text()
    assert "--data" in second.text()
    assert "Traceback" not in second.text()


@pytest.mark.slow
async def test_a_taken_port_is_one_message_with_its_mend(data: Path, home: Path) -> None:
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        done = await asyncio.to_thread(run_command, "up", "--data", str(data), "--port", str(port))
    assert done.returncode == 78
    assert str(port) in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
async def test_chat_in_a_pipe_prints_answers_and_sources(data: Path, start: Start) -> None:
    await start(data).ready()
    done = await asyncio.to_thread(
        run_command, "chat", "--data", str(data), text=f"{QUESTION}\n\n/quit\n"
    )
    assert done.returncode == 0, done.stderr
    assert "[1]" in done.stdout
    lines = await asyncio.to_thread(
        run_command, "chat", "--json", "--data", str(data), text=f"{QUESTION}\n"
    )
    (entry,) = [json.loads(line) for line in lines.stdout.splitlines()]
    assert entry["citations"]


async def test_the_doctor_finds_a_running_gateway_fit(data: Path, start: Start) -> None:
    await start(data).ready()
    done = await asyncio.to_thread(run_command, "doctor", "--json", "--data", str(data))
    report = json.loads(done.stdout)
    assert done.returncode == 0, report
    assert report["fit"] is True
    assert {check["state"] for check in report["checks"]} <= {"ok", "note"}


@pytest.mark.slow
async def test_knowledge_added_while_it_runs_is_answered_from(
    data: Path, home: Path, start: Start, api: Callable[[GatewayProcess], Api]
) -> None:
    gateway = await start(data).ready()
    file = home / "heliograph.md"
    file.write_text(
        "# Calibrating the heliograph\n\nPress the brass lever twice to calibrate a heliograph.\n"
    )
    done = await asyncio.to_thread(
        run_command, "kb", "add", str(file), "--json", "--data", str(data)
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["added"] == ["heliograph"]
    again = await asyncio.to_thread(
        run_command, "kb", "add", str(file), "--json", "--data", str(data)
    )
    assert json.loads(again.stdout)["unchanged"] == 1
    client = api(gateway)
    end = time.monotonic() + 90
    while time.monotonic() < end:
        found = await client.call("GET", "/knowledge/search", q="How to calibrate a heliograph?")
        if found["passages"][0]["document"] == "heliograph":
            break
        await asyncio.sleep(0.1)
    else:
        raise AssertionError("the running gateway never learned it")


@pytest.mark.slow
async def test_knowledge_is_sent_to_a_gateway_elsewhere(
    data: Path, home: Path, start: Start
) -> None:
    gateway = await start(data).ready()
    elsewhere = ("--url", gateway.note["url"], "--token", gateway.note["admin_token"])
    (home / "гелиограф.md").write_text("# Гелиограф\n\nНажмите на рычаг дважды.\n")

    async def kb(*words: str) -> Any:
        done = await asyncio.to_thread(
            run_command, "kb", *words, "--json", "--data", str(home / "no-gateway-here"), *elsewhere
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    (added,) = (await kb("add", str(home / "гелиограф.md")))["added"]
    assert (await kb("search", "Как нажать рычаг гелиографа?"))["passages"][0]["document"] == added
    assert added in {item["id"] for item in await kb("list")}
    assert await kb("remove", added) == {"removed": added}
    assert added not in {item["id"] for item in await kb("list")}
    assert not (home / "no-gateway-here").exists()
