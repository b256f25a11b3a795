"""One mailbox on a real Dovecot: nothing is lost, nothing is marked before it was stored."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from channels.email.accounts import read_server
from channels.email.imap import KEYWORD, ImapSession, MailboxError
from channels.email.settings import EmailSettings
from channels.email.watcher import MailboxWatcher
from core.errors import BusUnavailable
from core.limits import OwnLimits
from core.runtime import running
from tests.fakes.mail.dovecot import Dovecot
from tests.fakes.mail.imap_proxy import ImapProxy
from tests.fakes.mail.servers import ANN, HELP, dovecot, dovecot_server
from tests.fakes.waiting import until

__all__ = ["dovecot", "dovecot_server"]
MARK = KEYWORD.decode()


def mail(subject: str, *, body: str = "where is it") -> bytes:
    return f"From: {ANN}\r\nTo: {HELP}\r\nSubject: {subject}\r\n\r\n{body}\r\n".encode()


class Desk:
    """What was taken from the mailbox."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self.large: list[tuple[str, int]] = []
        self.error: Exception | None = None
        self.asked = 0
        self.pause: asyncio.Event | None = None

    async def take(self, raw: bytes) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        self.subjects.append(subject_of(raw))
        if self.pause is not None:
            await self.pause.wait()

    async def take_large(self, head: bytes, size: int) -> None:
        self.large.append((subject_of(head), size))


def subject_of(raw: bytes) -> str:
    found = re.search(rb"Subject: (.*)\r\n", raw)
    assert found is not None
    return found[1].decode()


@asynccontextmanager
async def watching(
    url: str, desk: Desk, limits: OwnLimits | None = None, **fields: Any
) -> AsyncGenerator[asyncio.Event]:
    settings = EmailSettings.model_validate(
        {"old_mail": "answer", "timeout_seconds": 5, "idle_seconds": 0.1} | fields
    )
    server = read_server(url, variable="EMAIL_IMAP_URL")
    watcher = MailboxWatcher(HELP, server, settings)
    ready = asyncio.Event()
    work = watcher.run(desk.take, desk.take_large, limits or OwnLimits(), ready)
    async with running(work, name="watcher"):
        async with asyncio.timeout(20):
            await ready.wait()
        yield ready


async def test_what_waits_is_taken_in_order_and_what_comes_is_pushed(dovecot: Dovecot) -> None:
    desk = Desk()
    for number in range(3):
        dovecot.put(HELP, mail(f"old {number}"))
    async with watching(dovecot.url(HELP), desk, idle_seconds=540):
        await until(lambda: len(desk.subjects) == 3)
        dovecot.put(HELP, mail("new"))
        await until(lambda: len(desk.subjects) == 4)
        await until(lambda: all({MARK, "\\Seen"} <= flags for flags in dovecot.flags(HELP)))
    assert desk.subjects == ["old 0", "old 1", "old 2", "new"]


async def test_a_mail_that_comes_while_one_is_read_is_not_overlooked(dovecot: Dovecot) -> None:
    desk = Desk()
    desk.pause = asyncio.Event()
    async with watching(dovecot.url(HELP), desk, idle_seconds=540):
        dovecot.put(HELP, mail("first"))
        await until(lambda: desk.subjects == ["first"])
        dovecot.put(HELP, mail("second"))
        desk.pause.set()
        await until(lambda: desk.subjects == ["first", "second"])


async def test_the_store_is_away_nothing_is_marked_and_it_comes_later(dovecot: Dovecot) -> None:
    desk = Desk()
    desk.error = BusUnavailable("away")
    dovecot.put(HELP, mail("one"))
    async with watching(dovecot.url(HELP), desk):
        await until(lambda: desk.asked >= 2)
        assert dovecot.flags(HELP) == [{"\\Recent"}] or MARK not in dovecot.flags(HELP)[0]
        desk.error = None
        await until(lambda: desk.subjects == ["one"])
        await until(lambda: MARK in dovecot.flags(HELP)[0])


async def test_a_fault_of_ours_holds_up_no_other_mail_and_loses_none(dovecot: Dovecot) -> None:
    desk = Desk()
    desk.error = RuntimeError("a defect")
    dovecot.put(HELP, mail("one"))
    async with watching(dovecot.url(HELP), desk):
        await until(lambda: desk.asked == 1)
        desk.error = None
        dovecot.put(HELP, mail("two"))
        await until(lambda: desk.subjects == ["two"])
        await until(lambda: dovecot.untaken(HELP) == 1)
    async with watching(dovecot.url(HELP), desk):
        await until(lambda: desk.subjects == ["two", "one"])


async def test_stopped_between_storing_and_marking_it_is_shown_again(dovecot: Dovecot) -> None:
    desk = Desk()
    desk.pause = asyncio.Event()
    dovecot.put(HELP, mail("one"))
    async with watching(dovecot.url(HELP), desk):
        await until(lambda: desk.subjects == ["one"])
    assert MARK not in dovecot.flags(HELP)[0]
    desk.pause = None
    async with watching(dovecot.url(HELP), desk):
        await until(lambda: desk.subjects == ["one", "one"])
        await until(lambda: MARK in dovecot.flags(HELP)[0])


@pytest.mark.parametrize("word", [b"LOGIN", b"SELECT", b"SEARCH", b"FETCH", b"STORE", b"IDLE"])
async def test_cut_at_any_command_it_comes_back_and_loses_nothing(
    dovecot: Dovecot, word: bytes
) -> None:
    desk = Desk()
    async with ImapProxy(dovecot.imap).serving() as proxy:
        proxy.cut_after = word
        dovecot.put(HELP, mail("one"))
        async with watching(dovecot.url(HELP, port=proxy.port), desk):
            await until(lambda: proxy.cuts == 1)
            await until(lambda: proxy.connections == 2)
            dovecot.put(HELP, mail("two"))
            await until(lambda: set(desk.subjects) == {"one", "two"})
            await until(lambda: all(MARK in flags for flags in dovecot.flags(HELP)))


async def test_dropped_in_idle_it_reads_on(dovecot: Dovecot) -> None:
    desk = Desk()
    proxy = ImapProxy(dovecot.imap)
    url = dovecot.url
    async with (
        proxy.serving(),
        watching(url(HELP, port=proxy.port), desk, idle_seconds=540),
    ):
        await until(lambda: any(b"IDLE" in line for line in proxy.lines))
        proxy.cut()
        dovecot.put(HELP, mail("meanwhile"))
        await until(lambda: desk.subjects == ["meanwhile"])


async def test_idle_is_issued_anew_in_time(dovecot: Dovecot) -> None:
    async with ImapProxy(dovecot.imap).serving() as proxy:
        async with watching(dovecot.url(HELP, port=proxy.port), Desk(), idle_seconds=0.05):
            await until(lambda: sum(b"IDLE" in line for line in proxy.lines) >= 4)
        assert proxy.connections == 1


async def test_a_mailbox_that_is_numbered_anew_is_not_answered_twice(dovecot: Dovecot) -> None:
    desk = Desk()
    dovecot.put(HELP, mail("one"))
    dovecot.put(HELP, mail("two"))
    async with watching(dovecot.url(HELP), desk):
        await until(lambda: all(MARK in flags for flags in dovecot.flags(HELP)))
        before = await asyncio.to_thread(numbering, dovecot)
        dovecot.stop()
        dovecot.forget_uids(HELP)
        dovecot.restart()
        assert await asyncio.to_thread(numbering, dovecot) != before
        dovecot.put(HELP, mail("three"))
        await until(lambda: "three" in desk.subjects)
    assert desk.subjects == ["one", "two", "three"]


def numbering(dovecot: Dovecot) -> int:
    session = ImapSession(
        read_server(dovecot.url(HELP), variable="EMAIL_IMAP_URL"), timeout_seconds=5, ca_file=None
    )
    session.connect("INBOX")
    session.close()
    return session.uidvalidity


async def test_old_mail_is_left_alone(dovecot: Dovecot) -> None:
    desk = Desk()
    limits = OwnLimits()
    dovecot.put(HELP, mail("last year"), age_days=400)
    dovecot.put(HELP, mail("this morning"), age_days=0.3)
    async with watching(dovecot.url(HELP), desk, limits, old_mail="leave"):
        dovecot.put(HELP, mail("new"))
        await until(lambda: MARK in dovecot.flags(HELP)[2])
    assert desk.subjects == ["new"]
    assert [MARK in flags for flags in dovecot.flags(HELP)] == [False, False, True]


async def test_many_old_mails_of_today_do_not_hide_a_new_one(dovecot: Dovecot) -> None:
    desk = Desk()
    for number in range(60):
        dovecot.put(HELP, mail(f"{number}"), age_days=0.1)
    async with watching(dovecot.url(HELP), desk, old_mail="leave"):
        dovecot.put(HELP, mail("new"))
        await until(lambda: desk.subjects == ["new"])


async def test_a_mail_that_is_too_large_is_not_read_but_answered_for(dovecot: Dovecot) -> None:
    desk = Desk()
    dovecot.put(HELP, mail("huge", body="x" * 70 + "\r\n" * 10_000))
    async with watching(dovecot.url(HELP), desk, max_bytes=10_000):
        await until(lambda: [subject for subject, _ in desk.large] == ["huge"])
        await until(lambda: MARK in dovecot.flags(HELP)[0])
    assert desk.subjects == [] and desk.large[0][1] > 10_000


async def test_taken_mail_is_moved_where_that_is_wanted(dovecot: Dovecot) -> None:
    desk = Desk()
    dovecot.put(HELP, mail("one"))
    async with watching(dovecot.url(HELP), desk, done_folder="Archive.Done"):
        await until(lambda: len(dovecot.mails(HELP, "Archive.Done")) == 1)
    assert dovecot.mails(HELP) == []


async def test_people_who_read_a_mail_first_take_nothing_away(dovecot: Dovecot) -> None:
    desk = Desk()
    dovecot.put(HELP, mail("seen by a person"), flags="(\\Seen)")
    async with watching(dovecot.url(HELP), desk):
        await until(lambda: desk.subjects == ["seen by a person"])


async def test_over_tls_with_a_certificate_of_the_house(dovecot: Dovecot) -> None:
    desk = Desk()
    dovecot.put(HELP, mail("one"))
    async with watching(dovecot.url(HELP, tls=True), desk, ca_file=dovecot.ca_file):
        await until(lambda: desk.subjects == ["one"])
        dovecot.put(HELP, mail("two"))
        await until(lambda: desk.subjects == ["one", "two"])


def refused(dovecot: Dovecot, change: Callable[[str], str], *, tls: bool = False) -> MailboxError:
    url = change(dovecot.url(HELP, tls=tls))
    session = ImapSession(
        read_server(url, variable="EMAIL_IMAP_URL"), timeout_seconds=5, ca_file=None
    )
    with pytest.raises(MailboxError) as caught:
        session.connect("INBOX")
    session.close()
    return caught.value


def test_a_wrong_password_is_refused_and_never_shown(dovecot: Dovecot) -> None:
    error = refused(dovecot, lambda url: url.replace(":secret@", ":verraten@"))
    assert error.refused and "verraten" not in str(error)


def test_a_certificate_that_is_not_trusted_is_refused(dovecot: Dovecot) -> None:
    error = refused(dovecot, str, tls=True)
    assert error.refused and "certificate" in str(error)


async def test_stopping_leaves_no_thread_and_no_connection(dovecot: Dovecot) -> None:
    before = threading.active_count()
    for _ in range(3):
        async with watching(dovecot.url(HELP), Desk()):
            pass
    await until(lambda: threading.active_count() <= before)
