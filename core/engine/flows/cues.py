"""Words by which flows are begun, answered, corrected and left, in five languages.

Above: `starting`, `slots`, `dialogue`. Below: `cues.toml` beside this file. Everything is compared
folded: lower case and without diacritics, so Czech counts however it is typed.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from core.text import unmarked

_LISTS: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_name("cues.toml").read_text(encoding="utf-8")
)
_BETWEEN = r"\b[^.!?\n]{0,45}?\b"
# What people say around a word that leaves a flow.
_BEFORE = (
    "ok okay no ne нет nein oh ah ach actually vlastne eigentlich please prosim bitte sorry dobre "
    "tak ну ладно хорошо gut vale bueno well alright"
)
_BEHIND = (
    "please thanks thank you then now prosim diky dekuji пожалуиста спасибо bitte danke por favor "
    "gracias entonces tak uz to ma"
)
# What begins the next matter where there is no comma.
_THEN = "but and instead i ale a но а лучше aber und sondern pero y mejor"
# Between "order" and its number.
_LINK = (
    "number no nr num id is the cislo c je s cislem № nummer lautet ist mit der numero n nº o es "
    "el con del"
)

# Currencies, as they stand before or behind a sum.
CURRENCY = (
    r"(?:€|\$|£|₽|eur(?:os?|a|y)?\b|евро\b|usd\b|dollars?\b|czk\b|kč|kc\b|korun\w*|руб\w*"
    r"|gbp\b|pounds?\b)"
)


def fold(text: str) -> str:
    """Lower case, without diacritics, plain apostrophes."""
    return unmarked(text.replace("’", "'"))


def fold_keeping(text: str) -> str:
    """Folded sign by sign, so that places in it are places in `text`."""
    return "".join((fold(sign) or sign)[:1] for sign in text)


def _either(name: str) -> str:
    return "(?:" + "|".join(_LISTS[name]).replace(" ~ ", _BETWEEN) + ")"


def _words(words: str) -> str:
    return "(?:" + "|".join(re.escape(word) for word in words.split()) + ")"


def _any(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b{_either(name)}")


def _whole(name: str) -> re.Pattern[str]:
    before, behind = rf"(?:{_words(_BEFORE)}\W+)*", rf"(?:\W+{_words(_BEHIND)})*"
    return re.compile(rf"^\W*{before}{_either(name)}{behind}\W*$")


NOUN = _any("noun")
OWN = _any("own")
GENERAL = _any("general")
MAY_I = _any("may_i")
STATUS = _any("status")
CANCEL = _any("cancel")
NOT_AN_ORDER = _any("not_an_order")
ADDRESS = _any("address")
NOT_A_PARCEL = _any("not_a_parcel")
DELIVERY = _any("delivery")
REFUND = _any("refund")
MONEY_WAITED_FOR = _any("money_waited_for")
THIS_ONE = _any("this_one")
ALL_OF_IT = _any("all_of_it")
LEAVE = _whole("leave")
# The same at the beginning of a sentence that goes on with something else: all but the words that
# mean more than leaving as soon as something follows ("cancel my order", "stop the plan").
LEAVE_FIRST = re.compile(
    rf"^\W*(?:{_words(_BEFORE)}\W+)*{_either('leave_first')}\b\W*(?:[,.;!:–—-]|\b{_words(_THEN)}\b)\W*"
)
WAIT = _whole("wait")
HAS_NOT = _any("has_not")
NO_REASON = _whole("no_reason")
CORRECTION = re.compile(rf"^\W*{_either('correction')}\b")
REASON_LEAD = re.compile(rf"\b{_either('reason_lead')}\b")
ADDRESS_LEAD = re.compile(rf"\b{_either('address_lead')}")
NUMBER_LEAD = re.compile(
    rf"\b{_either('number_lead')}\W{{0,3}}(?:{_words(_LINK)}\W{{1,3}}){{0,4}}[#№]?\s?"
    r"(?!\d{1,2}[.:/]\d)([a-z]{0,6}[-_]?\d[\d-]{1,19})(?!\w)"
)
