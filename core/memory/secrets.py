"""What must never be remembered: card and account numbers, passwords, codes.

Above: `finding`, `summary`, `update`. Below: `fold`. Pure.
"""

from __future__ import annotations

import re

from core.memory.fold import fold

MASK = "•••"
_DIGITS = re.compile(r"(?<!\w)(?:\d[ -]?){12,18}\d(?!\w)")
_IBAN = re.compile(r"\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,4})?\b")
_SPOKEN = re.compile(
    r"\b(?:pass ?words?|pass ?code|passphrase|pin(?: ?code| number)?|cvv2?|cvc2?|security code|otp"
    r"|one[- ]time code|verification code|secret(?: key)?|api[- ]key|access token"
    r"|heslo|hesla|hesle|overovaci kod|bezpecnostni kod|pin ?kod"
    r"|парол[ьяею]\w*|пин(?:-?код)?|код подтверждения|секретн\w+ слово"
    r"|passwort|kennwort|geheimzahl|sicherheitscode|bestatigungscode|prufziffer"
    r"|contrasena|clave(?: secreta| de acceso)?|codigo de (?:seguridad|verificacion))\b"
)
_ITS_VALUE = re.compile(
    r"^(?:\s+(?!and\b|my\b|but\b|a\b|und\b|y\b|и\b|но\b)\w+){0,2}?\s*(?:\b(?:is|was|je|zni|это|ist|lautet|es)\b\s*:?|[:=—–-])\s*(\S+(?:\s\S+)?)"
    r"|^\s+(?=\S*\d)(\S+)"
)


def find_secrets(text: str) -> list[tuple[int, int]]:
    """Where they stand."""
    folded = fold(text)
    spans = [
        found.span()
        for found in _DIGITS.finditer(folded)
        if _is_card(re.sub(r"\D", "", found.group()))
    ]
    spans += [found.span() for found in _IBAN.finditer(folded) if _is_iban(found.group())]
    for found in _SPOKEN.finditer(folded):
        value = _ITS_VALUE.match(folded[found.end() :])
        if value is not None:
            begin, end = value.span(1) if value.group(1) else value.span(2)
            spans.append((found.end() + begin, found.end() + end))
    return spans


def mask_secrets(text: str) -> str:
    """The text with each of them covered."""
    for begin, end in sorted(find_secrets(text), reverse=True):
        text = f"{text[:begin]}{MASK}{text[end:]}"
    return text


def _is_card(digits: str) -> bool:
    """The check digit of card numbers."""
    if not 13 <= len(digits) <= 19:
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(digits[::-1])]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_iban(text: str) -> bool:
    """The check digits of international account numbers."""
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1
