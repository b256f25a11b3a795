"""From an entry to the messages of a platform: text, spans, buttons, sources, files. Pure.

Above: the adapters' `encode`, through the package. Below: `markdown`, `splitting`, `choices`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from channels.base import Capabilities
from channels.rendering.choices import number_buttons
from channels.rendering.markdown import Rich, Span, Writer, is_safe_url, read_markdown
from channels.rendering.splitting import split_rich
from core.errors import UnsupportedContent
from core.localise import write_size
from core.messages import Attachment, Button, Citation, Entry
from core.phrases import Phrases

# The address from which the receiver may load a file for a while; None: there is none.
Link = Callable[[Attachment], str | None]


@dataclass(frozen=True)
class Piece:
    """One message of the platform: a text with its spans, or one file.

    Only the last text has buttons; files come behind the text. `spans` are empty for a channel
    without markup: there, links are already written out.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    spans: tuple[Span, ...] = ()
    attachment: Attachment | None = None


def render(
    entry: Entry,
    capabilities: Capabilities,
    phrases: Phrases | None = None,
    link: Link | None = None,
) -> list[Piece]:
    """The pieces of an entry, in order, each within the channel's limit.

    `phrases` words what the channel cannot show (without them it is said in signs), `link` is
    asked for files that the channel cannot carry. Raises `UnsupportedContent` when nothing of the
    entry can be shown.
    """
    said = _Wording(phrases, entry.language or "en")
    sent = [file for file in entry.attachments if _can_carry(file, capabilities)]
    told = [file for file in entry.attachments if file not in sent]
    buttons = tuple(button for row in entry.parts for button in row.buttons)
    writer = Writer()
    writer.add(read_markdown(entry.text.strip()))
    if len(buttons) > capabilities.buttons:
        _paragraph(writer, said.choices(buttons))
        buttons = ()
    for file in told:
        _paragraph(writer, said.file(file, link(file) if link else None))
    _write_sources(writer, entry.citations, said)
    whole = writer.done()
    if capabilities.markup == "none":
        whole = Rich(write_plain(whole))
    texts = split_rich(whole, capabilities.max_text, capabilities.units)
    pieces = [Piece(part.text, spans=part.spans) for part in texts]
    if not pieces and buttons:
        raise UnsupportedContent("there is no text for its buttons")
    if pieces:
        pieces[-1] = Piece(pieces[-1].text, buttons, pieces[-1].spans)
    pieces += [Piece("", attachment=file) for file in sent]
    if not pieces:
        raise UnsupportedContent("there is nothing in it that this channel can show")
    return pieces


def write_plain(rich: Rich | Piece) -> str:
    """The text for where nothing can be marked: the address of a link stands behind its words."""
    parts: list[str] = []
    at = 0
    for span in rich.spans:
        label = rich.text[span.start : span.end]
        if (
            span.kind == "link"
            and span.url is not None
            and span.url not in {label, f"mailto:{label}"}
        ):
            parts += [rich.text[at : span.end], f" ({span.url})"]
            at = span.end
    return "".join([*parts, rich.text[at:]])


def _can_carry(file: Attachment, capabilities: Capabilities) -> bool:
    has_bytes = file.id is not None or file.ref is not None
    return capabilities.files and has_bytes and file.size <= capabilities.max_file


def _paragraph(writer: Writer, text: str) -> None:
    writer.write(f"\n\n{text}" if writer.length else text)


def _write_sources(writer: Writer, citations: Sequence[Citation], said: _Wording) -> None:
    """The evidence of an answer, each source once."""
    seen: dict[tuple[str, str | None], None] = {}
    for citation in citations:
        url = citation.url if is_safe_url(citation.url) else None
        seen.setdefault((citation.title.strip() or citation.document, url))
    if not seen:
        return
    _paragraph(writer, said.sources())
    for title, url in seen:
        writer.write("\n• ")
        start = writer.length
        writer.write(title)
        if url is not None:
            writer.mark("link", start, url=url)


class _Wording:
    """What is said about the things a channel cannot show."""

    def __init__(self, phrases: Phrases | None, language: str) -> None:
        self._phrases = phrases
        self._language = language

    def choices(self, buttons: tuple[Button, ...]) -> str:
        lines = number_buttons("", buttons)
        if self._phrases is None:
            return lines
        hint = self._phrases.say("reply_with_number", self._language)
        return f"{lines}\n\n{hint}"

    def sources(self) -> str:
        return self._phrases.say("sources", self._language) if self._phrases else "↗"

    def file(self, file: Attachment, url: str | None) -> str:
        name = file.name if file.size < 0 else f"{file.name} ({self._size(file.size)})"
        if self._phrases is None:
            return f"📎 {name}: {url}" if url else f"📎 {name}"
        if url is None:
            return self._phrases.say("file_not_shown", self._language, name=name)
        return self._phrases.say("file_link", self._language, name=name, url=url)

    def _size(self, size: int) -> str:
        return write_size(size, self._language)
