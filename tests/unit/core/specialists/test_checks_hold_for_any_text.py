"""What stands in the evidence may be said again, whatever it is and however it is cut."""

from __future__ import annotations

import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.specialists.checks import Evidence
from core.specialists.checks.figures import find_figures
from core.specialists.checks.folding import fold
from core.specialists.gate import SentenceGate
from core.specialists.sentences import sentence_ends, split_sentences

AMOUNTS = st.decimals(0, 99999, places=2).map(str)
UNITS = st.sampled_from(
    ["€", " EUR", " Kč", " $", " рублей", " %", " days", " dnů", " Tage", " дней", " días", ""]
)
DATES = st.dates().map(str) | st.dates().map(lambda day: f"{day.day}. {day.month}. {day.year}")
HOSTS = st.text(string.ascii_lowercase, min_size=2, max_size=9)
LINKS = HOSTS.map(lambda host: f"https://{host}.example/a/{host}") | HOSTS.map(
    lambda host: f"{host}@mail.example"
)
_WORDS = "you can pay within on see write the order costs do od лишь за bis nach hasta el and"
WORDS = st.sampled_from(_WORDS.split())
PIECES = st.one_of(
    st.tuples(AMOUNTS, UNITS).map("".join), DATES, LINKS, WORDS, st.integers(0, 10**6).map(str)
)
SENTENCES = st.lists(PIECES, min_size=1, max_size=8).map(" ".join)
ANY = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=200)


@given(st.lists(SENTENCES, min_size=1, max_size=5), st.data())
@settings(max_examples=150, deadline=None)
def test_a_text_made_of_sentences_of_the_evidence_passes(
    sentences: list[str], data: st.DataObject
) -> None:
    evidence = Evidence(sentences)
    for sentence in data.draw(st.permutations(sentences)):
        assert evidence.invented_numbers(sentence) == []
        assert evidence.invented_links(sentence) == []
        assert evidence.invented_dates(sentence) == []


@given(ANY)
@example("vierzehntägig 14denní 2 let 1.2.3 @a @abcd 12. 5. 7:30 ½ ٣ ²")
@settings(max_examples=200, deadline=None)
def test_any_text_may_be_said_again_and_breaks_nothing(text: str) -> None:
    evidence = Evidence([text])
    assert evidence.invented_numbers(text) == []
    assert evidence.invented_links(text) == []
    assert evidence.invented_dates(text) == []
    evidence.invented_names(text, "en")


@given(ANY)
@settings(max_examples=200, deadline=None)
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(ANY)
@settings(max_examples=200, deadline=None)
def test_sentences_add_up_to_the_text(text: str) -> None:
    assert "".join(split_sentences(text)) == text
    assert all(0 < end <= len(text) for end in sentence_ends(text))


@given(st.lists(SENTENCES, min_size=1, max_size=4).map(". ".join), st.data())
@settings(max_examples=100, deadline=None)
def test_a_figure_is_never_checked_in_two_halves(text: str, data: st.DataObject) -> None:
    checked: list[str] = []

    def note(sentence: str, before: str) -> None:
        checked.append(sentence)

    gate = SentenceGate(note)
    rest = text
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        gate.feed(rest[:size])
        rest = rest[size:]
    gate.finish()
    whole = [word for sentence in split_sentences(text.strip()) for word in sentence.split()]
    assert [word for sentence in checked for word in sentence.split()] == whole
    figures = {figure.text for sentence in checked for figure in find_figures(sentence)}
    assert all(figure in text for figure in figures)
