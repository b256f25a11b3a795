"""Tools of an MCP server in the hands of a specialist, over both wires: when it is well behaved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from core.runtime import running
from core.specialists.mcp.toolset import McpKeeper, McpServers
from tests.fakes.mcp_rig import ALLOWED, BOOKING, TRACKING, McpRig, open_http_rig, open_stdio_rig
from tests.fakes.waiting import until


@pytest.fixture(
    params=[*(pytest.param(way, marks=pytest.mark.slow) for way in ("stdio", "events")), "json"]
)
async def rig(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[McpRig]:
    if request.param == "stdio":
        opened = open_stdio_rig(tmp_path)
    else:
        opened = open_http_rig(monkeypatch, streams=request.param == "events")
    async with opened as rig:
        await rig.server.refresh()
        yield rig


async def test_a_tool_is_called_for_the_customer_of_the_conversation(rig: McpRig) -> None:
    record = await rig.call(number="P1", customer_id="999")
    assert record.ok
    assert json.loads(record.result)["result"] == "Parcel P1 of 17 is in Brno."
    (called,) = rig.effects()
    assert called["arguments"] == {"number": "P1", "customer_id": "17"}
    assert rig.bench.tainted


async def test_the_model_sees_the_pinned_text_and_no_customer(rig: McpRig) -> None:
    described = {
        item["function"]["name"]: item["function"] for item in rig.toolbox.describe(ALLOWED)
    }
    assert set(described) == {TRACKING, BOOKING}
    shape = described[TRACKING]["parameters"]
    assert (list(shape["properties"]), shape["required"]) == (["number"], ["number"])
    assert described[TRACKING]["description"] == "Where a parcel is."


async def test_a_write_waits_for_the_customers_yes_and_bears_its_key(rig: McpRig) -> None:
    record = await rig.call(BOOKING, day="Monday")
    assert not record.ok and rig.effects() == []
    pending = rig.bench.pending
    assert pending is not None and pending.arguments == {"day": "Monday"}
    done = await rig.toolbox.run_pending(pending, rig.bench)
    assert json.loads(done.result)["outcome"] == "done"
    (called,) = rig.effects()
    assert called["_meta"] == {"idempotency-key": pending.key}


async def test_a_write_whose_answer_is_lost_may_have_been_done(rig: McpRig) -> None:
    await rig.call(BOOKING, day="Monday")
    pending = rig.bench.pending
    assert pending is not None
    rig.turn("dies")
    lost = await rig.toolbox.run_pending(pending, rig.bench)
    assert not lost.ok and rig.bench.acted
    rig.turn("good")
    again = await rig.toolbox.run_pending(pending, rig.bench)
    assert again.ok  # under the same key, by which the server knows it
    keys = {item["_meta"]["idempotency-key"] for item in rig.effects()}
    assert keys == {pending.key}


@pytest.mark.parametrize(
    "arguments",
    [{"number": 7}, {"customer_id": "1"}, {"number": "x" * 9_000}, {"number": None}],
    ids=["kind", "missing", "long", "null"],
)
async def test_wrong_arguments_do_not_reach_the_server(
    rig: McpRig, arguments: dict[str, Any]
) -> None:
    record = await rig.call(**arguments)
    assert not record.ok and rig.effects() == []


async def test_who_is_not_identified_or_no_customer_gets_nothing(rig: McpRig) -> None:
    rig.new_turn(level=0)
    assert "identification_needed" in (await rig.call()).result
    rig.new_turn(contact="somebody")
    assert "no customer" in (await rig.call()).result
    assert rig.effects() == []


async def test_a_tool_that_is_not_allowed_is_not_there(rig: McpRig) -> None:
    assert "there is no tool" in (await rig.call("shop.t1")).result
    assert rig.effects() == []


async def test_the_server_that_went_away_is_found_again_by_the_keeper(rig: McpRig) -> None:
    await rig.server.close()
    assert rig.server.report()["connected"] is False
    assert rig.server.offers("track_parcel")  # what was pinned is still that
    keeper, stop = McpKeeper(rig.servers, lambda: [TRACKING]), asyncio.Event()
    async with running(keeper.run(stop, asyncio.Event()), name="keeper") as task:
        await until(lambda: rig.server.report()["connected"])
        assert (await rig.call()).ok
        stop.set()
        await task
    assert rig.server.report()["connected"] is False


async def test_a_server_that_is_slow_to_start_holds_up_no_stop(rig: McpRig) -> None:
    begun, stop = asyncio.Event(), asyncio.Event()

    async def slow(name: str, spec: object) -> Any:
        begun.set()
        await asyncio.Event().wait()

    servers = McpServers(rig.servers.file, slow)
    keeper = McpKeeper(servers, lambda: [TRACKING])
    async with running(keeper.run(stop, asyncio.Event()), name="keeper") as task:
        await begun.wait()
        stop.set()
        await task
    assert servers.report()["shop"]["connected"] is False


async def test_nothing_is_connected_that_nobody_lists(rig: McpRig) -> None:
    servers = McpServers(rig.servers.file, _never)
    stop = asyncio.Event()
    async with running(McpKeeper(servers, lambda: ["search_knowledge"]).run(stop, asyncio.Event()),
                       name="keeper") as task:  # fmt: skip
        await asyncio.sleep(0)
        stop.set()
        await task


async def _never(name: str, spec: object) -> Any:
    raise AssertionError(f"{name} was connected")
