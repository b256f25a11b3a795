"""What a mail server answers becomes the error that says what to do next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from channels.email.accounts import Server, read_server
from channels.email.smtp import MailSender
from core.errors import PermanentDeliveryError, TemporaryDeliveryError
from tests.fakes.mail.dovecot import certify, free_port
from tests.fakes.mail.smtp_sink import SmtpSink, Stage

RAW = b"From: help@shop.test\r\nTo: ann@example.test\r\nSubject: Hi\r\n\r\n.dot\r\nbye\r\n"
BOTH = ("help@shop.test", "ann@example.test")


@pytest.fixture
async def sink() -> AsyncGenerator[SmtpSink]:
    async with SmtpSink().serving() as serving:
        yield serving


def sender(sink: SmtpSink, *, seconds: float = 5, ca_file: Path | None = None) -> MailSender:
    server = read_server(sink.url, variable="EMAIL_SMTP_URL")
    return MailSender(
        server, timeout_seconds=seconds, ca_file=str(ca_file) if ca_file else None, local_name="a.b"
    )


async def test_a_mail_arrives_as_it_was_written(sink: SmtpSink) -> None:
    await sender(sink).send(*BOTH, RAW)
    assert [(mail.sender, mail.recipient, mail.raw) for mail in sink.taken] == [(*BOTH, RAW)]


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
async def test_4xx_at_any_stage_is_temporary_and_nothing_arrived(
    sink: SmtpSink, stage: Stage
) -> None:
    sink.fail(stage, "451 4.7.1 greylisted")
    with pytest.raises(TemporaryDeliveryError, match=r"451 4\.7\.1 greylisted") as caught:
        await sender(sink).send(*BOTH, RAW)
    assert caught.value.certain and not sink.taken
    await sender(sink).send(*BOTH, RAW)
    assert len(sink.taken) == 1


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
async def test_5xx_at_any_stage_is_permanent(sink: SmtpSink, stage: Stage) -> None:
    sink.fail(stage, "550 5.1.1 no such user")
    with pytest.raises(PermanentDeliveryError, match=r"550 5\.1\.1 no such user"):
        await sender(sink).send(*BOTH, RAW)
    assert not sink.taken


@pytest.mark.parametrize("what", ["cut", "554 no service", "421 busy"])
async def test_a_server_that_does_not_greet_is_temporary(sink: SmtpSink, what: str) -> None:
    sink.fail("connect", what)
    with pytest.raises(TemporaryDeliveryError) as caught:
        await sender(sink).send(*BOTH, RAW)
    assert caught.value.certain


async def test_nobody_there_is_temporary() -> None:
    mute = MailSender(
        Server("127.0.0.1", free_port(), implicit_tls=False),
        timeout_seconds=5, ca_file=None, local_name="",
    )  # fmt: skip
    with pytest.raises(TemporaryDeliveryError) as caught:
        await mute.send(*BOTH, RAW)
    assert caught.value.certain


@pytest.mark.parametrize("stage", ["mail", "rcpt"])
async def test_a_cut_before_the_text_means_nothing_arrived(sink: SmtpSink, stage: Stage) -> None:
    sink.fail(stage, "cut")
    with pytest.raises(TemporaryDeliveryError) as caught:
        await sender(sink).send(*BOTH, RAW)
    assert caught.value.certain


@pytest.mark.parametrize("what", ["cut", "hang"])
async def test_no_answer_after_the_text_means_it_may_have_arrived(
    sink: SmtpSink, what: str
) -> None:
    sink.fail("after_data", what)
    with pytest.raises(TemporaryDeliveryError) as caught:
        await sender(sink, seconds=2).send(*BOTH, RAW)
    assert not caught.value.certain
    assert len(sink.taken) == 1


async def test_login_and_tls_are_used_and_a_wrong_password_blames_not_the_mail(
    tmp_path: Path,
) -> None:
    certify(tmp_path)
    made = SmtpSink(login=("help", "geheim"), certificate=tmp_path, implicit_tls=True)
    async with made.serving() as sink:
        right = sender(sink, ca_file=tmp_path / "cert.pem")
        await right.send(*BOTH, RAW)
        assert await right.check()
        wrong = MailSender(
            Server("localhost", sink.port, True, "help", "verraten"),
            timeout_seconds=5, ca_file=str(tmp_path / "cert.pem"), local_name="",
        )  # fmt: skip
        with pytest.raises(TemporaryDeliveryError, match="refuses the login: 535") as caught:
            await wrong.send(*BOTH, RAW)
        assert caught.value.certain and "verraten" not in str(caught.value)
        with pytest.raises(TemporaryDeliveryError, match="certificate"):
            await sender(sink).send(*BOTH, RAW)
    assert len(sink.taken) == 1


async def test_without_encryption_nothing_is_sent_to_another_machine(
    sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "is_here", False)
    with pytest.raises(TemporaryDeliveryError, match="STARTTLS"):
        await sender(sink).send(*BOTH, RAW)
    assert not sink.taken


async def test_few_connections_carry_many_mails(sink: SmtpSink) -> None:
    one = sender(sink)
    await asyncio.gather(*(one.send(*BOTH, RAW) for _ in range(20)))
    assert len(sink.taken) == 20
