"""Traces: what happened to one message, in however many processes; nothing at all unless asked for.

Above: `observing`, the composition root (`open_tracing`). Below: OpenTelemetry, loaded only when an
endpoint is set; until then every call here is one comparison.

Ids are derived from the conversation and the sequence of the customer's message, as all our ids
are: so the process that takes a message in, the one that answers and the one that delivers write
one trace without telling each other, and a message that is answered again is in the same one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Attributes = Mapping[str, str | int | float | bool]
_OFF: AbstractContextManager[Any] = nullcontext()
_FLUSH_MS = 3_000


class TracingSettings(BaseModel):
    """Traces of messages, written to a collector over OTLP/HTTP."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str | None = Field(
        None,
        description="Address of an OpenTelemetry collector, such as http://localhost:4318. Empty: "
        "no traces are made.",
    )
    headers: SecretStr | None = Field(
        None, description="Headers for it, as key=value,key=value: for a key of a vendor."
    )
    service: str = Field("switchboard", description="What the service is called in traces.")
    share: float = Field(1.0, ge=0, le=1, description="The share of messages that are traced.")


class _State:
    """The tracer, once there is one."""

    tracer: Any = None
    provider: Any = None


_ids: ContextVar[tuple[int, int] | None] = ContextVar("trace_ids", default=None)


def record(name: str, seconds: float, attributes: Attributes) -> None:
    """Something that has just ended, within whatever is going on."""
    if _State.tracer is None:
        return
    end = time.time_ns()
    span = _State.tracer.start_span(
        name, attributes=attributes, start_time=end - int(seconds * 1e9)
    )
    span.end(end)


def record_root(
    name: str, conversation: str, seq: int, seconds: float, attributes: Attributes
) -> None:
    """The beginning of a message's trace, which has just ended."""
    if _State.tracer is None:
        return
    from opentelemetry.context import Context

    end = time.time_ns()
    token = _ids.set(_ids_of(conversation, seq))
    try:
        span = _State.tracer.start_span(
            name, context=Context(), start_time=end - int(seconds * 1e9),
            attributes={**attributes, "conversation": conversation, "seq": seq},
        )  # fmt: skip
    finally:
        _ids.reset(token)
    span.end(end)


def follow(
    name: str, conversation: str, seq: int, attributes: Attributes | None = None
) -> AbstractContextManager[Any]:
    """Around something that belongs to a message's trace; what is recorded within is below it."""
    if _State.tracer is None:
        return _OFF
    return _follow(name, conversation, seq, attributes or {})


@contextmanager
def _follow(name: str, conversation: str, seq: int, attributes: Attributes) -> Generator[Any]:
    from opentelemetry import trace

    trace_id, span_id = _ids_of(conversation, seq)
    root = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=trace.TraceFlags(1))
    with _State.tracer.start_as_current_span(
        name,
        context=trace.set_span_in_context(trace.NonRecordingSpan(root)),
        attributes={**attributes, "conversation": conversation, "seq": seq},
        # An exception may quote what a customer said: its kind is enough.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_attribute("error", type(error).__name__)
            raise


def _ids_of(conversation: str, seq: int) -> tuple[int, int]:
    digest = hashlib.sha256(f"{conversation}:{seq}".encode()).digest()
    return int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")


def open_tracing(settings: TracingSettings, *, exporter: Any = None) -> None:
    """Make traces from now on, if an endpoint (or an exporter) is given."""
    if settings.endpoint is None and exporter is None:
        return
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

    class DerivedIds(RandomIdGenerator):
        """The ids that were set for the next span, else random ones."""

        def generate_trace_id(self) -> int:
            found = _ids.get()
            return found[0] if found else super().generate_trace_id()

        def generate_span_id(self) -> int:
            found = _ids.get()
            return found[1] if found else super().generate_span_id()

    provider = TracerProvider(
        sampler=TraceIdRatioBased(settings.share), id_generator=DerivedIds(),
        resource=Resource.create({"service.name": settings.service}), shutdown_on_exit=False,
    )  # fmt: skip
    provider.add_span_processor(BatchSpanProcessor(exporter or _exporter(settings)))
    _State.tracer = provider.get_tracer("switchboard")
    _State.provider = provider


def close_tracing() -> None:
    """Write what is left, for a moment; then make no more. Blocks: call it in a thread."""
    if _State.tracer is None:
        return
    _State.tracer = None
    provider = _State.provider
    provider.force_flush(_FLUSH_MS)
    provider.shutdown()


def _exporter(settings: TracingSettings) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    raw = settings.headers.get_secret_value() if settings.headers else ""
    pairs = (item.partition("=") for item in raw.split(",") if "=" in item)
    return OTLPSpanExporter(
        endpoint=f"{(settings.endpoint or '').rstrip('/')}/v1/traces",
        headers={key.strip(): value.strip() for key, _, value in pairs},
        timeout=_FLUSH_MS / 1000,
    )
