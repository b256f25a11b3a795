"""Mail from the house's own mail server: 250 after it was stored, never before."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncGenerator

import pytest

from channels.email.listener import MailListener, read_listen
from channels.email.settings import EmailSettings
from core.errors import BusUnavailable, ConfigError
from tests.fakes.mail.dovecot import free_port

RAW = b"From: ann@example.test\r\nSubject: Hi\r\n\r\nwhere is it\r\n"


class Store:
    """Keeps mails, or is away."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.error: Exception | None = None

    async def take(self, raw: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.mails.append(raw)


class Door:
    """A listener and what stands behind it."""

    def __init__(self, protocol: str) -> None:
        self.stores = {"help@shop.test": Store(), "sales@shop.test": Store()}
        settings = EmailSettings.model_validate(
            {"listen": f"127.0.0.1:{free_port()}", "listen_protocol": protocol, "max_bytes": 50_000}
        )
        self.listener = MailListener(
            settings, {address: store.take for address, store in self.stores.items()}
        )
        self._client = smtplib.LMTP if protocol == "lmtp" else smtplib.SMTP

    async def deliver(
        self, *recipients: str, raw: bytes = RAW, sender: str = "ann@example.test"
    ) -> dict[str, tuple[int, bytes]]:
        """Who was refused, and how."""

        def talk() -> dict[str, tuple[int, bytes]]:
            with self._client("127.0.0.1", self.listener.port, timeout=5) as client:  # type: ignore[call-arg]
                return client.sendmail(sender, recipients, raw)

        return await asyncio.to_thread(talk)


async def talk_lmtp(port: int, *recipients: str) -> list[str]:
    """By hand, because smtplib reads one answer only. Gives those after the mail."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def answer() -> str:
        while (line := (await reader.readline()).decode())[3:4] == "-":
            pass
        return line.strip()

    await answer()
    lines = [f"RCPT TO:<{recipient}>" for recipient in recipients]
    for line in ["LHLO test", "MAIL FROM:<>", *lines, "DATA"]:
        writer.write(line.encode() + b"\r\n")
        await answer()
    writer.write(RAW + b".\r\n")
    answers = [await answer() for _ in recipients]
    writer.close()
    await writer.wait_closed()
    return answers


@pytest.fixture(params=["lmtp", "smtp"])
async def door(request: pytest.FixtureRequest) -> AsyncGenerator[Door]:
    made = Door(request.param)
    async with made.listener.serving():
        yield made


async def test_a_mail_is_stored_with_its_envelope_on_top(door: Door) -> None:
    assert await door.deliver("help@shop.test") == {}
    head, raw = door.stores["help@shop.test"].mails[0][: -len(RAW)], RAW
    assert head == b"Return-Path: <ann@example.test>\r\nDelivered-To: help@shop.test\r\n"
    assert door.stores["help@shop.test"].mails[0].endswith(raw)


async def test_what_stands_behind_a_plus_belongs_to_the_mailbox(door: Door) -> None:
    await door.deliver("Help+c7x2@shop.test")
    assert b"Delivered-To: Help+c7x2@shop.test" in door.stores["help@shop.test"].mails[0]


async def test_while_the_store_is_away_the_sender_keeps_the_mail(door: Door) -> None:
    door.stores["help@shop.test"].error = BusUnavailable("away")
    with pytest.raises(smtplib.SMTPDataError) as caught:
        await door.deliver("help@shop.test")
    assert caught.value.smtp_code == 451
    door.stores["help@shop.test"].error = None
    assert await door.deliver("help@shop.test") == {}


async def test_a_fault_of_ours_never_makes_the_sender_bounce_the_mail(door: Door) -> None:
    door.stores["help@shop.test"].error = RuntimeError("a defect")
    with pytest.raises(smtplib.SMTPDataError) as caught:
        await door.deliver("help@shop.test")
    assert caught.value.smtp_code == 451


@pytest.mark.parametrize(
    ("address", "code"), [("nobody@shop.test", b"5.1.1"), ("help@other.test", b"5.7.1")]
)
async def test_only_our_own_mailboxes_are_served(door: Door, address: str, code: bytes) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        await door.deliver(address)
    status, text = caught.value.recipients[address]
    assert status == 550 and code in text


async def test_a_mail_that_is_too_large_is_refused(door: Door) -> None:
    with pytest.raises(smtplib.SMTPException, match="552"):
        await door.deliver("help@shop.test", raw=RAW + b"x" * 70 + b"\r\n" * 30_000)
    assert not door.stores["help@shop.test"].mails


async def test_long_lines_are_read(door: Door) -> None:
    await door.deliver("help@shop.test", raw=RAW + b"x" * 20_000 + b"\r\n")
    assert b"x" * 20_000 in door.stores["help@shop.test"].mails[0]


async def test_lmtp_answers_for_each_recipient() -> None:
    door = Door("lmtp")
    async with door.listener.serving():
        door.stores["sales@shop.test"].error = BusUnavailable("away")
        answers = await talk_lmtp(door.listener.port, "help@shop.test", "sales@shop.test")
        assert [answer[:3] for answer in answers] == ["250", "451"]
        assert len(door.stores["help@shop.test"].mails) == 1


async def test_smtp_keeps_the_mail_of_all_when_one_could_not_be_stored() -> None:
    door = Door("smtp")
    async with door.listener.serving():
        door.stores["sales@shop.test"].error = BusUnavailable("away")
        with pytest.raises(smtplib.SMTPDataError):
            await door.deliver("help@shop.test", "sales@shop.test")


async def test_a_bounce_has_no_sender(door: Door) -> None:
    await door.deliver("help@shop.test", sender="")
    assert door.stores["help@shop.test"].mails[0].startswith(b"Return-Path: <>\r\n")


def test_the_address_to_listen_on_is_checked() -> None:
    assert read_listen("[::1]:2424") == ("::1", 2424)
    for wrong in ("2424", "localhost:", ":2424", "localhost:99999"):
        with pytest.raises(ConfigError, match="SWITCHBOARD_EMAIL__LISTEN"):
            read_listen(wrong)
