"""Challenges that cost a newcomer some work, and the check that the work was done. Pure.

Above: `gate`. Below: hashlib. A challenge is signed, so nothing is stored until it is solved; it
holds its end, its difficulty, and a digest of the address that may use it. Solved is a counter such
that SHA-256 of `challenge:counter` begins with so many zero bits.
"""

from __future__ import annotations

import hashlib
import hmac
import re

_SHAPE = re.compile(r"1\.(\d{1,12})\.(\d{1,2})\.([A-Za-z0-9_-]{10,40})\.([0-9a-f]{32})\Z")
_COUNTER = re.compile(r"\d{1,15}\Z", re.ASCII)
LONGEST_PROOF = 2_100  # a captcha's answer may be long


def make_challenge(secret: bytes, address: str, *, bits: int, until: int, nonce: str) -> str:
    """A challenge for this address, good until then (seconds since 1970)."""
    body = f"1.{until}.{bits}.{nonce}"
    return f"{body}.{_sign(secret, body, address)}"


def solved(secret: bytes, address: str, proof: str, *, now: float) -> str | None:
    """The nonce of a challenge of ours that was solved in time; None: it was not."""
    challenge, _, counter = proof.partition(":")
    found = _SHAPE.match(challenge)
    if found is None or not _COUNTER.match(counter):
        return None
    until, bits, nonce, sign = int(found[1]), int(found[2]), found[3], found[4]
    own = _sign(secret, challenge.rpartition(".")[0], address)
    if not hmac.compare_digest(own, sign) or now > until:
        return None
    digest = hashlib.sha256(proof.encode()).digest()
    return nonce if zero_bits(digest) >= bits else None


def zero_bits(digest: bytes) -> int:
    """With how many zero bits it begins."""
    return len(digest) * 8 - int.from_bytes(digest).bit_length()


def solve(challenge: str) -> str:
    """The proof; what a client does. Its time doubles with each bit."""
    bits = int(challenge.split(".")[2])
    counter = 0
    while True:
        proof = f"{challenge}:{counter}"
        if zero_bits(hashlib.sha256(proof.encode()).digest()) >= bits:
            return proof
        counter += 1


def _sign(secret: bytes, body: str, address: str) -> str:
    text = f"challenge\0{body}\0{address}".encode()
    return hmac.new(secret, text, hashlib.sha256).hexdigest()[:32]
