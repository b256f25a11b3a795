"""What is measured of the work itself: one call at each place, for metrics and traces alike.

Above: ingress, worker, turn, tools, model, delivery, server. Below: `telemetry` (the registry),
`tracing` (if an endpoint is set). Labels are names of the configuration or of a short fixed list;
what could be anybody's word is counted under `other` from a number on. No message text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from pydantic import BaseModel, ConfigDict, Field

from core import tracing
from core.conversation import Claim
from core.messages import Entry
from core.telemetry import REGISTRY

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_MOST_NAMES = 200

STAGE_SECONDS = Histogram(
    "switchboard_stage_seconds", "Stages of turns (triage, search, answer…).", ["stage"],
    buckets=_SLOW, registry=REGISTRY,
)  # fmt: skip
MODEL_SECONDS = Histogram(
    "switchboard_model_seconds", "Calls of the language model to their last word, by server.",
    ["provider"], buckets=_SLOW, registry=REGISTRY,
)  # fmt: skip
MODEL_TOKENS = Counter(
    "switchboard_model_tokens_total", "Tokens of committed turns, by specialist and direction.",
    ["specialist", "direction"], registry=REGISTRY,
)  # fmt: skip
MODEL_COST = Counter(
    "switchboard_model_cost_total", "Money of committed turns, in the currency of the prices.",
    ["specialist"], registry=REGISTRY,
)  # fmt: skip
TOOL_CALLS = Counter(
    "switchboard_tool_calls_total", "Calls of tools, by tool and result (ok, error).",
    ["tool", "result"], registry=REGISTRY,
)  # fmt: skip
TOOL_SECONDS = Histogram(
    "switchboard_tool_seconds", "Calls of tools.", ["tool"], buckets=_SLOW, registry=REGISTRY
)
INTENTS = Counter(
    "switchboard_intents_total", "Turns by what was asked for.", ["intent"], registry=REGISTRY
)
CASES = Counter(
    "switchboard_cases_total", "Conversations that turns handed to people, by reason.", ["reason"],
    registry=REGISTRY,
)  # fmt: skip
TURN_FAULTS = Counter(
    "switchboard_turn_faults_total", "Turns that failed, or did without the model, by why.",
    ["fault"], registry=REGISTRY,
)  # fmt: skip
SEND_SECONDS = Histogram(
    "switchboard_send_seconds", "Deliveries to a platform, until it answered.", ["channel"],
    buckets=_SLOW, registry=REGISTRY,
)  # fmt: skip
HTTP_SECONDS = Histogram(
    "switchboard_http_seconds", "Requests by route and class of status; streams are not timed.",
    ["method", "route", "status"], buckets=_FAST, registry=REGISTRY,
)  # fmt: skip
STALE_PERIODS = Gauge(
    "switchboard_stale_periods", "Hours, days and months of statistics to be counted again.",
    registry=REGISTRY,
)  # fmt: skip
INFO = Gauge(
    "switchboard_info", "1; the labels tell version and roles of the process.",
    ["version", "roles"], registry=REGISTRY,
)  # fmt: skip
_names: dict[str, set[str]] = {}


class MetricsSettings(BaseModel):
    """Metrics of each process on a port of their own, without a token: for Prometheus beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int | None = Field(
        None, ge=0, le=65_535, description="Port of `/metrics` and `/health`. Empty: none."
    )
    host: str = Field("127.0.0.1", description="Address it listens on.")


def bounded(kind: str, name: str) -> str:
    """The name, if it is among the first so many of its kind; else `other`."""
    known = _names.setdefault(kind, set())
    if name in known or len(known) < _MOST_NAMES:
        known.add(name)
        return name
    return "other"


def accepted(entry_of: str, seq: int, channel: str, seconds: float) -> None:
    """An event came in and stands in the log."""
    tracing.record_root("accept", entry_of, seq, seconds, {"channel": channel})


def thinking(claim: Claim) -> AbstractContextManager[Any]:
    """Around a turn: what happens within belongs to it."""
    return tracing.follow("turn", claim.conversation, _asked(claim.entries) or claim.seen)


def stage(name: str, seconds: float) -> None:
    """A stage of a turn is over."""
    STAGE_SECONDS.labels(name).observe(seconds)
    tracing.record(name, seconds, {})


def model_called(provider: str, model: str, result: str, seconds: float) -> None:
    """A model server answered, or did not."""
    if result == "ok":
        MODEL_SECONDS.labels(provider).observe(seconds)
    tracing.record("model", seconds, {"provider": provider, "model": model, "result": result})


def tool_called(name: str, *, ok: bool, seconds: float) -> None:
    """A tool gave its result."""
    tool, result = bounded("tool", name[:60]), "ok" if ok else "error"
    TOOL_CALLS.labels(tool, result).inc()
    TOOL_SECONDS.labels(tool).observe(seconds)
    tracing.record("tool", seconds, {"tool": tool, "result": result})


def turned(receipt: Mapping[str, Any] | None, specialist: str | None) -> None:
    """A turn was committed; its receipt tells the rest."""
    if not receipt:
        return
    who = bounded("specialist", specialist or "")
    used: dict[str, int] = receipt.get("tokens") or {}
    triage: dict[str, Any] = receipt.get("triage") or {}
    for direction, tokens in used.items():
        if tokens:
            MODEL_TOKENS.labels(who, direction).inc(tokens)
    if cost := receipt.get("cost"):
        MODEL_COST.labels(who).inc(cost)
    if intent := triage.get("intent"):
        INTENTS.labels(bounded("intent", intent)).inc()
    if case := receipt.get("case"):
        CASES.labels(bounded("reason", case["reason"])).inc()
    if fault := receipt.get("error") or receipt.get("fallback"):
        TURN_FAULTS.labels(bounded("fault", str(fault))).inc()


def sending(claim: Claim, entry: Entry, channel: str) -> AbstractContextManager[Any]:
    """Around a delivery of the answer to a message."""
    return tracing.follow(
        "send", claim.conversation, entry.in_reply_to or entry.seq, {"channel": channel}
    )


def _asked(entries: Sequence[Entry]) -> int | None:
    """The customer's last message."""
    said = [e.seq for e in entries if e.author.role == "customer" and e.kind == "message"]
    return said[-1] if said else None
