"""A story is read as it is written; what is wrong in it is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.rehearsal.playing import Slip, pass_hat, slips
from core.rehearsal.script import FAULTS, Move
from core.rehearsal.story import read_move, read_stories

GOOD = """\
- story: two turns
  language: cs
  contact: {id: c-1, level: 2}
  turns:
    - customer: ["Dobrý den.", "Kde je balík?"]
      model:
        - call: {get_orders: {}}
        - say: Na cestě.
      expect: {tools: get_orders, reply_contains: cestě, escalates: false}
    - press: Ano
  end_state: {owner: ai, orders: {A-1: shipped}}
"""


def write(folder: Path, text: str) -> Path:
    """A file of stories."""
    path = folder / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_story_is_read_as_it_is_written(tmp_path: Path) -> None:
    (story,) = read_stories([write(tmp_path, GOOD)])
    first, second = story.turns
    assert first.customer == ("Dobrý den.", "Kde je balík?")
    assert [read_move(move) for move in first.model] == [
        Move(calls=(("get_orders", "{}"),)), Move(text="Na cestě."),
    ]  # fmt: skip
    assert first.expect.tools == ("get_orders",)
    assert (second.press, story.end_state.orders) == ("Ano", {"A-1": "shipped"})
    assert (story.source, story.has_script) == (f"{tmp_path / 'a.yaml'}:1", True)


def test_a_folder_and_a_mapping_of_stories_are_read_too(tmp_path: Path) -> None:
    write(tmp_path, "stories:\n" + GOOD.replace("\n", "\n  ").replace("- story", "  - story", 1))
    assert [story.story for story in read_stories([tmp_path])] == ["two turns"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("press: Ano", "presses: Ano"), "a.yaml:10: turns.1.presses:"),
        (GOOD.replace("press: Ano", "expect: {}"), "a.yaml:10: turns.1: a step is one of"),
        (GOOD.replace("- say: Na cestě.", "- speak: x"), "a.yaml:5: turns.0: a move is a text"),
        (GOOD.replace("level: 2", "level: 9"), "a.yaml:3: contact.level:"),
        (GOOD.replace("{owner: ai,", "{owner: nobody else,"), "a.yaml:11: end_state.owner:"),
        (GOOD.replace('["Dobrý den.",', '["Dobrý den."'), "a.yaml:"),
        ("a: 1", "a.yaml:1: a list of stories is wanted"),
        ("[]", "there are no stories"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_stories([write(tmp_path, text)])
    assert said in str(caught.value)


def test_all_faults_of_all_stories_are_named_at_once(tmp_path: Path) -> None:
    both = GOOD.replace("level: 2", "level: 9") + GOOD.replace("press: Ano", "press: [1]")
    with pytest.raises(ConfigError) as caught:
        read_stories([write(tmp_path, both)])
    assert len(str(caught.value).splitlines()) == 2


def test_a_fault_strikes_every_call_or_one_by_the_seed(tmp_path: Path) -> None:
    (story,) = read_stories([write(tmp_path, GOOD)])
    assert slips(story, ["empty"]) == [Slip("empty", 0, 0), Slip("empty", 0, 1)]
    assert len(slips(story, ["empty"], seed=3)) == 1
    assert len(slips(story, ["dead"], seed=3)) == 2
    assert slips(story, ["empty"], seed=3) == slips(story, ["empty"], seed=3)
    places = {slips(story, ["empty"], seed=seed)[0].at for seed in range(20)}
    assert places == {0, 1}


def test_a_model_that_loops_stops_only_when_its_tools_are_taken() -> None:
    loop = FAULTS["endless_loop"]
    assert loop.strikes(7, 0, ["search_knowledge"])
    assert not loop.strikes(7, 0, [])


def test_pass_hat_is_the_chance_that_all_of_k_pass() -> None:
    assert pass_hat([[True] * 4, [True] * 4], 4) == 1.0
    assert pass_hat([[True, True, False, False]], 1) == 0.5
    assert pass_hat([[True, True, False, False]], 2) == pytest.approx(1 / 6)
    assert pass_hat([[True, False, False, False]], 4) == 0.0
