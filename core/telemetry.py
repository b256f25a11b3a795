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
    "Events that came, by channel and result (stored, repeated, conflict, refused).",
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
CUSTOMER_HISTORY = Counter(
    "switchboard_customer_history_total",
    "Lines for the history of customers, by result (written, skipped, retry, dead).",
    ["result"],
    registry=REGISTRY,
)
CASE_ACTS = Counter(
    "switchboard_case_acts_total",
    "What the house did about cases by itself (reminders, returns, closings), by kind.",
    ["what"],
    registry=REGISTRY,
)
MODEL_CALLS = Counter(
    "switchboard_model_calls_total",
    "Calls of the language model, by result.",
    ["result"],
    registry=REGISTRY,
)
DEGRADED = Counter(
    "switchboard_degraded_turns_total",
    "Turns answered with less because a budget ran low or empty, by step and budget.",
    ["step", "budget"],
    registry=REGISTRY,
)
ANSWER_CACHE = Counter(
    "switchboard_answer_cache_total",
    "Questions that may be answered from the cache, by result (hit, miss, kept).",
    ["result"],
    registry=REGISTRY,
)
FLOODS = Counter(
    "switchboard_challenges_total",
    "Proofs asked of anonymous newcomers during floods, by result (asked, solved, refused).",
    ["result"],
    registry=REGISTRY,
)
SOCKETS = Gauge("switchboard_sockets", "Open widget sockets.", registry=REGISTRY)
INTAKE_REFUSED = Counter(
    "switchboard_intake_refused_total",
    "Inputs answered 503 because the store could not take them.",
    registry=REGISTRY,
)
MAIL_LOOPS = Counter(
    "switchboard_email_loops_total",
    "Mails not answered or not sent because a machine seems to be at the other end, by reason.",
    ["reason"],
    registry=REGISTRY,
)
CLIMBED = Counter(
    "switchboard_climbed_total",
    "Conversations whose unseen words went elsewhere, by channel.",
    ["channel"],
    registry=REGISTRY,
)
TRANSLATIONS = Counter(
    "switchboard_translations_total",
    "Words translated between customers and people, by result.",
    ["result"],
    registry=REGISTRY,
)
DELIVERIES = Counter(
    "switchboard_deliveries_total",
    "Deliveries, by channel and result.",
    ["channel", "result"],
    registry=REGISTRY,
)

WEBHOOKS = Counter(
    "switchboard_webhooks_total",
    "Attempts of outgoing webhooks, by result.",
    ["result"],
    registry=REGISTRY,
)

STORE_REBUILDS = Counter(
    "switchboard_store_rebuilds_total",
    "Times the store had lost what it held and was rebuilt from the archive, by reason.",
    ["reason"],
    registry=REGISTRY,
)
ARCHIVE_LAG = Gauge(
    "switchboard_archive_lag_seconds",
    "Age of the oldest record that is not archived yet: so much a loss of the store would cost.",
    registry=REGISTRY,
)
ARCHIVE_BEHIND = Gauge(
    "switchboard_archive_behind_records",
    "Records of the journal that are not archived yet.",
    registry=REGISTRY,
)
JOURNAL_CUT = Counter(
    "switchboard_journal_cut_total",
    "Records dropped from a journal that was full; they are told again from the conversations.",
    registry=REGISTRY,
)

RETENTION = Counter(
    "switchboard_retention_removed_total",
    "What was deleted because its time was over, by kind.",
    ["kind"],
    registry=REGISTRY,
)

POSSIBLE_DOUBLES = Counter(
    "switchboard_possible_doubles_total",
    "Messages sent again though an earlier attempt may have arrived, by channel.",
    ["channel"],
    registry=REGISTRY,
)

_SECRET_KEYS = re.compile(r"token|secret|password|api_key|authorization|cookie", re.IGNORECASE)
_SECRET_VALUES = re.compile(r"(Bearer\s+|sk-|xox[abprs]-|://[^/\s:@]+:)[^\s@\"']+")
# Mail addresses, and numbers of phones and cards as people write them: not even at DEBUG.
_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\+\d[\d ()-]{7,16}\d|(?<![\w.-])(?:\d{4}[ -]){3}\d{4}(?![\w-])"
)


def watch_process() -> None:
    """Add what the process itself costs: memory, CPU, open files, garbage collection."""
    ProcessCollector(registry=REGISTRY)
    PlatformCollector(registry=REGISTRY)
    GCCollector(registry=REGISTRY)


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: values under secret-like keys, secret-like values, mail addresses and
    numbers of people are masked."""
    for key, value in event.items():
        if _SECRET_KEYS.search(key) and isinstance(value, str):
            event[key] = "***"
        elif isinstance(value, str):
            event[key] = _PERSONAL.sub("[personal]", _SECRET_VALUES.sub(r"\1***", value))
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
