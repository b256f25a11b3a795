"""A file's name as it may be shown and saved: no path, no trick, no length. Pure.

Above: `store`, links. Below: `core.text`. The name never becomes part of a path of ours.
"""

from __future__ import annotations

import re
import unicodedata

from core.text import clean_text

_LONGEST = 120
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*;%\u2028\u2029]')
_DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")


def safe_name(name: str, ending: str = "") -> str:
    """The last part of `name`, without what systems and eyes trip over; `file` if nothing is left.

    `ending` is added to a name that has none.
    """
    last = re.split(r"[/\\]", clean_text(name))[-1]
    last = _FORBIDDEN.sub("_", unicodedata.normalize("NFKC", last))
    last = clean_text(last).strip(" .")
    if _DEVICES.match(last):
        last = f"_{last}"
    stem, dot, end = last.rpartition(".")
    if not dot or not stem or len(end) > 10:
        stem, end = last, ""
    tail = f".{end}" if end else ending
    return f"{stem[: _LONGEST - len(tail)].strip(' .') or 'file'}{tail}"
