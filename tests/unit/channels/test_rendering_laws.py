"""What holds for any text: nothing lost, limits held, no visible character or link torn."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Capabilities
from channels.rendering import Rich, Span, read_markdown, render, split_rich, write_plain
from channels.rendering.splitting import Units, length_in
from core.errors import UnsupportedContent
from core.ids import EntryId
from core.messages import Attachment, Author, Button, Buttons, Citation, Entry

WORD = st.text(alphabet="abcdefghžščяжñü0123456789", min_size=1, max_size=9)
FAMILY = "👩‍👩‍👧‍👦"
GRAPHEME = st.sampled_from(["a", "🇨🇿", FAMILY, "👍🏽", "é", "क्षि", "❤️", "ž"])


SHAPES = (
    "{}",
    "**{}**",
    "*{}*",
    "_{}_",
    "`{}`",
    "`{} && b c`",
    "[{} and more. of it](https://x.example/{})",
    "[{}](https://x.example/{})",
    "https://x.example/{}",
    "\n- {}\n",
    "\n1. {}\n",
    "\n# {}\n",
    "\n```py\n{}\n```\n",
    "\n| {} | b |\n|---|---|\n| c | d |\n",
    "**a [{}](https://y.example) *b***",
    "\n\n{}.",
    "{} {}",
)


@st.composite
def marked(draw: st.DrawFn) -> str:
    """A word in any of the marks that models write."""
    return draw(st.sampled_from(SHAPES)).replace("{}", draw(WORD))


MARKDOWN = st.lists(marked(), min_size=1, max_size=25).map(" ".join)
ANYTHING = st.one_of(
    st.text(alphabet="😀a 🎉.\n*", max_size=200),
    st.text(max_size=300),
    MARKDOWN,
    st.text(alphabet="*_`[]()#-\n ab1.\\<>|", max_size=200),
)
UNITS = st.sampled_from(["characters", "utf16"])


def words(text: str) -> list[str]:
    return re.findall(r"\w", text)


def bare(text: str) -> str:
    return "".join(text.split())


@given(MARKDOWN)
def test_reading_marks_loses_no_letter_of_a_text_or_an_address(text: str) -> None:
    rich = read_markdown(text)
    left = words(rich.text) + [
        c for s in rich.spans for c in words(f"{s.url or ''}{s.language or ''}")
    ]
    for char in set(words(text.replace("_", " "))):
        assert left.count(char) >= words(text).count(char) or char in "py"


@given(ANYTHING)
def test_spans_lie_within_the_text_and_inside_one_another(text: str) -> None:
    rich = read_markdown(text)
    for span in rich.spans:
        assert 0 <= span.start < span.end <= len(rich.text)
    for one in rich.spans:
        for two in rich.spans:
            assert not one.start < two.start < one.end < two.end


@given(ANYTHING, st.integers(min_value=2, max_value=60), UNITS)
def test_pieces_hold_the_limit_and_lose_only_white_space(
    text: str, most: int, units: Units
) -> None:
    rich = read_markdown(text)
    pieces = split_rich(rich, most, units)
    assert all(0 < length_in(piece.text, units) <= most for piece in pieces)
    assert bare("".join(piece.text for piece in pieces)) == bare(rich.text)


@given(MARKDOWN, st.integers(min_value=25, max_value=80))
def test_every_piece_has_its_part_of_every_span(text: str, most: int) -> None:
    rich = read_markdown(text)
    pieces = split_rich(rich, most)
    for kind in ("bold", "code", "pre", "link", "item", "italic"):
        before = bare("".join(rich.text[s.start : s.end] for s in rich.spans if s.kind == kind))
        after = bare(
            "".join(p.text[s.start : s.end] for p in pieces for s in p.spans if s.kind == kind)
        )
        assert after == before


@given(MARKDOWN, st.integers(min_value=40, max_value=90), UNITS)
def test_a_link_or_a_code_that_fits_is_not_torn(text: str, most: int, units: Units) -> None:
    rich = read_markdown(text)
    whole = [rich.text[s.start : s.end] for s in rich.spans if s.kind in {"link", "code"}]
    pieces = split_rich(rich, most, units)
    found = [p.text[s.start : s.end] for p in pieces for s in p.spans if s.kind in {"link", "code"}]
    assert all(one in found for one in whole if length_in(one, units) <= most)


@given(st.lists(GRAPHEME, min_size=1, max_size=60), st.integers(min_value=24, max_value=50), UNITS)
def test_no_visible_character_is_torn(graphemes: list[str], most: int, units: Units) -> None:
    pieces = split_rich(Rich("".join(graphemes)), most, units)
    at = 0
    borders = {at := at + len(one) for one in graphemes}
    cuts, upto = set[int](), 0
    for piece in pieces:
        upto += len(piece.text)
        cuts.add(upto)
    assert cuts <= borders


@given(ANYTHING)
def test_written_out_for_a_channel_without_markup_every_address_stays(text: str) -> None:
    rich = read_markdown(text)
    plain = write_plain(rich)
    assert all(
        span.url in plain or span.url.startswith(("mailto:", "tel:"))
        for span in rich.spans
        if span.url
    )


BOMBS = (
    "**a " * 4_000,
    "[" * 8_000,
    "`" * 8_000 + "a",
    "_a" * 8_000,
    "[a](" * 3_000,
    "https://" * 2_000,
    "|-" * 4_000 + "\n" + "|-" * 4_000,
    "\\" * 16_000,
)


@pytest.mark.parametrize("evil", BOMBS)
def test_reading_takes_time_in_proportion_to_the_text(evil: str) -> None:
    began = time.process_time()
    split_rich(read_markdown(evil), 4_000, "utf16")
    assert time.process_time() - began < 1.0


# ---- what a channel cannot carry ----------------------------------------------------------------

FILE = Attachment(name="scan.pdf", media_type="application/pdf", size=120_000, id="fl_1")
CITED = Citation(document="d", title="Returns", url="https://shop.example/r", span="s", score=0.9)


def entry(text: str = "", **fields: object) -> Entry:
    body = {"id": EntryId("e"), "seq": 1, "at": datetime(2026, 1, 1, tzinfo=UTC),
            "author": Author(role="ai"), "text": text}  # fmt: skip
    return Entry.model_validate({**body, **fields})


PLAIN = Capabilities(max_text=500)
RICH = Capabilities(max_text=500, markup="entities", files=True, buttons=3)


@given(
    ANYTHING,
    st.lists(WORD, max_size=5, unique=True),
    st.booleans(),
    st.sampled_from([PLAIN, RICH, Capabilities(max_text=30, units="utf16")]),
)
def test_whatever_an_entry_holds_is_shown_or_said(
    text: str, labels: list[str], with_file: bool, able: Capabilities
) -> None:
    row = (Buttons(buttons=tuple(Button(label=one, value=one) for one in labels)),)
    files = (FILE,) if with_file else ()
    made = entry(text, parts=row if labels else (), attachments=files, citations=(CITED,))
    pieces = render(made, able)
    told = "".join(piece.text for piece in pieces)
    for label in labels:
        assert label in bare(told) or any(label == b.label for p in pieces for b in p.buttons)
    assert not with_file or "scan.pdf" in bare(told) or any(p.attachment == FILE for p in pieces)
    assert "Returns" in bare(told)


def test_a_file_becomes_a_link_where_files_cannot_go_and_a_word_where_links_cannot() -> None:
    made = entry("See.", attachments=(FILE,))
    assert render(made, RICH)[1].attachment == FILE
    (piece,) = render(made, PLAIN, link=lambda file: f"https://g.example/{file.id}")
    assert piece.text == "See.\n\n📎 scan.pdf (120\u00a0kB): https://g.example/fl_1"
    (piece,) = render(made, PLAIN)
    assert piece.text.endswith("📎 scan.pdf (120\u00a0kB)")


def test_a_file_too_large_for_the_channel_is_a_link() -> None:
    able = RICH.model_copy(update={"max_file": 1_000})
    (piece,) = render(
        entry("See.", attachments=(FILE,)), able, link=lambda _: "https://g.example/f"
    )
    assert "https://g.example/f" in piece.text


def test_a_label_that_is_another_address_shows_where_it_leads() -> None:
    rich = read_markdown("[https://bank.example](https://evil.example/x)")
    assert rich.text == "https://bank.example (https://evil.example/x)"
    assert [span.url for span in rich.spans] == ["https://evil.example/x"]


@pytest.mark.parametrize(
    "text",
    ["[x](javascript:alert(1))", "[x](data:text/html,y)", "[x](https://bank.example@evil.example/)",
     "<script>alert(1)</script>", "[x](file:///etc/passwd)"],
)  # fmt: skip
def test_what_may_not_be_opened_stays_words(text: str) -> None:
    rich = read_markdown(text)
    assert rich == Rich(text)


def test_words_with_marks_in_them_stay_as_they_are() -> None:
    for text in ("2*3*4", "snake_case_name", "a ** b ** c", "5 * 6", "C:\\Users\\x", "#1 is fine"):
        assert read_markdown(text) == Rich(text)


def test_code_is_read_as_code_and_goes_on_in_the_next_piece() -> None:
    lines = "\n".join(f"    line {number}" for number in range(20))
    pieces = split_rich(read_markdown(f"Run:\n```sh\n{lines}\n```\nDone."), 120)
    blocks = [s for piece in pieces for s in piece.spans if s.kind == "pre"]
    assert len(blocks) > 1 and {span.language for span in blocks} == {"sh"}
    assert pieces[1].text.startswith("    line")


def test_a_list_hangs_and_a_heading_is_bold() -> None:
    rich = read_markdown("## Do this\n- **one**\n2. two")
    assert rich.text == "Do this\n• one\n2. two"
    assert rich.spans == (
        Span("bold", 0, 7), Span("item", 8, 13), Span("bold", 10, 13), Span("item", 14, 20),
    )  # fmt: skip


def test_only_buttons_without_a_text_are_refused_and_not_dropped() -> None:
    row = (Buttons(buttons=(Button(label="Yes", value="y"),)),)
    with pytest.raises(UnsupportedContent):
        render(entry("", parts=row), RICH)
