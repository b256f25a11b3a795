"""Schemathesis at a real gateway: the description of its API, with real ids in it, a scope each.

The description is taken as the gateway gives it, but for three things: the stream of events never
ends, `wait` waits, and ids that exist are hard to guess, so half of the ids are given.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.flows.gateway_process import FIRST_START_SECONDS, Api, GatewayProcess

# Held to everything but: what fits a shape may still make no sense (`positive_data_acceptance`).
_NOT_CHECKED = "positive_data_acceptance"
# Through a proxy: on the machine itself some routes need no token.
_AWAY = {"Via": "1.1 fuzz"}


@dataclass(frozen=True)
class Figures:
    """What a run did and found."""

    scope: str
    operations: int
    cases: int
    failed: bool
    text: str = field(repr=False)


@dataclass
class Target:
    """A gateway, who may do what there, and names of what it holds."""

    gateway: GatewayProcess
    headers: dict[str, dict[str, str]]
    names: dict[str, str]
    document: dict[str, Any]


@asynccontextmanager
async def open_target(data: Path) -> AsyncGenerator[Target]:
    """A gateway with a conversation, a ticket, a document and tokens."""
    gateway = GatewayProcess(
        data, SWITCHBOARD_WEB__MESSAGES_PER_SECOND="100000", SWITCHBOARD_LOG__LEVEL="WARNING",
        SWITCHBOARD_WEB__REFUSED_PER_MINUTE="10000000",
    ).start()  # fmt: skip
    try:
        await gateway.ready(FIRST_START_SECONDS)
        async with aiohttp.ClientSession() as session:
            yield await _prepare(gateway, Api(gateway, session), session)
    finally:
        gateway.close()


async def fuzz(target: Target, scope: str, *bounds: str, seed: int) -> Figures:
    """Every operation of the description with one token, for as long as `bounds` (options of the
    tool) allow."""
    folder = target.gateway.data.parent
    file = folder / f"openapi-{scope}.json"
    file.write_text(json.dumps(_prepared(target)), encoding="utf-8")
    headers = [f"-H{name}: {value}" for name, value in target.headers[scope].items()]
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", str(file),
        f"--url={target.gateway.note['url']}",
        *headers, *bounds, f"--seed={seed}", f"--exclude-checks={_NOT_CHECKED}",
        "--request-timeout=20", "--continue-on-failure",
        "--generation-database=none", "--warnings=off", "--no-color",
    ]  # fmt: skip
    child = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await child.communicate()
    text = out.decode("utf-8", "replace")
    return Figures(
        scope, _number(r"Tested: (\d+)", text), _number(r"(\d+) generated", text),
        child.returncode != 0, text,
    )  # fmt: skip


async def _prepare(gateway: GatewayProcess, api: Api, session: aiohttp.ClientSession) -> Target:
    talk, token = await api.open()
    await api.ask(talk, token, "Where is my parcel?")
    ticket = await api.call("POST", "/tickets", body={"subject": "It is broken"})
    document = await api.call(
        "POST", "/knowledge/documents", body={"title": "Warranty", "text": "It is two years."}
    )
    desk = await api.call("POST", "/tokens", body={"scope": "desk", "name": "Eva"})
    async with session.get(gateway.note["url"] + "/api/openapi.json") as response:
        described = await response.json()
    bearer = {"customer": token, "desk": desk["token"], "admin": api.admin}
    headers = {scope: {"Authorization": f"Bearer {one}"} | _AWAY for scope, one in bearer.items()}
    names = {"id": talk, "ticket": ticket["id"], "document": document["id"], "seq": "1"}
    return Target(gateway, {"nobody": _AWAY} | headers, names, described)


def _prepared(target: Target) -> dict[str, Any]:
    document = json.loads(json.dumps(target.document))
    document["paths"] = {
        path: methods for path, methods in document["paths"].items() if not path.endswith("/events")
    }
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [
                _with_name(one, target.names) for one in operation["parameters"]
                if one["name"] != "wait"
            ]  # fmt: skip
    return document


def _with_name(parameter: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    if parameter["in"] == "path" and parameter["name"] in names:
        real = {"enum": [names[parameter["name"]]]}
        return parameter | {"schema": {"anyOf": [real, parameter["schema"]]}}
    return parameter


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0
