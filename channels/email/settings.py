"""Settings of email. Above: the composition root. Below: pydantic."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class EmailSettings(BaseModel):
    """The mailboxes. Addresses carry a password, so they are secrets as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    imap_url: SecretStr | None = Field(
        default=None, description="imaps://user:password@host:993; several separated by commas."
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="smtps:// or smtp://user:password@host:587; one for all, or one for each.",
    )
    address: str | None = Field(
        default=None, description="The mailbox's own address; several separated by commas."
    )
    name: str = Field(default="", description="The name that customers see beside the address.")
    folder: str = Field(default="INBOX", description="The folder that is read.")
    done_folder: str | None = Field(
        default=None,
        description="Where mail goes once it is stored here. Empty: it stays where it is, marked.",
    )
    old_mail: Literal["leave", "answer"] = Field(
        default="leave",
        description="What becomes of mail that was there before the gateway first looked.",
    )
    oauth_token_url: str | None = Field(
        default=None,
        description="Where access tokens come from, for servers that take no passwords; such as "
        "https://oauth2.googleapis.com/token. Empty: the passwords of the URLs are used.",
    )
    oauth_client_id: str = Field(default="", description="The client that was registered there.")
    oauth_client_secret: SecretStr | None = Field(
        default=None, description="Its secret, if it has one."
    )
    oauth_refresh_token: SecretStr | None = Field(
        default=None,
        description="What stands for the permission of each mailbox; several separated by commas.",
    )
    oauth_scope: str = Field(
        default="", description="What is asked for, where the server wants it said again."
    )
    idle_seconds: float = Field(
        default=540, gt=0, le=1_740, description="How long one IDLE lasts before it is issued anew."
    )
    poll_seconds: float = Field(
        default=60, gt=0, description="How often a server without IDLE is asked."
    )
    timeout_seconds: float = Field(
        default=30, gt=0, description="How long one answer of a mail server may take."
    )
    max_bytes: int = Field(
        default=25_000_000, ge=10_000, description="The largest mail that is read or taken."
    )
    ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) that mail servers' are checked against."
    )
    sent_folder: str | None = Field(
        default=None,
        description="Where sent mail is kept. Empty: the folder that the server calls Sent.",
    )
    sent_copy: bool = Field(
        default=False,
        description="Put a copy of what was sent there; for servers that do not do so themselves.",
    )
    form_senders: str = Field(
        default="",
        description="Addresses that forms of your site write from, separated by commas: the "
        "customer is whom such a mail names in Reply-To.",
    )
    reply_token: bool = Field(
        default=False,
        description="Ask for answers at a signed address (help+…@host), for mail servers that "
        "deliver name+anything to name: the conversation is found even without references.",
    )
    authserv_id: str | None = Field(
        default=None,
        description="The name under which your receiving server writes Authentication-Results. "
        "Empty: none is believed.",
    )
    listen: str | None = Field(
        default=None,
        description="host:port on which mail is taken from your own mail server. Empty: it is not.",
    )
    listen_protocol: Literal["lmtp", "smtp"] = Field(
        default="lmtp", description="What is spoken there."
    )
    unreachable_hours: float = Field(
        default=72, ge=0, description="How long an address that bounced is not written to."
    )

    @property
    def is_configured(self) -> bool:
        """True if there is a mailbox."""
        return self.address is not None
