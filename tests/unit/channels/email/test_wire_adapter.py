"""A mailbox as a channel account: what is sent once, asked for, counted, told and left alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime

import pytest

from channels.base import House
from channels.email.accounts import Account, read_server
from channels.email.adapter import EmailAdapter
from channels.email.intake import Incoming
from channels.email.post import Letter
from channels.email.settings import EmailSettings
from core.errors import DecodeError, PermanentDeliveryError, TemporaryDeliveryError
from core.ids import ConversationId, EntryId
from core.limits import OwnLimits
from core.messages import Address, Author, Entry, Outbound
from tests.fakes.mail.dovecot import Dovecot
from tests.fakes.mail.servers import ANN, HELP, dovecot, dovecot_server
from tests.fakes.mail.smtp_sink import SmtpSink

__all__ = ["dovecot", "dovecot_server"]


@pytest.fixture
async def sink() -> AsyncGenerator[SmtpSink]:
    async with SmtpSink().serving() as serving:
        yield serving


def outbound(*, seq: int = 2, unsure: bool = False, sent: tuple[str, ...] = ()) -> Outbound:
    entry = Entry(
        id=EntryId(f"c:{seq}:0"), seq=seq, at=datetime.now(UTC), author=Author(role="ai"),
        text="It left this morning.",
    )  # fmt: skip
    return Outbound(
        conversation=ConversationId("cv_01_x"), entry=entry, unsure=unsure, sent_ids=sent,
        to=Address(channel="email", account=HELP, chat=ANN),
    )  # fmt: skip


async def write(message: Outbound) -> Letter:
    """A mail whose Message-ID hangs on the entry alone."""
    message_id = f"<sb.{message.entry.seq}@example.test>"
    raw = f"From: {HELP}\r\nTo: {ANN}\r\nMessage-ID: {message_id}\r\n\r\n{message.entry.text}\r\n"
    return Letter(HELP, ANN, message_id, f"email:{HELP}:{message_id}", raw.encode())


async def read(raw: bytes) -> Incoming:
    raise DecodeError("nothing is read here")


def adapter(
    sink: SmtpSink, dovecot: Dovecot | None = None, limits: OwnLimits | None = None,
    *, sent_copy: bool = False,
) -> EmailAdapter:  # fmt: skip
    imap = read_server(dovecot.url(HELP), variable="EMAIL_IMAP_URL") if dovecot else None
    settings = EmailSettings.model_validate({"timeout_seconds": 10, "sent_copy": sent_copy})
    return EmailAdapter(
        Account(HELP, imap, read_server(sink.url, variable="EMAIL_SMTP_URL")), settings,
        House(limits=limits or OwnLimits()), read=read, write=write,
    )  # fmt: skip


class Reports:
    def __init__(self) -> None:
        self.ids: list[Sequence[str]] = []

    async def __call__(self, ids: Sequence[str]) -> None:
        self.ids.append(tuple(ids))


async def test_a_mail_is_sent_reported_and_receipted_under_its_message_id(sink: SmtpSink) -> None:
    reports = Reports()
    receipt = await adapter(sink).send(outbound(), reports)
    assert receipt.platform_ids == (f"email:{HELP}:<sb.2@example.test>",)
    assert reports.ids == [receipt.platform_ids] and len(sink.taken) == 1


async def test_what_arrived_before_is_not_sent_again(sink: SmtpSink) -> None:
    sent = (f"email:{HELP}:<sb.2@example.test>",)
    receipt = await adapter(sink).send(outbound(sent=sent), Reports())
    assert receipt.platform_ids == sent and not sink.taken


async def test_an_unsure_mail_is_looked_for_in_the_sent_folder(
    sink: SmtpSink, dovecot: Dovecot
) -> None:
    sink.fail("after_data", "cut")
    box = adapter(sink, dovecot, sent_copy=True)
    with pytest.raises(TemporaryDeliveryError) as caught:
        await box.send(outbound(), Reports())
    assert not caught.value.certain
    await box.send(outbound(unsure=True), Reports())  # no copy there: it goes again, the same mail
    assert [taken.mail["Message-ID"] for taken in sink.taken] == ["<sb.2@example.test>"] * 2
    assert len(dovecot.mails(HELP, "Sent")) == 1
    await box.send(outbound(unsure=True), Reports())  # the copy tells that it left
    assert len(sink.taken) == 2


async def test_a_sent_folder_that_cannot_be_read_does_not_hold_mail_up(
    sink: SmtpSink, dovecot: Dovecot
) -> None:
    dovecot.stop()
    try:
        await adapter(sink, dovecot, sent_copy=True).send(outbound(unsure=True), Reports())
    finally:
        dovecot.restart()
    assert len(sink.taken) == 1


async def test_an_address_that_does_not_exist_is_not_tried_again(sink: SmtpSink) -> None:
    limits = OwnLimits()
    sink.fail("rcpt", "550 5.1.1 no such user")
    with pytest.raises(PermanentDeliveryError):
        await adapter(sink, limits=limits).send(outbound(), Reports())
    with pytest.raises(PermanentDeliveryError, match="unreachable"):
        await adapter(sink, limits=limits).send(outbound(seq=3), Reports())
    assert not sink.taken


@pytest.mark.parametrize("said", ["554 5.7.1 looks like spam", "552 5.3.4 too large"])
async def test_a_mail_that_is_not_liked_says_nothing_of_the_address(
    sink: SmtpSink, said: str
) -> None:
    limits = OwnLimits()
    sink.fail("data", said)
    with pytest.raises(PermanentDeliveryError):
        await adapter(sink, limits=limits).send(outbound(), Reports())
    await adapter(sink, limits=limits).send(outbound(seq=3), Reports())
    assert len(sink.taken) == 1
