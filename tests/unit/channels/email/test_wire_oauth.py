"""Mailboxes that are entered with access tokens instead of passwords."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from channels.email.accounts import Account, read_accounts
from channels.email.checks import check_account
from channels.email.imap import ImapSession, MailboxError
from channels.email.oauth import AccessTokens, Grant, TokenError
from channels.email.settings import EmailSettings
from channels.email.smtp import MailSender
from core.errors import ConfigError, TemporaryDeliveryError
from tests.fakes.mail.dovecot import free_port
from tests.fakes.mail.token_house import CLIENT, SECRET, USER, TokenHouse

MAIL = b"Subject: one\r\n\r\nHello.\r\n"


@pytest.fixture
async def house() -> AsyncGenerator[TokenHouse]:
    async with TokenHouse().open() as opened:
        yield opened


def settings_for(house: TokenHouse, **changed: Any) -> EmailSettings:
    return EmailSettings.model_validate(
        {"address": USER, "imap_url": f"imap://127.0.0.1:{house.imap_port}", "smtp_url": house.url,
         "oauth_token_url": house.token_url, "oauth_client_id": CLIENT,
         "oauth_client_secret": SECRET, "oauth_refresh_token": "refresh-1", "timeout_seconds": 5,
         **changed}
    )  # fmt: skip


def account_of(house: TokenHouse, **changed: Any) -> Account:
    house_url = house.url.replace("nobody:nothing@", "")
    (account,) = read_accounts(settings_for(house, **{"smtp_url": house_url, **changed}))
    return account


async def enter(account: Account) -> None:
    assert account.imap is not None
    session = ImapSession(account.imap, timeout_seconds=5, ca_file=None)
    try:
        await asyncio.to_thread(session.connect, "INBOX")
    finally:
        await asyncio.to_thread(session.close)  # the server is in this loop


def sender_of(account: Account) -> MailSender:
    assert account.smtp is not None
    return MailSender(account.smtp, timeout_seconds=5, ca_file=None, local_name="")


async def test_one_token_enters_both_servers_until_it_ends(house: TokenHouse) -> None:
    account = account_of(house)
    await enter(account)
    await sender_of(account).send(USER, "anna@customer.test", MAIL)
    assert house.entered == ["access-1", "access-1"]
    assert [taken.recipient for taken in house.taken] == ["anna@customer.test"]
    assert house.asked == [
        {"grant_type": "refresh_token", "refresh_token": "refresh-1", "client_id": CLIENT,
         "client_secret": SECRET}
    ]  # fmt: skip


async def test_a_token_is_asked_for_anew_before_it_ends_with_the_newest_grant(
    house: TokenHouse,
) -> None:
    now = [0.0]
    house.rotates, house.lasts = True, 600
    grant = Grant(house.token_url, CLIENT, "refresh-1", SECRET, scope="mail")
    tokens = AccessTokens(grant, timeout_seconds=5, clock=lambda: now[0])
    found = []
    for now[0] in (0.0, 539.0, 541.0, 700.0):
        found.append(await asyncio.to_thread(tokens.get))
    assert found == ["access-1", "access-1", "access-2", "access-2"]
    assert [asked["refresh_token"] for asked in house.asked] == ["refresh-1", "refresh-2"]
    assert house.asked[0]["scope"] == "mail"


async def test_a_token_that_is_not_taken_is_not_used_twice(house: TokenHouse) -> None:
    account = account_of(house)
    await enter(account)
    house.valid.clear()
    with pytest.raises(MailboxError, match="refuses the login"):
        await enter(account)
    await enter(account)
    assert house.entered == ["access-1", "access-1", "access-2"]
    house.valid.clear()
    with pytest.raises(TemporaryDeliveryError, match="refuses the login"):
        await sender_of(account).send(USER, "anna@customer.test", MAIL)
    await sender_of(account).send(USER, "anna@customer.test", MAIL)
    assert len(house.taken) == 1


async def test_a_grant_that_is_not_good_any_more_is_named_and_never_shown(
    house: TokenHouse,
) -> None:
    account = account_of(house, oauth_refresh_token="refresh-verraten")
    with pytest.raises(MailboxError, match="refuses the refresh token: invalid_grant") as caught:
        await enter(account)
    assert caught.value.refused
    with pytest.raises(TemporaryDeliveryError, match="invalid_grant"):
        await sender_of(account).send(USER, "anna@customer.test", MAIL)
    found = await check_account(account, settings_for(house), sender_of(account))
    assert [finding.ok for finding in found] == [False, False, True]
    assert all("OAUTH_REFRESH_TOKEN" in finding.mend for finding in found[:2])
    shown = repr(account) + repr(caught.value) + "".join(f.what + f.mend for f in found)
    assert "verraten" not in shown and SECRET not in shown and not house.entered


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ((500, "oops"), False), ((429, "{}"), False), ((200, "no JSON"), False),
        ((200, '{"access_token": 7}'), False), ((200, '{"access_token": "a\\nb"}'), False),
        ((200, "[]"), False), ((401, '{"error": "invalid_client"}'), True),
        ((400, '{"error": "<script>geheim"}'), True),
    ],
)  # fmt: skip
async def test_whatever_the_giver_of_tokens_says_is_understood(
    house: TokenHouse, answer: tuple[int, str], refused: bool
) -> None:
    house.answers = [answer]
    grant = Grant(house.token_url, CLIENT, "refresh-1", SECRET)
    tokens = AccessTokens(grant, timeout_seconds=5)
    with pytest.raises(TokenError) as caught:
        await asyncio.to_thread(tokens.get)
    assert caught.value.refused is refused
    assert "geheim" not in str(caught.value)
    assert await asyncio.to_thread(tokens.get) == "access-2"


async def test_nobody_gives_tokens() -> None:
    grant = Grant(f"http://127.0.0.1:{free_port()}/token", CLIENT, "refresh-1")
    with pytest.raises(TokenError, match="cannot be asked") as caught:
        await asyncio.to_thread(AccessTokens(grant, timeout_seconds=1).get)
    assert not caught.value.refused


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"oauth_token_url": "http://tokens.example/token"}, "OAUTH_TOKEN_URL"),
        ({"oauth_token_url": "file:///etc/passwd"}, "OAUTH_TOKEN_URL"),
        ({"oauth_refresh_token": None}, "OAUTH_REFRESH_TOKEN"),
        ({"oauth_refresh_token": "verraten,verraten"}, "OAUTH_REFRESH_TOKEN"),
        ({"oauth_client_id": ""}, "OAUTH_CLIENT_ID"),
    ],
)
async def test_what_is_missing_or_unsafe_is_named(
    house: TokenHouse, changed: dict[str, Any], names: str
) -> None:
    with pytest.raises(ConfigError, match=names) as caught:
        account_of(house, **changed)
    assert "verraten" not in str(caught.value)
