"""From the settings to the accounts: each mailbox with the servers it is read and written through.

Above: `adapter`, the registry's `build`. Below: `settings`. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from channels.email.addresses import is_address, normalise
from channels.email.oauth import AccessTokens, Grant
from channels.email.settings import EmailSettings
from core.errors import ConfigError

_SCHEMES = {"imap": 143, "imaps": 993, "smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class Server:
    """A mail server and how to enter it. Without implicit TLS it must offer STARTTLS, except on
    this machine."""

    host: str
    port: int
    implicit_tls: bool
    user: str = ""
    password: str = field(default="", repr=False)
    tokens: AccessTokens | None = field(default=None, repr=False, compare=False)

    @property
    def is_here(self) -> bool:
        """True on this machine, where a connection need not be encrypted."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Account:
    """One mailbox."""

    address: str
    imap: Server | None
    smtp: Server | None

    @property
    def domain(self) -> str:
        """What stands after the @."""
        return self.address.rpartition("@")[2]


def is_loopback(host: str) -> bool:
    """True if `host` is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_server(url: str, *, variable: str) -> Server:
    """Raises `ConfigError` that names the variable and never shows its value."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError(f"{variable} is no URL: its port is wrong") from None
    kind = variable.split("_")[1].lower()
    if parts.scheme not in {kind, f"{kind}s"} or not parts.hostname:
        raise ConfigError(f"{variable} must look like {kind}s://user:password@host:port")
    server = Server(
        host=parts.hostname,
        port=port or _SCHEMES[parts.scheme],
        implicit_tls=parts.scheme.endswith("s"),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
    if any(ord(letter) < 32 for letter in server.user + server.password):
        raise ConfigError(f"{variable} has a control character in its user or password")
    return server


def read_accounts(settings: EmailSettings) -> list[Account]:
    """Every mailbox. Raises `ConfigError`."""
    addresses = _addresses(settings.address, variable="EMAIL_ADDRESS")
    if len({address.lower() for address in addresses}) != len(addresses):
        raise ConfigError("EMAIL_ADDRESS names a mailbox twice")
    imap = _servers(_reveal(settings.imap_url), len(addresses), variable="EMAIL_IMAP_URL")
    smtp = _servers(_reveal(settings.smtp_url), len(addresses), variable="EMAIL_SMTP_URL")
    if settings.imap_url is None and settings.listen is None:
        raise ConfigError(
            "no mail can come in: set EMAIL_IMAP_URL, or SWITCHBOARD_EMAIL__LISTEN to take it "
            "from your own mail server"
        )
    if settings.smtp_url is None:
        raise ConfigError("no mail can leave: set EMAIL_SMTP_URL")
    accounts = [
        Account(address.lower(), reading, writing)
        for address, reading, writing in zip(addresses, imap, smtp, strict=True)
    ]
    if settings.oauth_token_url is None:
        return accounts
    grants = _grants(settings, settings.oauth_token_url, len(accounts))
    return [_with_tokens(*pair, settings) for pair in zip(accounts, grants, strict=True)]


def read_forms(settings: EmailSettings) -> frozenset[str]:
    """The addresses that forms of the site write from. Raises `ConfigError`."""
    variable = "SWITCHBOARD_EMAIL__FORM_SENDERS"
    return frozenset(map(normalise, _addresses(settings.form_senders, variable=variable)))


def _addresses(text: str | None, *, variable: str) -> list[str]:
    found = _split(text)
    for address in found:
        if not is_address(address):
            raise ConfigError(f"{variable}: {address!r} is no address")
    return found


def _grants(settings: EmailSettings, token_url: str, count: int) -> list[Grant]:
    """One for each mailbox."""
    variable = "SWITCHBOARD_EMAIL__OAUTH_TOKEN_URL"
    parts = urlsplit(token_url)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    )
    if not (is_safe and parts.hostname):
        raise ConfigError(f"{variable} must look like https://host/token")
    refresh = _reveal(settings.oauth_refresh_token)
    if len(refresh) != count or not settings.oauth_client_id:
        raise ConfigError(
            f"{variable} needs SWITCHBOARD_EMAIL__OAUTH_CLIENT_ID and "
            "SWITCHBOARD_EMAIL__OAUTH_REFRESH_TOKEN: one for each mailbox"
        )
    secret = "".join(_reveal(settings.oauth_client_secret))
    return [
        Grant(token_url, settings.oauth_client_id, token, secret, settings.oauth_scope)
        for token in refresh
    ]


def _with_tokens(account: Account, grant: Grant, settings: EmailSettings) -> Account:
    """Both servers are entered with access tokens, under the mailbox's name if none is given."""
    ca_file = str(settings.ca_file) if settings.ca_file else None
    tokens = AccessTokens(grant, timeout_seconds=settings.timeout_seconds, ca_file=ca_file)

    def enter(server: Server | None) -> Server | None:
        if server is None:
            return None
        return replace(server, user=server.user or account.address, tokens=tokens)

    return replace(account, imap=enter(account.imap), smtp=enter(account.smtp))


def _servers(urls: list[str], count: int, *, variable: str) -> list[Server | None]:
    if not urls:
        return [None] * count
    if variable == "EMAIL_SMTP_URL" and len(urls) == 1:
        urls = urls * count
    if len(urls) != count:
        raise ConfigError(f"{variable} has {len(urls)} URLs, EMAIL_ADDRESS {count} addresses")
    return [read_server(url, variable=variable) for url in urls]


def _reveal(secret: object) -> list[str]:
    reveal = getattr(secret, "get_secret_value", None)
    return _split(reveal() if reveal else None)


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
