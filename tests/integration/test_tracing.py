"""A message's trace: taken in, answered and delivered in other processes, and no word of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from channels.delivery import Delivery
from channels.ingress import Ingress
from core import observing, tracing
from core.bus.connect import Bus
from core.conversation import Claim, Head, Turnpike
from core.engine.echo import EchoTurn
from core.engine.worker import Worker
from core.ids import ConversationId, EntryId, new_event_id
from core.messages import Address, Author, Entry, InboundEvent
from core.tracing import TracingSettings, close_tracing, open_tracing
from tests.fakes.services import serving
from tests.fakes.waiting import until
from tests.integration.test_delivery import Pager

CONVERSATION = ConversationId("cv_00_aaaaaaaaaaaaaaaaaaaaaa")
NOW = "2026-03-01T00:00:00Z"


def entry(seq: int, role: Any, **fields: Any) -> Entry:
    return Entry.model_validate(
        {"seq": seq, "id": EntryId(f"e{seq}"), "at": NOW, "kind": "message", "text": "SECRET WORDS",
         "author": Author(role=role)} | fields
    )  # fmt: skip


def claim(*entries: Entry) -> Claim:
    head = Head.model_validate({"id": CONVERSATION, "created_at": NOW, "updated_at": NOW})
    return Claim.model_construct(
        conversation=CONVERSATION, entries=entries, head=head, seen=entries[-1].seq
    )


def say(seconds: float = 0.01) -> None:
    """One message's way, as the processes go it."""
    observing.accepted(CONVERSATION, 3, "telegram", seconds)
    with observing.thinking(claim(entry(2, "customer"), entry(3, "customer"))):
        observing.stage("triage", 0.002)
        observing.model_called("first", "small", "model_timeout", 0.5)
        observing.tool_called("get_orders", ok=True, seconds=0.1)
    reply = entry(4, "ai", in_reply_to=3)
    with observing.sending(claim(reply), reply, "telegram"):
        pass


@pytest.fixture
def spans() -> Generator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    open_tracing(TracingSettings.model_validate({}), exporter=exporter)
    yield exporter
    close_tracing()


def read(exporter: InMemorySpanExporter) -> dict[str, Any]:
    tracing._State.provider.force_flush()
    return {span.name: span for span in exporter.get_finished_spans()}


def test_processes_write_one_trace_without_telling_each_other(spans: InMemorySpanExporter) -> None:
    say()
    found = read(spans)
    assert set(found) == {"accept", "turn", "triage", "model", "tool", "send"}
    assert len({span.context.trace_id for span in found.values()}) == 1
    root = found["accept"]
    assert root.parent is None
    assert found["turn"].parent.span_id == found["send"].parent.span_id == root.context.span_id
    for name in ("triage", "model", "tool"):
        assert found[name].parent.span_id == found["turn"].context.span_id
    assert found["turn"].attributes["conversation"] == CONVERSATION
    assert found["model"].attributes["result"] == "model_timeout"
    assert found["model"].end_time - found["model"].start_time == pytest.approx(5e8)


def test_another_message_has_another_trace_and_no_word_is_in_any(
    spans: InMemorySpanExporter,
) -> None:
    say()
    observing.accepted(CONVERSATION, 9, "telegram", 0.01)
    with (
        pytest.raises(ValueError, match="SECRET"),
        observing.thinking(claim(entry(9, "customer"))),
    ):
        raise ValueError("SECRET WORDS")
    tracing._State.provider.force_flush()
    finished: Any = spans.get_finished_spans()
    assert len({span.context.trace_id for span in finished}) == 2
    assert finished[-1].attributes["error"] == "ValueError"
    assert "SECRET" not in "".join(span.to_json() for span in finished)


def test_of_a_share_of_messages_the_same_are_traced_by_every_process() -> None:
    exporter = InMemorySpanExporter()
    open_tracing(TracingSettings.model_validate({"share": 0.5}), exporter=exporter)
    try:
        for seq in range(1, 41):
            observing.accepted(CONVERSATION, seq, "web", 0.0)
            with observing.thinking(claim(entry(seq, "customer"))):
                pass
        tracing._State.provider.force_flush()
        finished: Any = exporter.get_finished_spans()
    finally:
        close_tracing()
    by_trace: dict[int, set[str]] = {}
    for span in finished:
        by_trace.setdefault(span.context.trace_id, set()).add(span.name)
    assert 5 < len(by_trace) < 35
    assert all(names == {"accept", "turn"} for names in by_trace.values())


def test_unless_asked_for_it_costs_next_to_nothing() -> None:
    assert tracing._State.tracer is None
    one = claim(entry(3, "customer"))
    began = time.process_time()
    for _ in range(20_000):
        tracing.record("triage", 0.1, {})
        with tracing.follow("turn", CONVERSATION, one.seen):
            pass
    # Measured: under a microsecond for both; a hundred times that would still not be seen.
    assert (time.process_time() - began) / 20_000 < 1e-4


@pytest.fixture
async def collector() -> AsyncGenerator[tuple[str, list[tuple[str, ExportTraceServiceRequest]]]]:
    """An OpenTelemetry collector as far as traces go."""
    got: list[tuple[str, ExportTraceServiceRequest]] = []

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        got.append((request.headers.get("x-key", ""), ExportTraceServiceRequest.FromString(body)))
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    async with TestServer(app) as server:
        yield str(server.make_url("/")), got


async def test_a_collector_gets_them_over_otlp(
    collector: tuple[str, list[tuple[str, ExportTraceServiceRequest]]],
) -> None:
    url, got = collector
    open_tracing(
        TracingSettings.model_validate({"endpoint": url, "headers": "x-key=k1", "service": "desk"})
    )  # fmt: skip
    say()
    await asyncio.to_thread(close_tracing)
    await until(lambda: bool(got))
    key, request = got[0]
    (resource,) = request.resource_spans
    names = {item.key: item.value.string_value for item in resource.resource.attributes}
    assert (key, names["service.name"]) == ("k1", "desk")
    assert {span.name for span in resource.scope_spans[0].spans} >= {"accept", "turn", "send"}


async def test_a_message_through_the_house_is_one_trace(
    bus: Bus, spans: InMemorySpanExporter
) -> None:
    pager, home = Pager(), Address(channel="pager", account="bot", chat="42")
    door = Ingress(bus.log, channel="pager", turnpike=Turnpike())
    async with serving(Worker(bus, EchoTurn(), grace_seconds=1), Delivery(bus, pager)):
        conversation = await bus.log.create(home)
        event = InboundEvent(
            id=new_event_id("pager"), conversation=conversation, address=home,
            author=Author(role="customer"), text="SECRET WORDS.",
        )  # fmt: skip
        await door.accept(event)
        await door.accept(event)  # a repeat begins no trace
        await until(lambda: len(pager.arrived) == 1)
    tracing._State.provider.force_flush()
    finished: Any = spans.get_finished_spans()
    assert sorted(span.name for span in finished) == ["accept", "send", "turn"]
    assert len({span.context.trace_id for span in finished}) == 1
    assert {span.attributes["conversation"] for span in finished} == {conversation}
    assert "SECRET" not in "".join(span.to_json() for span in finished)
