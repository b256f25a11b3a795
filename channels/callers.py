"""From which network address a request comes, also behind a reverse proxy.

Above: limits of REST and of the widget's sockets. Below: aiohttp, `settings`. What a stranger
writes into `X-Forwarded-For` counts for nothing: only the proxies on the list are believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from aiohttp import web

Network = IPv4Network | IPv6Network
# A household gets so many bits of an IPv6 address; what follows it may change at will.
_HOUSEHOLD = 64


class Callers:
    """Tells callers apart by their address."""

    def __init__(self, proxies: Sequence[Network]) -> None:
        self._proxies = proxies

    def address(self, request: web.Request) -> str:
        """The nearest address that is none of our proxies."""
        remote = request.remote or ""
        if not self._is_proxy(remote):
            return _household(remote)
        hops = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
        for hop in reversed([hop.strip() for hop in hops]):
            if not _is_address(hop):
                break
            remote = hop
            if not self._is_proxy(hop):
                break
        return _household(remote)

    def _is_proxy(self, address: str) -> bool:
        if not self._proxies or not _is_address(address):
            return False
        parsed = ip_address(address)
        return any(parsed in network for network in self._proxies)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _household(address: str) -> str:
    if ":" not in address or not _is_address(address):
        return address
    return str(ip_network(f"{address.partition('%')[0]}/{_HOUSEHOLD}", strict=False))
