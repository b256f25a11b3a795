"""What an answer may not carry into the knowledge base: whose it was.

Above: `reviews`. Below: `core.memory.finding`, which knows the forms in five languages. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from core.memory.finding import find_facts
from core.memory.secrets import MASK, mask_secrets
from core.messages import Frozen

# Facts of one customer. Products and dates are not: articles are about them.
_KINDS = frozenset(
    {"name", "email", "phone", "order", "invoice", "ticket", "serial", "address", "account"}
)
_SENTENCES = 1800  # the finder reads so much at a time
_CODE = re.compile(
    r"(?<![\w-])(?=[A-Z0-9-]*[A-Z])(?=(?:[A-Z-]*\d){4})[A-Z]{1,6}-?\d[A-Z0-9-]{3,}(?![\w-])"
)


class Personal(Frozen):
    """Something of a person's in a text, and what stands for it once it is masked."""

    kind: str
    value: str

    @property
    def mask(self) -> str:
        """A word that says what was there."""
        return MASK if self.kind == "secret" else f"[{self.kind}]"


def find_personal(text: str, language: str, names: Iterable[str] = ()) -> list[Personal]:
    """Everything of a person's, each value once, the longest first. `names` are those of the
    customer, which no pattern would know."""
    found = [Personal(kind=kind, value=value) for kind, value in _find(text, language)]
    found += [
        Personal(kind="name", value=name) for name in names if len(name) > 2 and _is_in(name, text)
    ]
    found += [Personal(kind="code", value=code[0]) for code in _CODE.finditer(text)]
    known: dict[str, Personal] = {}
    for item in found:
        known.setdefault(item.value, item)
    return sorted(known.values(), key=lambda item: -len(item.value))


def mask_personal(text: str, found: Sequence[Personal]) -> str:
    """The text with secrets and all of `found` covered."""
    text = mask_secrets(text)
    for item in found:
        text = re.sub(rf"(?<!\w){re.escape(item.value)}(?!\w)", item.mask, text)
    return text


def _find(text: str, language: str) -> Iterator[tuple[str, str]]:
    for start in range(0, len(text), _SENTENCES):
        for fact in find_facts(text[start : start + _SENTENCES], language):
            if fact.kind in _KINDS:
                yield fact.kind, fact.value


def _is_in(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
