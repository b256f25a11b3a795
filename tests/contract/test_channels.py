"""Every channel, on every way in, held to the contract; and the contract held to its word.

The second way in of a channel, and the one that wants a mail server, are in the slow suite.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from channels.registry import CHANNELS
from tests.contract.channel_contract import ChannelContract
from tests.contract.channel_rig import ChannelRig
from tests.contract.email_rig import EmailRig, open_email, open_listener
from tests.contract.exempting import skip_exempt
from tests.contract.pager_rig import PagerRig, open_pager
from tests.contract.pull_rigs import RestRig, WebRig, open_rest, open_web
from tests.contract.requirements import CHANNEL
from tests.contract.slack_rig import SlackRig, open_slack_http, open_slack_socket
from tests.contract.telegram_rig import TelegramRig, open_telegram_polling, open_telegram_webhook
from tests.fakes.mail.dovecot import Dovecot
from tests.fakes.mail.servers import dovecot, dovecot_server
from tests.fakes.servers import shared_valkey

__all__ = ["dovecot", "dovecot_server", "shared_valkey"]

# The rig of each channel; a channel with two ways in has one rig and two classes below.
RIGS: tuple[Any, ...] = (PagerRig, RestRig, WebRig, SlackRig, TelegramRig, EmailRig)

pytestmark = pytest.mark.timeout(90)


class TestPager(ChannelContract):
    """The example of the documentation."""

    open_rig = staticmethod(open_pager)


class TestRest(ChannelContract):
    """A pull channel: a client that posts and polls."""

    open_rig = staticmethod(open_rest)


class TestWeb(ChannelContract):
    """A pull channel: a widget's socket."""

    open_rig = staticmethod(open_web)


class TestTelegramPolling(ChannelContract):
    """The bot asks."""

    open_rig = staticmethod(open_telegram_polling)


@pytest.mark.slow
class TestTelegramWebhook(ChannelContract):
    """Telegram comes to us."""

    open_rig = staticmethod(open_telegram_webhook)


class TestSlackSocket(ChannelContract):
    """Socket Mode, two sockets."""

    open_rig = staticmethod(open_slack_socket)


@pytest.mark.slow
class TestSlackHttp(ChannelContract):
    """Slack comes to us."""

    open_rig = staticmethod(open_slack_http)


@pytest.mark.slow
class TestEmail(ChannelContract):
    """A mailbox on a real Dovecot, read by IMAP."""

    @pytest.fixture
    async def rig(
        self, request: pytest.FixtureRequest, dovecot: Dovecot
    ) -> AsyncGenerator[ChannelRig]:
        async with open_email(dovecot) as rig:
            skip_exempt(request, rig.exempt)
            yield rig


@pytest.mark.slow
class TestEmailListener(ChannelContract):
    """Email's other way in: the house's mail server hands mail over by LMTP."""

    open_rig = staticmethod(open_listener)


def clauses_by_test() -> dict[str, tuple[str, ...]]:
    methods = inspect.getmembers(ChannelContract, inspect.isfunction)
    return {name: test.__dict__.get("clauses", ()) for name, test in methods
            if name.startswith("test_")}  # fmt: skip


def test_every_clause_has_a_test() -> None:
    tested = {clause for clauses in clauses_by_test().values() for clause in clauses}
    assert set(CHANNEL) - tested == set()


def test_every_test_names_its_clauses() -> None:
    assert [name for name, clauses in clauses_by_test().items() if not clauses] == []


def test_every_channel_of_the_registry_is_held_to_the_contract() -> None:
    held = {rig.channel for rig in RIGS}
    assert set(CHANNELS) - held == set()


def test_exemptions_name_clauses_and_say_why() -> None:
    for rig in RIGS:
        assert set(rig.exempt) <= set(CHANNEL), rig
        assert all(len(reason.split()) > 3 for reason in rig.exempt.values()), rig


def test_the_page_for_authors_of_adapters_lists_every_clause(root: Path) -> None:
    page = (root / "docs/channels/writing-an-adapter.md").read_text("utf-8")
    for clause, sentence in CHANNEL.items():
        assert f"| `{clause}` | {sentence} |" in page
