"""The text of a mail from its parts: plain where there is some, else what the HTML says. Pure.

Above: `parsing`. Below: `mime`, `html_text`, `charsets`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from channels.email.charsets import decode_bytes
from channels.email.html_text import HtmlText
from channels.email.mime import Part, split_uu
from core.text import clean_text

_MOST_TEXT = 500_000
_META = re.compile(rb"<meta[^>]{1,200}charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
# What programs write into the plain part instead of its text.
_STUB = re.compile(
    r"(?:does not|doesn't|cannot|can not|not) (?:support|display|view|show)[^.]{0,40}\bhtml"
    r"|html[- ](?:e-?mail|message|version|format)"
    r"|(?:view|read) (?:this|it) (?:e-?mail|message)? ?(?:in|online)|kein html|bez podpory html"
    r"|не поддерживает html", re.IGNORECASE
)  # fmt: skip
_PLACEHOLDER = re.compile(r"\[(?:cid:|image: |inline image)[^\]\n]{0,200}\]", re.IGNORECASE)


@dataclass
class Body:
    """`used`: the parts that became text; `content_ids`: the images that the HTML shows."""

    text: str = ""
    html_text: str = ""
    used: list[Part] = field(default_factory=list[Part])
    content_ids: set[str] = field(default_factory=set[str])
    encoded_files: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    notes: list[str] = field(default_factory=list[str])


def read_body(leaves: Sequence[Part]) -> Body:
    """The text of a mail."""
    body = Body()
    texts = [leaf for leaf in leaves if is_text(leaf)]
    plain = {id(leaf): _plain(leaf, body) for leaf in texts if leaf.media_type != "text/html"}
    rich: dict[int, str] = {}
    for leaf in texts:
        if leaf.media_type == "text/html":
            rich[id(leaf)] = _rich(leaf, body)
    body.html_text = "\n\n".join(text for text in rich.values() if text)[:_MOST_TEXT]
    use_plain = any(
        "alternative" in leaf.around and _says_something(plain[id(leaf)], body.html_text)
        for leaf in texts if id(leaf) in plain
    )  # fmt: skip
    chosen: list[str] = []
    for leaf in texts:
        body.used.append(leaf)
        if "alternative" in leaf.around and (id(leaf) in rich) == use_plain:
            continue
        chosen.append(plain.get(id(leaf)) or rich.get(id(leaf), ""))
    body.text = "\n\n".join(one.strip("\n") for one in chosen if one.strip())[:_MOST_TEXT]
    if not body.text:
        body.text = body.html_text or next((one for one in plain.values() if one), "")
    return body


def is_text(leaf: Part) -> bool:
    """True for a part that is shown as the mail's text."""
    if leaf.is_attached or leaf.media_type not in {
        "text/plain",
        "text/html",
        "text/enriched",
        "text",
    }:
        return False
    return not leaf.name or (leaf.disposition == "inline" and leaf.place == 0)


def _plain(leaf: Part, body: Body) -> str:
    data, files = split_uu(leaf.body[: 40 * _MOST_TEXT])
    body.encoded_files += files
    text = clean_text(decode_bytes(data[: 4 * _MOST_TEXT], leaf.parameters.get("charset", "")))
    if leaf.parameters.get("format", "").casefold() == "flowed":
        text = _unfold(
            text, glue="" if leaf.parameters.get("delsp", "").casefold() == "yes" else " "
        )
    return text[:_MOST_TEXT]


def _rich(leaf: Part, body: Body) -> str:
    charset = leaf.parameters.get("charset", "")
    if not charset and (match := _META.search(leaf.body[:4_000])) is not None:
        charset = match[1].decode("ascii")
    read = HtmlText(decode_bytes(leaf.body, charset))
    if read.hidden:
        body.notes.append("hidden text was left out")
    body.content_ids.update(read.content_ids)
    return read.text[:_MOST_TEXT]


def _says_something(plain: str, rich: str) -> bool:
    bare = _PLACEHOLDER.sub("", plain).strip()
    if not bare:
        return False
    return not (len(bare) < 400 and len(rich) > 2 * len(bare) and _STUB.search(bare))


def _unfold(text: str, *, glue: str) -> str:
    """RFC 3676: lines that end in a space go on in the next, at the same depth of quotes."""
    out: list[str] = []
    open_depth: int | None = None
    for raw in text.split("\n"):
        bare = raw.lstrip(">")
        depth = len(raw) - len(bare)
        bare = bare.removeprefix(" ")
        line = f"{'>' * depth}{' ' if depth else ''}{bare}"
        if open_depth == depth and bare != "-- ":
            out[-1] = out[-1].rstrip(" ") + glue + bare
        else:
            out.append(line)
        open_depth = depth if bare.endswith(" ") and bare != "-- " else None
    return "\n".join(line if line == "-- " else line.rstrip() for line in out)
