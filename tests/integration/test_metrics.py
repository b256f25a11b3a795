"""Metrics: of a process that has no other HTTP, of routes, and of turns by their receipts."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from core import observing
from core.errors import BusUnavailable, ConfigError
from core.observing import MetricsSettings
from core.runtime import spawn
from core.telemetry import REGISTRY
from switchboard.metrics import metrics_service


def parts(ping: Any = None, **settings: Any) -> Any:
    async def well() -> None:
        return None

    metrics = MetricsSettings.model_validate(settings)
    return SimpleNamespace(
        settings=SimpleNamespace(metrics=metrics), bus=SimpleNamespace(ping=ping or well)
    )


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_a_process_of_one_role_serves_its_metrics_and_says_whether_it_is_ready() -> None:
    state = {"up": True}

    async def ping() -> None:
        if not state["up"]:
            raise BusUnavailable("gone")

    service = metrics_service(parts(ping, port=0))
    assert service is not None
    stop, ready = asyncio.Event(), asyncio.Event()
    running = spawn(service.run(stop, ready), name="metrics")
    try:
        await asyncio.wait_for(ready.wait(), 5)
        async with aiohttp.ClientSession(service.url) as http:
            async with http.get("/metrics") as answer:
                assert answer.status == 200 and answer.content_type == "text/plain"
                assert "switchboard_turns_total" in await answer.text()
            async with http.get("/health/ready") as answer:
                assert answer.status == 200
            state["up"] = False
            async with http.get("/health/ready") as answer:
                assert (answer.status, (await answer.json())["ready"]) == (503, False)
            async with http.get("/health") as answer:
                assert answer.status == 200
    finally:
        stop.set()
        await asyncio.wait_for(running, 10)


async def test_unless_a_port_is_set_nothing_listens_and_a_taken_one_is_told_at_once() -> None:
    assert metrics_service(parts()) is None
    first = metrics_service(parts(port=0))
    assert first is not None
    port = int(first.url.rsplit(":", 1)[1])
    first._socket.listen()
    with pytest.raises(ConfigError, match=str(port)):
        metrics_service(parts(port=port))
    first._socket.close()


def test_a_committed_turn_is_counted_by_its_receipt() -> None:
    tokens, money = "switchboard_model_tokens_total", "switchboard_model_cost_total"
    before = (
        value(tokens, specialist="billing", direction="out"), value(money, specialist="billing"),
        value("switchboard_cases_total", reason="legal"),
        value("switchboard_intents_total", intent="refund"),
        value("switchboard_turn_faults_total", fault="model_timeout"),
    )  # fmt: skip
    receipt = cast("dict[str, Any]", {
        "tokens": {"in": 10, "out": 4}, "cost": 0.25, "triage": {"intent": "refund"},
        "case": {"reason": "legal"}, "fallback": "model_timeout",
    })  # fmt: skip
    observing.turned(receipt, "billing")
    observing.turned(None, "billing")  # a turn that said nothing has no receipt
    after = (
        value(tokens, specialist="billing", direction="out"), value(money, specialist="billing"),
        value("switchboard_cases_total", reason="legal"),
        value("switchboard_intents_total", intent="refund"),
        value("switchboard_turn_faults_total", fault="model_timeout"),
    )  # fmt: skip
    assert [b - a for a, b in zip(before, after, strict=True)] == [4, 0.25, 1, 1, 1]
