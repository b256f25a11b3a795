"""What a customer answers while nobody is there: an email address, a button, a number. Pure.

Above: `folding`. Below: `core.messages`. No turn of the AI runs while people own a conversation, so
the case itself understands the few answers to what the house has asked; and that thanks ask for
no answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.memory.fold import fold
from core.messages import Entry

BY_EMAIL = "desk:email"  # asks for an address
TO_KNOWN = "desk:email_known"  # the address that the house has
WAIT = "desk:wait"
CHOICES = (BY_EMAIL, TO_KNOWN, WAIT)

# ASCII only: what looks like an address in other letters is more often a trap than an address.
_ADDRESS = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9_+-][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}"
    r"[A-Za-z0-9])?\.){1,6}[A-Za-z]{2,24}(?![\w@-])",
    re.ASCII,
)
_NUMBER = re.compile(r"\s*(\d)[.)]?\s*\Z", re.ASCII)
_LONGEST_ADDRESS = 254
# "my email is …, thank you": more words than that are a message that happens to name an address.
_MOST_WORDS = 8

# Folded words of the five languages: those that thank, and those that may stand beside them.
_THANKING = (
    "thanks thank thx dekuji dekuju diky dik спасибо благодарю danke dank dankeschon gracias"
)
_POLITE = (
    "you very much so a lot many ok okay great perfect super good bye goodbye again for your the"
    " help have nice day all right moc mockrat vam jeste jednou za pomoc hezky den dobre"
    " nashledanou большое огромное вам за помощь хорошо отлично хорошего дня до свидания"
    " vielen schon sehr alles gut klar herzlichen fur ihre die hilfe schonen tag auf wiedersehen"
    " muchas mil muy amable por su la ayuda vale bien perfecto buen dia adios hasta luego"
)
_THANKS = frozenset(_THANKING.split())
_BESIDE_THANKS = _THANKS | frozenset(_POLITE.split())


def read_answer(entry: Entry, offered: Sequence[str]) -> str | None:
    """The choice that was made, or the address that was left; None: neither."""
    if entry.kind == "control":
        return entry.value if entry.action == "button" and entry.value in CHOICES else None
    if (found := read_address(entry.text)) is not None:
        return found
    number = _NUMBER.match(entry.text)
    if number is not None and 1 <= int(number[1]) <= len(offered):
        return offered[int(number[1]) - 1]
    return None


def read_address(text: str) -> str | None:
    """The one address of a text that says little else."""
    found = _ADDRESS.findall(text)
    if len(found) != 1 or len(found[0]) > _LONGEST_ADDRESS or ".." in found[0]:
        return None
    rest = text.replace(found[0], " ")
    is_bare = len(re.findall(r"\w+", rest)) <= _MOST_WORDS and "?" not in rest and "@" not in rest
    return str(found[0]) if is_bare else None


def mask_address(address: str) -> str:
    """As it may be shown to whoever is in the conversation: `j…@example.com`."""
    name, _, host = address.partition("@")
    return f"{name[:1]}…@{host}"


def is_thanks(text: str) -> bool:
    """True for words that say thank you, and nothing that anybody must answer."""
    words = re.findall(r"\w+", fold(text))
    return "?" not in text and not _THANKS.isdisjoint(words) and _BESIDE_THANKS.issuperset(words)
