"""Fixtures: the real servers, with new mailboxes for each test; absent ones skip their tests."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.mail.dovecot import Dovecot, find_dovecot, free_port
from tests.fakes.mail.postfix import Postfix, find_postfix

HELP, SALES, ANN = "help@example.test", "sales@example.test", "ann@example.test"


@dataclass(frozen=True)
class MailHouse:
    """A mail server and the mailboxes behind it: what is sent here arrives there, or bounces."""

    dovecot: Dovecot
    postfix: Postfix


@contextmanager
def mail_folder() -> Generator[Path]:
    """A folder with a short path: sockets lie in it, and the servers' own users look into it."""
    with tempfile.TemporaryDirectory(prefix="sbmail", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def dovecot_server() -> Generator[Dovecot]:
    """The one server of the session."""
    if find_dovecot() is None:
        pytest.skip("no Dovecot on this machine, or not root (Debian: apt-get install "
                    "dovecot-imapd dovecot-lmtpd dovecot-sieve)")  # fmt: skip
    with mail_folder() as folder:
        server = Dovecot(folder, users=[HELP, SALES, ANN]).start()
        yield server
        server.kill()


@pytest.fixture
def dovecot(dovecot_server: Dovecot) -> Dovecot:
    """Three new mailboxes."""
    dovecot_server.clear()
    return dovecot_server


@pytest.fixture(scope="session")
def mail_house_server() -> Generator[MailHouse]:
    """The one pair of the session."""
    if find_dovecot() is None or find_postfix() is None:
        pytest.skip("no Dovecot or no Postfix on this machine, or not root (Debian: apt-get "
                    "install dovecot-imapd dovecot-lmtpd dovecot-sieve postfix)")  # fmt: skip
    with mail_folder() as folder:
        for name in ("dovecot", "postfix"):
            (folder / name).mkdir()
        port = free_port()
        dovecot = Dovecot(folder / "dovecot", users=[HELP, SALES, ANN], submission=port).start()
        postfix = Postfix(folder / "postfix", lmtp=dovecot.lmtp, port=port)
        try:
            yield MailHouse(dovecot, postfix.start())
        finally:
            postfix.stop()
            dovecot.kill()


@pytest.fixture
def mail_house(mail_house_server: MailHouse) -> MailHouse:
    """Three new mailboxes behind a mail server."""
    mail_house_server.dovecot.clear()
    return mail_house_server
