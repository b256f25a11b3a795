"""Tokens that stand for values: the same value has the same token within a conversation.

Above: `model`. Below: `finding`. A token's number comes from the value and the conversation's key,
so it is the same in every request, process and year, and different in another conversation. What a
model makes of a token (`[ EMAIL 12 ]`, `email_12`, `\\[EMAIL\\_12\\]`) is understood.
"""

from __future__ import annotations

import json
import re
from hashlib import blake2s

from core.privacy.masking.finding import Known, Mode, find_values

KINDS = ("EMAIL", "PHONE", "IBAN", "CARD", "NAME", "ADDRESS", "NUMBER")
_NAMES = "|".join(KINDS)
_TOKEN = re.compile(
    rf"\\?\[\s*(?P<a>{_NAMES})\s*\\?[\s_-]?\s*(?P<m>\d{{1,4}})\s*\\?\]"
    rf"|(?<![\w\[])(?P<b>{_NAMES})\\?_(?P<n>\d{{1,4}})(?!\w)",
    re.IGNORECASE,
)
# An end of a piece that may be the beginning of a token.
_OPEN = re.compile(r"\\?\[[^\]\n]{0,24}$|\\$")
_BARE = re.compile(rf"(?<![\w\[])(?:{_NAMES})\\?(?:_\d{{0,4}})?$", re.IGNORECASE)
_NUMBERS = 999
_LONGEST = 16


class Tokens:
    """The tokens of one conversation; it only ever grows."""

    def __init__(self, key: str, mode: Mode, known: Known | None = None) -> None:
        self._key = key.encode()
        self.mode: Mode = mode
        self.known = known or Known()
        self._by_value: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}

    def learn(self, known: Known) -> None:
        """More names and addresses of the same person."""
        self.known = Known(
            names=tuple(dict.fromkeys((*self.known.names, *known.names))),
            addresses=tuple(dict.fromkeys((*self.known.addresses, *known.addresses))),
        )

    def mask(self, text: str) -> str:
        """The text with tokens."""
        pieces: list[str] = []
        end = 0
        for found in find_values(text, self.known, self.mode):
            pieces += [
                text[end : found.begin],
                self._token(found.kind, text[found.begin : found.end]),
            ]
            end = found.end
        return "".join([*pieces, text[end:]])

    def restore(self, text: str, *, in_json: bool = False) -> str:
        """The text with the values again; a token that stands for nothing stays."""

        def value_of(found: re.Match[str]) -> str:
            kind, number = found["a"] or found["b"], found["m"] or found["n"]
            value = self._values.get(f"{kind.upper()}_{int(number)}")
            if value is None:
                return found[0]
            return json.dumps(value, ensure_ascii=False)[1:-1] if in_json else value

        return _TOKEN.sub(value_of, text) if self._values else text

    def _token(self, kind: str, value: str) -> str:
        bare = " ".join(value.split())
        key = (kind, bare.casefold() if kind == "EMAIL" else bare)
        known = self._by_value.get(key)
        if known is None:
            digest = blake2s("\0".join(key).encode("utf-8", "replace"), key=self._key[:32]).digest()
            number = int.from_bytes(digest[:6], "big") % _NUMBERS
            while f"{kind}_{number + 1}" in self._values:
                number = (number + 1) % _NUMBERS
            known = self._by_value[key] = f"{kind}_{number + 1}"
            self._values[known] = value
        return f"[{known}]"


class Stream:
    """Pieces of an answer with the values again: what may be half a token waits for its end."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._held = ""

    def add(self, piece: str) -> str:
        """What can be shown now."""
        text = self._held + piece
        found = _OPEN.search(text) or _half(text)
        place = found if isinstance(found, int) else (found.start() if found else len(text))
        self._held = text[place:]
        return self._tokens.restore(text[:place])

    def close(self) -> str:
        """The rest."""
        rest, self._held = self._held, ""
        return self._tokens.restore(rest)


def _half(text: str) -> int | None:
    """Where a bare token may have begun: `EMA`, `EMAIL_`, `EMAIL_1`."""
    if (found := _BARE.search(text)) is not None:
        return found.start()
    tail = re.search(r"(?<![\w\[])[A-Z]{1,7}$", text[-_LONGEST:])
    if tail is None or not any(name.startswith(tail[0]) for name in KINDS):
        return None
    return len(text) - len(tail[0])
