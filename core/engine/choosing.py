"""Which of the topics on offer a customer means who writes instead of pressing. Pure.

Above: `plain`. Below: `core.text`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.text import unmarked

NONE = "none"
_PLACE = re.compile(
    r"^\W*(?:n[or]?\.?|c\.|№|option|volba|moznost|вариант|opcion|nummer|numero|number|cislo)?\s?(\d)\W*$"
)
_PLACES = (
    "first|the first|the first one|prvni|to prvni|первое|первыи|первая|das erste|die erste|erste"
    "|el primero|la primera|primero",
    "second|the second|the second one|druhe|druha|to druhe|второе|второи|вторая|das zweite"
    "|die zweite|zweite|el segundo|la segunda|segundo",
    "third|the third|the third one|treti|to treti|третье|третии|третья|das dritte|die dritte"
    "|dritte|el tercero|la tercera|tercero",
)
_NONE = (
    "none|neither|none of them|none of those|something else|zadne|zadna|nic|neco jineho|ani jedno"
    "|ничего|ни одно|ничего из них|другое|keins|keines|keine|nichts|etwas anderes|keins davon"
    "|ninguno|ninguna|nada|otra cosa|ninguno de ellos"
)
_WORD = re.compile(r"[^\W_]{3,}")
_MOST_WORDS = 8


def chosen_topic(text: str, labels: Mapping[str, str], none: str) -> str | None:
    """The value of the topic meant by `text`, `NONE` for none of them, None when it is something
    else. `labels` are the words on the buttons by value, in order; `none` is what stood on the
    last one."""
    flat = " ".join(unmarked(text).split()).strip(" .!,")
    values = list(labels)
    if not values or not flat or len(flat.split()) > _MOST_WORDS:
        return None
    if flat in _NONE.split("|") or flat == unmarked(none):
        return NONE
    place = _place_of(flat)
    if place is not None:
        return values[place] if place < len(values) else (NONE if place == len(values) else None)
    return _by_words(flat, labels)


def _place_of(flat: str) -> int | None:
    found = _PLACE.match(flat)
    if found is not None:
        return int(found[1]) - 1 if int(found[1]) else None
    return next((place for place, words in enumerate(_PLACES) if flat in words.split("|")), None)


def _by_words(flat: str, labels: Mapping[str, str]) -> str | None:
    """The only label that holds every word of the text."""
    words = set(_WORD.findall(flat))
    if not words or flat.endswith("?"):
        return None
    folded = {value: unmarked(label) for value, label in labels.items()}
    exact = [value for value, label in folded.items() if label == flat]
    held = [value for value, label in folded.items() if words <= set(_WORD.findall(label))]
    meant = exact or held
    return meant[0] if len(meant) == 1 else None
