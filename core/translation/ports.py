"""What a translator is. Above: `bridge`. Below: `core.errors`. Implementation: `model`."""

from __future__ import annotations

from typing import Protocol

from core.errors import SwitchboardError


class TranslationFailed(SwitchboardError):
    """There is no translation that may be shown; the code says why (`lost`: something of the
    original is not in it, `language`: it is in another one, `late`, `budget`, `model`)."""

    code = "translation"


class Translator(Protocol):
    """Puts words into another language and changes nothing else."""

    async def translate(
        self, text: str, *, source: str | None, target: str, payer: str, seconds: float
    ) -> str:
        """`payer` is who the use is counted for. Raises `TranslationFailed`, also when
        `seconds` are over."""
        ...
