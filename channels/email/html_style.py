"""Which parts of an HTML mail nobody is meant to see: no size, no colour, not shown. Pure.

Above: `html_text`. Below: nothing. Enough of CSS to find what hides instructions from people and
shows them to machines; whoever hides better is still only a customer (`core` trusts no text).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SHEET = re.compile(r"<(/?)style", re.IGNORECASE)
_MOST_STYLES = 10
_MOST_SHEET = 100_000
_RULE = re.compile(r"([^{}@]{1,300})\{([^{}]{0,2000})\}")
_SIMPLE = re.compile(r"(?:[a-z0-9]{0,10})([.#][\w-]{1,80})\Z", re.IGNORECASE)
_NOT_SHOWN = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all"
    r"|opacity\s*:\s*0(?:\.0\d*)?\s*(?:;|!|$)|font-size\s*:\s*[01](?:\.\d+)?(?:px|pt|em|%)?\s*(?:;|!|$)"
    r"|(?:max-)?(?:height|width)\s*:\s*0(?:px|pt|em|%)?\s*(?:;|!|$)"
    r"|text-indent\s*:\s*-\d{3,}|(?:left|top)\s*:\s*-\d{3,})", re.IGNORECASE
)  # fmt: skip
_COLOUR = re.compile(r"(?:^|;)\s*color\s*:\s*([^;!]{1,60})", re.IGNORECASE)
_BACKGROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;!]{1,200})", re.IGNORECASE)
_HEX = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})\b", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[ ,]+(\d{1,3})[ ,]+(\d{1,3})", re.IGNORECASE)
_NAMES = {"white": (255, 255, 255), "black": (0, 0, 0), "snow": (255, 250, 250),
          "ivory": (255, 255, 240), "transparent": (255, 255, 255)}  # fmt: skip
# So near are two colours that nobody can read one on the other.
_NEAR = 12


@dataclass
class Hiding:
    """What a mail's style sheets hide, by `.class` and `#id`."""

    names: set[str] = field(default_factory=set[str])

    def look(self, attributes: dict[str, str], background: str) -> tuple[bool, str]:
        """Whether an element is hidden, and the colour that its text stands on."""
        style = attributes.get("style", "")
        own = attributes.get("bgcolor", "")
        match = _BACKGROUND.search(style)
        if match is not None:
            own = match[1]
        if own and ("url(" in own.lower() or _colour(own) is not None):
            background = own
        if "hidden" in attributes or _NOT_SHOWN.search(style):
            return True, background
        marks = {f".{name}" for name in attributes.get("class", "").split()}
        marks.add(f"#{attributes.get('id', '')}")
        if marks & self.names:
            return True, background
        match = _COLOUR.search(style)
        text = match[1] if match else attributes.get("color", "")
        return bool(text) and _same(text, background), background


def read_hiding(source: str) -> Hiding:
    """The classes and ids that a mail's own style sheets hide."""
    hiding = Hiding()
    for sheet in _sheets(source):
        plain = sheet.partition("@media")[0]  # what is said for some screens only is not said here
        for rule in _RULE.finditer(plain):
            if _NOT_SHOWN.search(rule[2]):
                found = (_SIMPLE.fullmatch(one.strip()) for one in rule[1].split(","))
                hiding.names.update(match[1] for match in found if match)
    return hiding


def _sheets(source: str) -> list[str]:
    sheets: list[str] = []
    at = 0
    while len(sheets) < _MOST_STYLES and (start := _SHEET.search(source, at)) is not None:
        end = _SHEET.search(source, start.end())
        at = len(source) if end is None else end.start()
        if not start[1]:
            inside = source[start.end() : min(at, start.end() + _MOST_SHEET)]
            sheets.append(inside.partition(">")[2])
        if end is not None and end[1]:
            at = end.end()
    return sheets


def _same(text: str, background: str) -> bool:
    one, other = _colour(text), _colour(background)
    if one is None or other is None:
        return text.strip().lower() == "transparent"
    return all(abs(a - b) <= _NEAR for a, b in zip(one, other, strict=True))


def _colour(text: str) -> tuple[int, int, int] | None:
    match = _HEX.search(text)
    if match is not None:
        digits = match[1] if len(match[1]) == 6 else "".join(d * 2 for d in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    match = _RGB.search(text)
    if match is not None:
        return int(match[1]), int(match[2]), int(match[3])
    words = text.strip().lower().split()
    return next((_NAMES[word] for word in words if word in _NAMES), None)
