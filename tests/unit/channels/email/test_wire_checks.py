"""What `doctor` says of a mailbox: what was found, and what to do about it."""

from __future__ import annotations

from channels.base import Finding
from channels.email.accounts import Account, read_server
from channels.email.checks import check_account
from channels.email.settings import EmailSettings
from channels.email.smtp import MailSender
from tests.fakes.mail.dovecot import Dovecot, free_port
from tests.fakes.mail.servers import HELP, SALES, dovecot, dovecot_server
from tests.fakes.mail.smtp_sink import SmtpSink

__all__ = ["dovecot", "dovecot_server"]
SETTINGS = EmailSettings.model_validate({"timeout_seconds": 5})


async def findings(
    imap: str, smtp: str, address: str = HELP, settings: EmailSettings = SETTINGS
) -> list[Finding]:
    account = Account(
        address,
        read_server(imap, variable="EMAIL_IMAP_URL"),
        read_server(smtp, variable="EMAIL_SMTP_URL"),
    )
    assert account.smtp is not None
    sender = MailSender(account.smtp, timeout_seconds=5, ca_file=None, local_name="")
    return list(await check_account(account, settings, sender))


async def test_a_mailbox_that_works_is_praised_and_nothing_changes(dovecot: Dovecot) -> None:
    dovecot.put(HELP, b"Subject: one\r\n\r\n")
    async with SmtpSink().serving() as sink:
        found = await findings(dovecot.url(HELP), sink.url)
    assert [finding.ok for finding in found] == [True, True, True]
    assert "tells of new mail" in found[0].what and HELP in found[2].what
    assert not sink.taken and "\\Seen" not in dovecot.flags(HELP)[0]


async def test_a_wrong_password_names_the_variable_and_never_the_password(
    dovecot: Dovecot,
) -> None:
    async with SmtpSink(login=("help", "richtig")).serving() as sink:
        found = await findings(
            dovecot.url(HELP).replace(":secret@", ":verraten@"),
            sink.url.replace("richtig", "verraten"),
        )
    assert [finding.ok for finding in found] == [False, False, True]
    assert "EMAIL_IMAP_URL" in found[0].mend and "EMAIL_SMTP_URL" in found[1].mend
    assert all("verraten" not in finding.what + finding.mend for finding in found)


async def test_nobody_there_and_a_certificate_of_ones_own_have_their_mends(
    dovecot: Dovecot,
) -> None:
    found = await findings(dovecot.url(HELP, tls=True), f"smtp://127.0.0.1:{free_port()}")
    assert "SWITCHBOARD_EMAIL__CA_FILE" in found[0].mend
    assert "host and port in EMAIL_SMTP_URL" in found[1].mend


async def test_the_receiver_that_is_believed_is_looked_for_in_the_newest_mails(
    dovecot: Dovecot,
) -> None:
    named = SETTINGS.model_copy(update={"authserv_id": "mx.example.test"})
    ours = b"Authentication-Results: mx.example.test; dmarc=pass header.from=a.example\r\n"
    other = b"Authentication-Results: mx.evil.example; dmarc=pass header.from=a.example\r\n"

    async def said(*heads: bytes) -> Finding:
        for head in heads:
            dovecot.put(HELP, head + b"From: a@a.example\r\n\r\nHi\r\n")
        async with SmtpSink().serving() as sink:
            found = await findings(dovecot.url(HELP), sink.url, settings=named)
        assert all(finding.ok for finding in found) and len(found) == 4
        return found[1]

    assert "no mail is there" in (await said()).what
    absent = await said(b"", other)
    assert "none of the 2 newest" in absent.what
    assert "SWITCHBOARD_EMAIL__AUTHSERV_ID" in absent.mend
    good = await said(ours, other + ours)
    assert "has judged 2 of 4" in good.what and not good.mend
    forged = await said(ours + ours)
    assert "more than once" in forged.what and "strip" in forged.mend
    assert all("\\Seen" not in flags for flags in dovecot.flags(HELP))


async def test_the_login_of_another_mailbox_is_pointed_out(dovecot: Dovecot) -> None:
    async with SmtpSink().serving() as sink:
        found = await findings(dovecot.url(SALES), sink.url)
    assert found[-1].ok and SALES in found[-1].what and "EMAIL_ADDRESS" in found[-1].mend
