"""Links, hosts, mail addresses and handles in a text. Above: `evidence`. Below: nothing."""

from __future__ import annotations

import re

_TLD = (
    "com|org|net|io|ai|co|me|biz|xyz|dev|app|site|online|store|shop|support|help|example|test"
    "|info|eu|cz|sk|pl|de|at|ch|ru|su|ua|by|kz|es|fr|it|uk|us|pt|nl|be|hu|in|cn|jp|br|mx|ar"
    "|link|click|live|top|pro|page|cloud|tech|team|email|money|pay|bank|care|zone|world|рф"
)
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,10}://|\b(?:javascript|data|mailto|tel):(?=\S))[^\s<>\"')\]]+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    rf"|\b(?:[\w-]+\.)+(?:{_TLD})\b(?:/[^\s<>\"')\]]*)?"
    r"|\bwww\.[\w-]+\.[^\s<>\"')\]]+"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?/[^\s<>\"')\]]*"
    r"|(?<![\w.@/])@[a-zA-Z]\w{3,}",
    re.IGNORECASE,
)


def find_links(text: str) -> list[str]:
    """As written, in order."""
    return _LINK.findall(text)


def link_spans(text: str) -> list[tuple[int, int]]:
    """Where they stand."""
    return [found.span() for found in _LINK.finditer(text)]


def bare_link(link: str) -> str:
    """Host, path and query without scheme, `www` and end marks."""
    link = re.sub(r"^(?:https?://|mailto:|tel:)?(www\.)?", "", link.lower())
    return link.rstrip(".,;:!?/*_`")


def knows_link(link: str, known: set[str]) -> bool:
    """True if `link` is one of `known`, or the host or a folder of one."""
    link = bare_link(link)
    return any(one == link or one.startswith((f"{link}/", f"{link}?")) for one in known) or any(
        "@" in one and one.rpartition("@")[2] == link for one in known
    )
