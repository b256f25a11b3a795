"""Nothing is sent to addresses of the inside, however they are written."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from channels.egress import Egress, is_public
from core.errors import InputError

INSIDE = (
    "127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::",
    "2001:0:7f00:1::",
)  # fmt: skip
OUTSIDE = ("93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8")


class Names(AbstractResolver):
    """Names that lead where the test says; everything else as the system has it."""

    def __init__(self, **known: str) -> None:
        self.known = known

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = self.known.get(host.replace(".", "_")) or socket.gethostbyname(host)
        return [
            ResolveResult(
                hostname=host, host=found, port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_of_the_inside_are_known_in_every_dress(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    assert not Egress().may_connect(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    assert Egress().may_connect(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook", "https://127.0.0.1/hook", "https://[::1]/hook",
        "https://0x7f000001/", "https://2130706433/", "https://127.1/", "https://localhost/",
        "https://169.254.169.254/latest", "https://inside.example/", "https://user@good.example/",
        "ftp://good.example/", "https:///path", "https://good.example:port/", "nothing", "",
    ],
)  # fmt: skip
async def test_an_address_of_the_inside_is_refused_when_it_is_named(url: str) -> None:
    names = Names(inside_example="10.0.0.7", good_example="93.184.216.34")
    with pytest.raises(InputError):
        await Egress(resolver=names).check(url)


async def test_a_public_address_is_taken() -> None:
    await Egress(resolver=Names(good_example="93.184.216.34")).check("https://good.example/hook")


async def test_a_name_that_leads_inside_later_is_refused_when_it_is_used() -> None:
    names = Names(good_example="93.184.216.34")
    egress = Egress(resolver=names)
    await egress.check("https://good.example/")
    names.known["good_example"] = "127.0.0.1"
    with pytest.raises(OSError, match="not public"):
        await egress.resolver().resolve("good.example", 443)


async def test_hosts_of_the_company_may_be_reached_without_tls() -> None:
    egress = Egress(["crm.internal", "127.0.0.1"], Names(crm_internal="10.0.0.9"))
    await egress.check("http://crm.internal:8080/hook")
    await egress.check("http://127.0.0.1/hook")
    assert egress.may_connect("127.0.0.1")
