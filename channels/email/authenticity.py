"""Whether the sender is who the From line says, as our own receiver found (RFC 8601). Pure.

Above: `parsing`. Below: `headers`. A header of this name can be written by anybody: only those
under the configured name count, and of these only the topmost, which our receiver put on last.
"""

from __future__ import annotations

import re

from channels.email.headers import Headers
from channels.email.mail import Authenticity

_COMMENT = re.compile(r"\([^()]{0,2000}\)")
_RESULT = re.compile(r"^\s*(dmarc|dkim|spf)\s*=\s*([a-z]+)", re.IGNORECASE)
_DKIM_DOMAIN = re.compile(
    r"header\.(?:d|i)\s*=\s*\"?@?(?:[^@\s\";]*@)?([A-Za-z0-9._-]+)", re.IGNORECASE
)
_SPF_DOMAIN = re.compile(
    r"smtp\.mailfrom\s*=\s*\"?(?:[^@\s\";]*@)?([A-Za-z0-9._-]+)", re.IGNORECASE
)


def check_authenticity(
    headers: Headers, from_address: str, authserv_id: str | None
) -> Authenticity:
    """`pass`: the domain vouches for the mail; `fail`: it does not; `none`: nobody looked."""
    if not authserv_id or len(headers.all("from")) != 1:
        return "none"
    found = _trusted(headers, authserv_id)
    if found is None:
        return "none"
    domain = from_address.rpartition("@")[2].casefold()
    verdicts: list[Authenticity] = []
    for clause in _COMMENT.sub(" ", found).split(";")[1:]:
        match = _RESULT.match(clause)
        if match is None:
            continue
        method, result = match[1].casefold(), match[2].casefold()
        if method == "dmarc":
            if (
                not re.search(rf"header\.from\s*=\s*\"?{re.escape(domain)}\b", clause, re.I)
                and "header.from" in clause
            ):
                return "fail"
            if result in {"pass", "fail", "permerror"}:
                return "pass" if result == "pass" else "fail"
        else:
            verdicts.append(_aligned(method, result, clause, domain))
    if "pass" in verdicts:
        return "pass"
    return "fail" if "fail" in verdicts else "none"


def count_results(headers: Headers, authserv_id: str) -> int:
    """How many headers stand under our receiver's name. More than one: it lets forged ones in."""
    return len(_under(headers, authserv_id))


def _trusted(headers: Headers, authserv_id: str) -> str | None:
    """The topmost header of our receiver."""
    found = _under(headers, authserv_id)
    return found[0] if found else None


def _under(headers: Headers, authserv_id: str) -> list[str]:
    found: list[str] = []
    for value in headers.all("authentication-results"):
        name = _COMMENT.sub(" ", value).partition(";")[0].split()
        if name and name[0].casefold() == authserv_id.strip().casefold():
            found.append(value)
    return found


def _aligned(method: str, result: str, clause: str, domain: str) -> Authenticity:
    """A pass counts only for the domain of the From line or one above or below it."""
    match = (_DKIM_DOMAIN if method == "dkim" else _SPF_DOMAIN).search(clause)
    named = match[1].casefold() if match else ""
    near = bool(named) and (
        named == domain
        or (domain.endswith(f".{named}") and "." in named)
        or named.endswith(f".{domain}")
    )
    if result == "pass":
        return "pass" if near else "none"
    return "fail" if result in {"fail", "permerror"} and (near or not named) else "none"
