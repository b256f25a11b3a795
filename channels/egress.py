"""Where this house may connect to when a stranger or an operator names the address.

Above: `webhooks`. Below: ipaddress, aiohttp's resolver. An address is checked twice: when it is
named, and each time a connection is made, on the very address that is connected to; a name that
leads elsewhere by then (DNS rebinding) leads nowhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from core.errors import InputError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# Where machines in clouds hand out their own credentials: nobody's address, however it is named.
_METADATA = frozenset(
    {ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200")}
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Egress:
    """`private_hosts` are names and addresses of the company's own network that may be reached,
    also without TLS."""

    def __init__(
        self, private_hosts: Collection[str] = (), resolver: AbstractResolver | None = None
    ) -> None:
        self._private = frozenset(name.lower() for name in private_hosts)
        self._resolver = resolver

    async def check(self, url: str) -> None:
        """Raises `InputError` (with what would be right) if nothing may be sent there."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError as error:
            raise InputError("the address cannot be read") from error
        if not host or parts.username is not None or parts.password is not None:
            raise InputError("the address must be https://host/path, without a user in it")
        if host in self._private and parts.scheme in {"http", "https"}:
            return
        if parts.scheme != "https":
            raise InputError("the address must begin with https://")
        try:
            await self.resolver().resolve(host, port or 443)
        except OSError as error:
            raise InputError(f"{host} cannot be reached: {error}") from error

    def resolver(self) -> AbstractResolver:
        """For the connector of an HTTP client: names lead to public addresses only."""
        return _PublicResolver(self._private, self._resolver or ThreadedResolver())

    def may_connect(self, host: str) -> bool:
        """For literal addresses, which no resolver sees."""
        try:
            address = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            return True
        named = host.strip("[]").lower() in self._private
        return not is_metadata(address) and (named or is_public(address))


class _PublicResolver(AbstractResolver):
    def __init__(self, private: Collection[str], inner: AbstractResolver) -> None:
        self._private = private
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Addresses of the name. Raises `OSError` if any of them is not public."""
        found = await self._inner.resolve(host, port, family)
        named = host.lower() in self._private
        for item in found:
            address = ipaddress.ip_address(item["host"].partition("%")[0])
            if is_metadata(address) or not (named or is_public(address)):
                raise OSError("its address is not public")
        return found

    async def close(self) -> None:
        """Nothing is held."""


def is_metadata(address: IpAddress) -> bool:
    """True for link-local addresses and the like, where a cloud serves the secrets of its machine:
    not even a name of the company's own network may lead there."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return is_metadata(address.ipv4_mapped)
    return address.is_link_local or address in _METADATA


def is_public(address: IpAddress) -> bool:
    """False for loopback, private, link-local, shared (CGNAT), multicast and reserved ones, also
    when they hide in an IPv6 address."""
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour
        if hidden is None and address in _NAT64:
            hidden = ipaddress.IPv4Address(address.packed[-4:])
        if hidden is not None:
            return is_public(hidden)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast
