"""A real gateway whose desk is closed: the customer hears the truth, once; the case is there.

And a case opened by a program has a record like every other.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.waiting import until_found
from tests.flows.conftest import Start
from tests.flows.gateway_process import Api, GatewayProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@pytest.fixture
def config(root: Path, home: Path) -> Path:
    """The shipped configuration, with a desk that is open on one day only, and not today."""
    folder = home / "config"
    shutil.copytree(root / "config", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = folder / "escalation.toml"
    text = re.sub(r'^(\w+day) = ".*"$', r'\1 = ""', path.read_text("utf-8"), flags=re.MULTILINE)
    day = _DAYS[(datetime.now(UTC).weekday() + 3) % 7]
    path.write_text(text.replace(f'{day} = ""', f'{day} = "09:00-17:00"'), "utf-8")
    return folder


async def test_a_customer_of_a_closed_desk_hears_when_people_are_back_and_a_case_is_kept(
    filled: Path, home: Path, config: Path, start: Start, api: Callable[[GatewayProcess], Api]
) -> None:
    data = home / "data"
    shutil.copytree(filled, data, ignore=shutil.ignore_patterns("valkey", "*.json"))
    gateway = await start(data, SWITCHBOARD_CONFIG=str(config)).ready()
    door = api(gateway)
    name, token = await door.open()
    await door.ask(name, token, "I want to talk to a human, please.")

    async def told() -> list[dict[str, Any]]:
        entries = await door.entries(name, token)
        return [entry for entry in entries if entry.get("reason") == "nobody_there"]

    await until_found(told, seconds=90)
    await door.call("POST", f"/conversations/{name}/messages", token=token, body={"text": "Hello?"})
    opened, own = await door.open()
    await door.call("POST", f"/conversations/{opened}/messages", token=own, body={"text": "Help!"})
    call = {"reason": "impact", "text": "Sensor 12 reports smoke.", "name": "Watchdog"}
    await door.call("POST", f"/conversations/{opened}/escalate", body=call)
    entries = await door.entries(opened, door.admin)
    seq = next(entry["seq"] for entry in entries if entry.get("action") == "escalate")

    async def case() -> Any:
        try:
            return (await door.call("GET", f"/conversations/{opened}/turns/{seq}"))["case"]
        except AssertionError:  # 404: not yet
            return None

    await until_found(case, seconds=90)
    kept = await case()
    assert (kept["reason"], kept["rule"]) == ("impact", "by_hand")
    assert kept["summary"].startswith("Watchdog: Sensor 12 reports smoke.")
    words = await told()
    assert len(words) == 1
    assert "09:00 (Europe/Amsterdam)" in words[0]["text"]
    assert words[0]["author"]["role"] == "system"
    assert await gateway.stop() == 0
    assert "Traceback" not in gateway.text()
