"""How documents become passages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb.chunker import LONGEST, cut, plain, sentences
from kb.documents import Draft


def draft(text: str, *, title: str = "T", markdown: bool = True, question: str = "") -> Draft:
    """A document in English."""
    return Draft(
        id="d", source="d.md", title=title, text=text, markdown=markdown, question=question,
        language="en",
    )  # fmt: skip


def test_each_section_is_a_passage_under_its_path_of_headings() -> None:
    text = "Intro.\n\n# Setup\n\nPlug it in.\n\n## Wi-Fi\n\nChoose a network.\n\n# Care\n\nWipe it."
    assert [(piece.heading, piece.text) for piece in cut(draft(text))] == [
        ("", "Intro."), ("Setup", "Plug it in."), ("Setup › Wi-Fi", "Choose a network."),
        ("Care", "Wipe it."),
    ]  # fmt: skip


def test_a_heading_that_repeats_the_title_is_not_shown_twice() -> None:
    pieces = cut(draft("# Returns\n\nSend it back.\n\n## Refunds\n\nSoon.", title="Returns"))
    assert [piece.heading for piece in pieces] == ["", "Refunds"]


def test_a_heading_inside_a_code_block_is_text() -> None:
    (piece,) = cut(draft("```\n# not a heading\n```\nDone."))
    assert piece.text == "# not a heading\nDone."


def test_small_paragraphs_are_packed_and_long_ones_are_cut_between_sentences() -> None:
    assert len(cut(draft("One.\n\nTwo.\n\nThree."))) == 1
    pieces = cut(draft("This is a sentence of some length. " * 80))
    assert len(pieces) > 2
    assert all(piece.text.endswith("length.") for piece in pieces)


def test_plain_text_keeps_its_signs() -> None:
    text = "# 1 in sales\n\n*really* [not](a link)"
    assert cut(draft(text, markdown=False))[0].text == text


def test_markdown_becomes_what_a_customer_reads() -> None:
    marked = (
        "**Open** the _menu_ and `Settings`, see [the form](https://example.com/f)\n"
        "or [above](#x).\n![a picture](x.png)\n* one\n+ two\n"
        "<!-- hidden -->2 * 3 * 4 and snake_case_name"
    )
    assert plain(marked) == (
        "Open the menu and Settings, see the form (https://example.com/f)\nor above.\n"
        "a picture\n- one\n- two\n2 * 3 * 4 and snake_case_name"
    )


def test_sentences_end_at_full_stops_but_not_inside_numbers_or_abbreviations() -> None:
    text = "It costs 4.90 EUR e.g. for beans. Ждите два дня. ¿Seguro? Ja!\n- one\n- two"
    assert sentences(text) == [
        "It costs 4.90 EUR e.g. for beans.", "Ждите два дня.", "¿Seguro?", "Ja!", "- one", "- two",
    ]  # fmt: skip


@given(st.text(max_size=4000))
def test_no_passage_is_too_long_or_empty(text: str) -> None:
    for piece in cut(draft(text, markdown=False)):
        assert 0 < len(piece.text) <= LONGEST
        assert piece.text.strip()


@given(st.text(alphabet="ab .\n#*_`[]()!-1", max_size=400))
def test_any_markdown_can_be_cut(text: str) -> None:
    assert all(piece.text.strip() for piece in cut(draft(text)))
