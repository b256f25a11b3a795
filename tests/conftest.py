"""What holds for every test: no outside network, a clean environment, repeatable Hypothesis runs.

Fixtures that start servers live in `tests.fakes`; this file only fences the suite in.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fakes.postgres", "tests.fakes.databases"]

ROOT = Path(__file__).resolve().parent.parent
PREFIXES = (
    "CRM_",
    "EMAIL_",
    "OPENAI_",
    "QDRANT_",
    "SLACK_",
    "SWITCHBOARD_",
    "TELEGRAM_",
    "WIDGET_",
)

# A developer's own keys and addresses must not steer the tests, nor be reached by them.
for _name in list(os.environ):
    if _name.startswith(PREFIXES) or _name in ("REDIS_URL", "DATABASE_URL"):
        del os.environ[_name]
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the product does; see `switchboard/__init__.py`

# Plain tracebacks: drawing every local variable of a failed turn takes longer than the turn.
LOGS: dict[str, Any] = {
    "processors": [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ],
    "wrapper_class": structlog.make_filtering_bound_logger(0),
    "logger_factory": structlog.PrintLoggerFactory(),
}
_configure = structlog.configure


def configure_uncached(**settings: Any) -> None:
    """A logger that is kept would write to what some other test has captured and closed."""
    settings["cache_logger_on_first_use"] = False
    _configure(**settings)


structlog.configure = configure_uncached
structlog.configure(**LOGS)

settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("suite")


class OutsideNetworkError(RuntimeError):
    """A test tried to reach an address that is not on this machine."""


def is_here(address: Any) -> bool:
    """Say whether a socket address stays on this machine (a path, loopback, or no address yet)."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in ("", "localhost", "0.0.0.0", "::"):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


class FencedSocket(socket.socket):
    """A socket that connects to this machine only."""

    def connect(self, address: Any, /) -> None:
        self._check(address)
        super().connect(address)

    def connect_ex(self, address: Any, /) -> int:
        self._check(address)
        return super().connect_ex(address)

    @staticmethod
    def _check(address: Any) -> None:
        if not is_here(address):
            raise OutsideNetworkError(f"tests may not connect to {address!r}")


socket.socket = FencedSocket  # type: ignore[misc]


# What starts servers, browsers or many rounds of something may take its time on a busy machine; a
# limit is there for what hangs. Tests that need longer say so themselves.
LONG_MARKS = {"slow", "cluster", "postgres", "browser", "chaos", "bench"}
LONG_SECONDS = 240


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the long tests more time than the setting `timeout`, which is for the fast ones."""
    for item in items:
        names = {mark.name for mark in item.iter_markers()}
        if names & LONG_MARKS and "timeout" not in names:
            item.add_marker(pytest.mark.timeout(LONG_SECONDS))


@pytest.fixture(autouse=True)
def logs_of_the_suite() -> Generator[None]:
    """Commands that run within a test set the logs up as a process of its own would."""
    yield
    structlog.configure(**LOGS)


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the checkout."""
    return ROOT
