"""Settings become mailboxes, or an error that names the variable and hides its value."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from channels.email.accounts import read_accounts, read_forms, read_server
from channels.email.settings import EmailSettings
from core.errors import ConfigError

IMAP = "imaps://help%40shop.test:p%40ss@imap.shop.test"
SMTP = "smtp://help:pass@smtp.shop.test"


def settings(**fields: object) -> EmailSettings:
    usual: dict[str, object] = {"address": "Help@shop.test", "imap_url": IMAP, "smtp_url": SMTP}
    return EmailSettings.model_validate(usual | fields)


def test_a_url_gives_host_usual_port_and_unquoted_login() -> None:
    account = read_accounts(settings())[0]
    assert account.address == "help@shop.test"
    assert account.imap is not None and account.smtp is not None
    assert (account.imap.host, account.imap.port) == ("imap.shop.test", 993)
    assert (account.imap.user, account.imap.password) == ("help@shop.test", "p@ss")
    assert account.imap.implicit_tls and not account.smtp.implicit_tls
    assert account.smtp.port == 587


def test_several_mailboxes_share_one_smtp_server() -> None:
    accounts = read_accounts(
        settings(address="a@x.test, b@x.test", imap_url=f"{IMAP},{IMAP.replace('help', 'b')}")
    )
    assert [account.address for account in accounts] == ["a@x.test", "b@x.test"]
    assert accounts[0].smtp == accounts[1].smtp
    assert accounts[0].imap != accounts[1].imap


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"address": "a@x.test,b@x.test"}, "EMAIL_IMAP_URL has 1 URLs, EMAIL_ADDRESS 2"),
        ({"address": "a@x.test,A@x.test"}, "twice"),
        ({"address": "nobody"}, "'nobody' is no address"),
        ({"imap_url": None}, "no mail can come in"),
        ({"smtp_url": None}, "no mail can leave"),
        ({"imap_url": "https://u:geheim@h"}, "EMAIL_IMAP_URL must look like imaps://"),
        ({"smtp_url": "smtp://u:geheim@h:99999"}, "its port is wrong"),
        ({"smtp_url": "smtp://u%0d%0aX:geheim@h"}, "control character"),
    ],
)
def test_a_fault_is_named_and_the_password_is_not(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        read_accounts(settings(**fields))
    assert "geheim" not in str(caught.value)


def test_senders_of_forms_are_addresses() -> None:
    assert read_forms(settings(form_senders="Web@Shop.example, b@x.test")) == {
        "web@shop.example", "b@x.test",
    }  # fmt: skip
    with pytest.raises(ConfigError, match="FORM_SENDERS: 'nobody' is no address"):
        read_forms(settings(form_senders="web@shop.example, nobody"))


def test_a_server_never_shows_its_password() -> None:
    server = read_server("imaps://u:geheim@h", variable="EMAIL_IMAP_URL")
    assert "geheim" not in repr(server) and "geheim" not in str(server)
    assert "geheim" not in repr(settings(imap_url=SecretStr("imaps://u:geheim@h")))
