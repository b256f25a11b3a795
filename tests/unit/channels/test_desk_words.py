"""What a line of a person is meant as, by what stands before it."""

from __future__ import annotations

import pytest

from channels.desk_words import Words, read_words


@pytest.mark.parametrize(
    "line",
    [
        "note: call him", "NOTE : call him", "*note:* call him", "**Note**: call him",
        "_internal:_ call him", "> note: call him", "`note`: call him", "nota: call him",
        "Notiz: call him", "intern: call him", "poznámka: call him", "Pozn\u00e1mka: call him",
        "пометка: call him", "ЗАМЕТКА: call him", "note：call him", "\n note: call him \n",
    ],
)  # fmt: skip
def test_a_note_is_a_note_however_it_is_written(line: str) -> None:
    words = read_words(line)
    assert words == Words("call him", "note")
    assert words.kind(all_notes=False) == "note"


@pytest.mark.parametrize(
    "line", ["reply: yes", "Ответить: yes", "antworten: yes", "Odeslat: yes", "*Enviar*: yes"]
)
def test_a_reply_in_a_case_of_notes_is_a_reply(line: str) -> None:
    assert read_words(line).kind(all_notes=True) == "message"
    assert read_words(line).text == "yes"


@pytest.mark.parametrize(
    "line",
    [
        "notes: two",
        "Please note: it is late",
        "annotate: x",
        "note that it is late",
        "11:30",
        "Antwort: ja",
    ],
)
def test_what_only_looks_like_it_is_as_the_case_has_it(line: str) -> None:
    words = read_words(line)
    assert words == Words(line)
    assert (words.kind(all_notes=False), words.kind(all_notes=True)) == ("message", "note")
