"""One way to reach a person, normalised: the same however it is written. Pure.

Above: `claims`, `people`, verification. Below: the standard library.

Two addresses are the same only if they are equal here; what merely looks alike (other alphabets,
full-width letters, another domain) stays another address.
"""

from __future__ import annotations

import re
import unicodedata

from core.errors import InputError
from core.messages import Frozen

LONGEST = 254
_EMAIL = re.compile(
    r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\]+\.[^\s@<>,;:\"()\[\]\\]{2,63}"
)
_WORD = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_LONGEST_VALUE = 200
# Values of these channels mean the same person whichever account of ours they come to.
_EVERYWHERE = frozenset({"email", "telegram", "slack", "rest"})


class Reach(Frozen):
    """Channel, account (empty where it does not matter) and the value that names the person."""

    channel: str
    account: str = ""
    value: str

    @property
    def key(self) -> str:
        """One text for it."""
        return f"{self.channel}:{self.account}:{self.value}"


def reach(channel: str, value: str, account: str = "") -> Reach:
    """Normalised. Raises `InputError` for what is none."""
    channel = channel.strip().casefold()
    if _WORD.fullmatch(channel) is None:
        raise InputError("channel: a word such as email, telegram, slack, web")
    value = _clean(value)
    if channel == "email":
        value = normalise_email(value)
    elif channel in {"telegram", "slack"}:
        value = value.removeprefix(f"{channel}:")
    if not value or len(value) > max(_LONGEST_VALUE, LONGEST):
        raise InputError("value: 1 to 200 characters")
    return Reach(
        channel=channel, account="" if channel in _EVERYWHERE else _clean(account)[:100],
        value=value,
    )  # fmt: skip


def normalise_email(text: str) -> str:
    """In small letters, the domain as the mail system knows it. Raises `InputError`."""
    address = _clean(text).removeprefix("email:")
    if len(address) > LONGEST or _EMAIL.fullmatch(address) is None:
        raise InputError("email: one plain address such as eva@example.org")
    local, _, domain = address.rpartition("@")
    try:
        plain = domain.casefold().encode("idna").decode()
    except UnicodeError:
        raise InputError("email: the domain is none") from None
    if not local.isascii():
        raise InputError("email: letters before the @ that no mail system takes")
    return f"{local.casefold()}@{plain}"


def is_email(text: str) -> bool:
    """True for one plain mail address."""
    try:
        normalise_email(text)
    except InputError:
        return False
    return True


def mask_email(address: str) -> str:
    """For people who may not know it whole: `e…@example.org`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def _clean(text: str) -> str:
    """Without what is not seen; no letter is turned into another."""
    return "".join(
        letter for letter in text.strip() if unicodedata.category(letter) not in {"Cc", "Cf"}
    )
