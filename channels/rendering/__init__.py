"""Fits an entry to what a channel can carry; what it cannot carry is said, never dropped. Pure.

Above: the adapters' `encode`. Below: `channels.base`, `core.phrases`. Text leaves here as plain
characters with typed spans; how bold or a link is written, and what must be escaped, is each
channel's own.

- `markdown` reads the light Markdown that models and articles write, as data
- `splitting` cuts a long text into pieces
- `choices` turns buttons into numbered lines and reads the answers
- `fitting` puts it together: `render`
"""

from channels.rendering.choices import choose_button, number_buttons
from channels.rendering.fitting import Piece, render, write_plain
from channels.rendering.markdown import Rich, Span, SpanKind, read_markdown
from channels.rendering.splitting import split_rich, split_text

__all__ = [
    "Piece",
    "Rich",
    "Span",
    "SpanKind",
    "choose_button",
    "number_buttons",
    "read_markdown",
    "render",
    "split_rich",
    "split_text",
    "write_plain",
]
