"""A backup is made while messages flow, restored elsewhere, and its customers go on."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from switchboard.backup import check_backup, make_backup
from tests.flows.conftest import Start
from tests.flows.gateway_process import Api, GatewayProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


async def command(*words: str) -> dict[str, Any]:
    """What a command prints for programs."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "switchboard", *words, "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    answer, complaint = await child.communicate()
    assert child.returncode == 0, complaint.decode()
    return json.loads(answer)


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Nobody looks at the bar."""


async def test_a_backup_made_while_messages_flow_lets_its_customers_go_on_elsewhere(
    filled: Path, home: Path, start: Start, api: Callable[[GatewayProcess], Api]
) -> None:
    shutil.copytree(filled, home / "data", ignore=shutil.ignore_patterns("valkey", "*.json"))
    first = await start(home / "data").ready()
    here = api(first)
    conversation, token = await here.open()
    asked = await here.ask(conversation, token, "How do I reset my password?")
    _, silent = await here.open()
    stop = asyncio.Event()

    async def keep_writing() -> None:
        other, key = await here.open()
        while not stop.is_set():
            await here.call(
                "POST", f"/conversations/{other}/messages", token=key, body={"text": "And this?"}
            )
            await asyncio.sleep(0.05)

    writer = asyncio.create_task(keep_writing())
    made = await make_backup(home / "data", home / "copy", quiet)
    stop.set()
    await writer
    assert made["database"] == "sqlite"
    first.kill()
    proved = await check_backup(home / "copy", quiet)
    assert proved["entries"] >= 2
    await command("restore", str(home / "copy"), "--data", str(home / "new"))
    second = await start(home / "new").ready()
    there = api(second)
    assert there.admin == here.admin
    said = await there.entries(conversation, token)
    assert said[0]["text"] == "How do I reset my password?"
    assert {reply["id"] for reply in asked["replies"]} <= {entry["id"] for entry in said}
    again = await there.ask(conversation, token, "How do I change my e-mail address?")
    assert again["seq"] > said[-1]["seq"]
    assert again["replies"]
    assert silent
    # What was written wrong on the way is found before it is needed.
    with (home / "copy" / "data" / "switchboard.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 64)
    with pytest.raises(InputError, match="damaged"):
        await check_backup(home / "copy", quiet)
