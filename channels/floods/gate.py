"""The gate that anonymous newcomers pass: open, until too many come at once.

Above: REST, the widget's sockets. Below: `proofs`, `captcha`, `core.limits` (a proof counts once,
in all processes). Counted are new conversations of the last minute: of one address, of one site, of
everybody. As long as they are few, nobody is asked for anything.
"""

from __future__ import annotations

import math
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import structlog

from channels.floods.captcha import Verify
from channels.floods.proofs import LONGEST_PROOF, make_challenge, solved
from channels.floods.settings import FloodSettings
from core.errors import BusError, InputError
from core.limits import Limits, Window
from core.telemetry import FLOODS

_log = structlog.get_logger("floods")
_MINUTE = 60.0
_MOST_NAMES = 20_000
CAPTCHA = "captcha:"


class ChallengeNeeded(InputError):
    """Too many newcomers: this one must show a proof; `challenge` says which."""

    code = "challenge_required"
    status = 428

    def __init__(self, challenge: dict[str, Any]) -> None:
        super().__init__("many are new here just now: solve the challenge and send it as proof")
        self.challenge = challenge


class FloodGate:
    """Of one process."""

    def __init__(
        self, settings: FloodSettings, *, secret: str, limits: Limits,
        verify: Verify | None = None, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._secret = secret.encode()
        self._limits = limits
        self._verify = verify
        self._clock = clock
        self._all = _Counts(clock)

    async def admit(self, address: str, site: str, proof: str | None) -> None:
        """Count a newcomer, and let them in. Raises `ChallengeNeeded`."""
        if not self._settings.local and _is_here(address):
            return
        load = self._load(address, site)
        if load >= 1:
            if proof is None or not await self._is_good(address, proof):
                FLOODS.labels("asked" if proof is None else "refused").inc()
                raise ChallengeNeeded(self._challenge(address, load))
            FLOODS.labels("solved").inc()
        self._all.add("", f"address:{address}", f"site:{site}")

    def _load(self, address: str, site: str) -> float:
        """How many times the figure that is reached first."""
        settings, count = self._settings, self._all.count
        figures = (
            (count(f"address:{address}"), settings.per_address),
            (count(f"site:{site}"), settings.per_site),
            (count(""), settings.in_all),
        )
        return max((seen / most for seen, most in figures if most), default=0.0)

    def _challenge(self, address: str, load: float) -> dict[str, Any]:
        settings = self._settings
        bits = min(settings.bits + int(math.log2(max(load, 1.0))), settings.most_bits)
        until = int(self._clock()) + settings.seconds
        nonce = secrets.token_urlsafe(12)
        made = make_challenge(self._secret, address, bits=bits, until=until, nonce=nonce)
        shape: dict[str, Any] = {"kind": "work", "token": made, "bits": bits}
        if self._verify is not None:
            return {**shape, "kind": "captcha", "site_key": settings.captcha_site_key}
        return shape

    async def _is_good(self, address: str, proof: str) -> bool:
        """Work that was done counts where a captcha is asked for, too: its service may be away."""
        if len(proof) > LONGEST_PROOF:
            return False
        if proof.startswith(CAPTCHA):
            answer = proof.removeprefix(CAPTCHA)
            return self._verify is not None and bool(await self._verify(answer, address))
        nonce = solved(self._secret, address, proof, now=self._clock())
        return nonce is not None and await self._is_first(nonce)

    async def _is_first(self, nonce: str) -> bool:
        """A proof counts once. A store that is away takes no conversation either."""
        once = (Window(self._settings.seconds + 60, 1),)
        try:
            mark = secrets.token_hex(8)
            return await self._limits.take(f"challenge:{nonce}", mark, once) is None
        except BusError as error:
            _log.warning("proof_not_counted", error=type(error).__name__)
            return True


def _is_here(address: str) -> bool:
    try:
        found = ip_address(address.partition("/")[0])
    except ValueError:
        return False
    return found.is_loopback or found.is_unspecified  # ::1 is counted as its network, ::/64


class _Counts:
    """What happened under each name within the last minute; the name unused longest goes first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def add(self, *names: str) -> None:
        now = self._clock()
        for name in names:
            self._times.setdefault(name, deque()).append(now)
            self._times.move_to_end(name)
        while len(self._times) > _MOST_NAMES:
            self._times.popitem(last=False)

    def count(self, name: str) -> int:
        times, since = self._times.get(name), self._clock() - _MINUTE
        if times is None:
            return 0
        while times and times[0] <= since:
            times.popleft()
        return len(times)
