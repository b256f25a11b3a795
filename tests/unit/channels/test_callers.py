"""From which address a request comes, with and without proxies in front."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict
from pydantic import ValidationError

from channels.callers import Callers
from channels.settings import WebSettings

PROXIES = WebSettings(trusted_proxies="10.0.0.0/8, 192.0.2.1, fd00::/8").proxies


def address(remote: str, *forwarded: str, trusting: bool = True) -> str:
    headers = CIMultiDict([("X-Forwarded-For", line) for line in forwarded])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=remote)
    return Callers(PROXIES if trusting else ()).address(request)  # type: ignore[arg-type]


def test_without_proxies_nothing_a_stranger_writes_counts() -> None:
    assert address("203.0.113.5", "1.2.3.4", trusting=False) == "203.0.113.5"
    assert address("203.0.113.5", "1.2.3.4") == "203.0.113.5"


@pytest.mark.parametrize(
    ("forwarded", "caller"),
    [
        (["203.0.113.5"], "203.0.113.5"),
        (["6.6.6.6, 203.0.113.5"], "203.0.113.5"),
        (["6.6.6.6", "203.0.113.5"], "203.0.113.5"),
        (["203.0.113.5, 192.0.2.1, 10.9.9.9"], "203.0.113.5"),
        (["10.0.0.9"], "10.0.0.9"),
        (["nonsense"], "10.0.0.1"),
        (["203.0.113.5, nonsense"], "10.0.0.1"),
        ([""], "10.0.0.1"),
        ([], "10.0.0.1"),
    ],
)
def test_behind_a_proxy_the_nearest_stranger_is_the_caller(
    forwarded: list[str], caller: str
) -> None:
    assert address("10.0.0.1", *forwarded) == caller


def test_a_household_is_one_caller_however_many_addresses_it_has() -> None:
    assert address("2001:db8:1:2:3::4") == address("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert address("2001:db8:1:3::1") != address("2001:db8:1:2::1")
    assert address("fd00::1", "2001:db8:1:2::9") == "2001:db8:1:2::/64"


def test_a_proxy_that_is_no_network_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError):
        WebSettings(trusted_proxies="my-proxy")
