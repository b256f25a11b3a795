"""What `switchboard doctor` finds out about a mailbox: it is entered and left, nothing is changed.

Above: `adapter`. Below: `imap`, `smtp`.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.base import Finding
from channels.email.accounts import Account, Server
from channels.email.authenticity import count_results
from channels.email.blocking import OwnThread
from channels.email.headers import read_headers
from channels.email.imap import ImapSession, MailboxError
from channels.email.settings import EmailSettings
from channels.email.smtp import MailSender
from core.errors import ChannelError

_NEWEST = 20
_STRIP = (
    "Unless two checkers of your own write one each, the receiving server lets in what strangers "
    "write under the name {name}: let it strip that (docs/channels/email.md)."
)
_CERTIFICATE = "Name the authority's certificate in SWITCHBOARD_EMAIL__CA_FILE, or mend the server."
_LOGIN = (
    "Check user and password in {variable} (@ is written %40); many providers want a password "
    "made for programs."
)
_GRANT = "Allow it there anew, and set SWITCHBOARD_EMAIL__OAUTH_REFRESH_TOKEN to what it gives."
_REACH = "Check host and port in {variable}, and that this machine may connect to it."


async def check_account(
    account: Account, settings: EmailSettings, sender: MailSender | None
) -> Sequence[Finding]:
    """In the order in which a person would set it up."""
    found: list[Finding] = []
    if account.imap is not None:
        found += await _check_imap(account.imap, settings)
    if settings.listen is not None:
        found.append(Finding(True, f"mail is taken by {settings.listen_protocol.upper()} on "
                                   f"{settings.listen}"))  # fmt: skip
    if sender is not None and account.smtp is not None:
        found.append(await _check_smtp(account.smtp, sender))
    found.append(_check_address(account))
    return found


async def _check_imap(server: Server, settings: EmailSettings) -> list[Finding]:
    ca_file = str(settings.ca_file) if settings.ca_file else None
    session = ImapSession(server, timeout_seconds=settings.timeout_seconds, ca_file=ca_file)
    thread = OwnThread("imap-check")

    def look() -> tuple[bool, bool, list[bytes]]:
        session.connect(settings.folder)
        field = "Authentication-Results"
        heads = session.newest_heads(_NEWEST, field) if settings.authserv_id else []
        return session.can_idle, session.keeps_marks, heads

    try:
        can_idle, keeps_marks, heads = await thread.call(look)
    except MailboxError as error:
        session.abort()
        return [Finding(False, str(error), _mend(str(error), "EMAIL_IMAP_URL"))]
    finally:
        thread.leave(session.close)
    seconds = settings.poll_seconds
    told = "it tells of new mail" if can_idle else f"no IDLE: it is asked every {seconds:g} s"
    marks = (
        "" if keeps_marks else "; it keeps no keywords: mail that a person opens first is not seen"
    )
    found = [Finding(True, f"{server} lets us into {settings.folder}: {told}{marks}")]
    if settings.authserv_id:
        found.append(check_receiver(heads, settings.authserv_id))
    return found


def check_receiver(heads: Sequence[bytes], name: str) -> Finding:
    """What the newest mails tell of the receiving server that is believed."""
    counts = [count_results(read_headers(head)[0], name) for head in heads]
    if any(count > 1 for count in counts):
        what = f"mails bear Authentication-Results of {name} more than once; the topmost counts"
        return Finding(True, what, _STRIP.format(name=name))
    if not any(counts):
        seen = f"none of the {len(heads)} newest mails bears" if heads else "no mail is there with"
        return Finding(
            True, f"{seen} Authentication-Results of {name}",
            "If mail has come, mend SWITCHBOARD_EMAIL__AUTHSERV_ID: nobody is believed.",
        )  # fmt: skip
    return Finding(True, f"{name} has judged {sum(map(bool, counts))} of {len(heads)} newest mails")


async def _check_smtp(server: Server, sender: MailSender) -> Finding:
    try:
        encrypted = await sender.check()
    except ChannelError as error:
        return Finding(False, str(error), _mend(str(error), "EMAIL_SMTP_URL"))
    how = "encrypted" if encrypted else "not encrypted, on this machine"
    return Finding(True, f"{server} takes mail from us ({how})")


def _check_address(account: Account) -> Finding:
    """A mailbox is usually entered under its own address; another user is worth a look."""
    users = {
        server.user.casefold()
        for server in (account.imap, account.smtp)
        if server is not None and "@" in server.user
    }
    strange = sorted(users - {account.address.casefold()})
    if not strange:
        return Finding(True, f"answers come from {account.address}")
    return Finding(
        True,
        f"answers come from {account.address}; the login is {', '.join(strange)}",
        "If that is not the same mailbox, mend EMAIL_ADDRESS: its own mail would be answered.",
    )


def _mend(reason: str, variable: str) -> str:
    if "certificate" in reason:
        return _CERTIFICATE
    if "refuses the refresh token" in reason:
        return _GRANT
    if "refuses the login" in reason:
        return _LOGIN.format(variable=variable)
    if "encryption" in reason or "STARTTLS" in reason:
        scheme = "imaps" if "IMAP" in variable else "smtps"
        return f"Use {scheme}:// in {variable}."
    return _REACH.format(variable=variable)
