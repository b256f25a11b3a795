"""Logs and metrics: one place that sets them up, names them and keeps secrets out.

Above: the composition root calls `configure_logging`; everyone else gets loggers from structlog
and counters from here. Below: structlog, prometheus_client.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

REGISTRY = CollectorRegistry()
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

EVENTS = Counter(
    "switchboard_events_total",
    "Events accepted, by channel and result.",
    ["channel", "result"],
    registry=REGISTRY,
)
TURNS = Counter(
    "switchboard_turns_total",
    "Turns, by specialist and outcome.",
    ["specialist", "outcome"],
    registry=REGISTRY,
)
TURN_SECONDS = Histogram(
    "switchboard_turn_seconds", "From claim to commit.", buckets=_BUCKETS, registry=REGISTRY
)
REPLY_SECONDS = Histogram(
    "switchboard_reply_seconds",
    "From the customer's message to the answer in the log.",
    buckets=_BUCKETS,
    registry=REGISTRY,
)
LEASE_STEALS = Counter(
    "switchboard_lease_steals_total",
    "Wake-ups taken over from a dead reader.",
    ["reader"],
    registry=REGISTRY,
)
REFUSED_COMMITS = Counter(
    "switchboard_refused_commits_total",
    "Commits the store refused, by reason.",
    ["reason"],
    registry=REGISTRY,
)
DEAD_LETTERS = Counter(
    "switchboard_dead_letters_total",
    "Wake-ups given up after too many attempts.",
    ["reader"],
    registry=REGISTRY,
)
MODEL_CALLS = Counter(
    "switchboard_model_calls_total",
    "Calls of the language model, by result.",
    ["result"],
    registry=REGISTRY,
)
SOCKETS = Gauge("switchboard_sockets", "Open widget sockets.", registry=REGISTRY)
INTAKE_REFUSED = Counter(
    "switchboard_intake_refused_total",
    "Inputs answered 503 because the store could not take them.",
    registry=REGISTRY,
)
DELIVERIES = Counter(
    "switchboard_deliveries_total",
    "Deliveries, by channel and result.",
    ["channel", "result"],
    registry=REGISTRY,
)

_SECRET_KEYS = re.compile(r"token|secret|password|api_key|authorization|cookie", re.IGNORECASE)
_SECRET_VALUES = re.compile(r"(Bearer\s+|sk-|xox[abprs]-|://[^/\s:@]+:)[^\s@\"']+")


def watch_process() -> None:
    """Add what the process itself costs: memory, CPU, open files, garbage collection."""
    ProcessCollector(registry=REGISTRY)
    PlatformCollector(registry=REGISTRY)
    GCCollector(registry=REGISTRY)


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: values under secret-like keys, and secret-like values, are masked."""
    for key, value in event.items():
        if _SECRET_KEYS.search(key) and isinstance(value, str):
            event[key] = "***"
        elif isinstance(value, str):
            event[key] = _SECRET_VALUES.sub(r"\1***", value)
    return event


def configure_logging(*, level: str = "INFO", json: bool | None = None) -> None:
    """Structured logs on standard error; JSON lines unless a terminal is there.

    Message text is only ever logged at DEBUG, under the key `text`.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(number, logging.WARNING))
