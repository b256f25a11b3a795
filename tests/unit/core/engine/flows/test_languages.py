"""Every flow in every language, from the first message to the end."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.unit.core.engine.flows.conftest import ANNAS_MAIL, Desk, OpenDesk

WORDS = tomllib.loads((Path(__file__).parent / "conversations.toml").read_text(encoding="utf-8"))
LANGUAGES = ("en", "cs", "cs_bare", "ru", "de", "es")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def words(language: str) -> dict[str, str]:
    return WORDS[language]


@pytest.fixture
def talk(desk: OpenDesk, language: str) -> Desk:
    return desk(language[:2])


async def test_the_status_of_ones_own_order(talk: Desk, words: dict[str, str]) -> None:
    assert await talk.say(words["status"]) == talk.said("flow_choose_order")
    said = await talk.say("A-1043")
    assert said.startswith(talk.said("status_shipped", order="A-1043"))
    assert "2026" in said and "https://track.example.com/SP1" in said
    assert talk.talk.head.language == words["language"]


async def test_the_status_without_being_identified(
    desk: OpenDesk, words: dict[str, str], language: str
) -> None:
    talk = desk(language[:2], contact=None, level=0)
    assert await talk.say(words["status"]) == talk.said("flow_ask_both")
    assert await talk.say(words["number"]) == talk.said("flow_ask_email", order="A-1043")
    assert await talk.say("someone@else.example") == talk.said("flow_no_match")
    said = await talk.say(f"{words['sorry']}, {ANNAS_MAIL}")
    assert said.startswith(talk.said("status_shipped", order="A-1043"))


async def test_an_order_is_cancelled(talk: Desk, words: dict[str, str]) -> None:
    question = talk.said("confirm_cancel_order", order="A-1042")
    assert await talk.say(words["cancel"]) == question
    assert await talk.say(words["yes"]) == talk.said("done_cancel_order", order="A-1042")
    assert talk.company.written == [("cancel_order", "A-1042")]


async def test_an_address_is_changed_after_a_correction(talk: Desk, words: dict[str, str]) -> None:
    assert await talk.say(words["address"]) == talk.said("flow_ask_address", order="A-1042")
    await talk.say(words["street"])
    await talk.say(f"{words['sorry']}, {words['other_street']}")
    said = await talk.say(words["yes"])
    assert said == talk.said("done_change_address", order="A-1042", address=words["other_street"])
    assert talk.company.find("A-1042").address == words["other_street"]


async def test_money_is_asked_back(talk: Desk, words: dict[str, str]) -> None:
    assert await talk.say(words["refund"]) == talk.said("flow_ask_reason", order="A-1042")
    assert "60" in await talk.say(words["reason"])
    said = await talk.press(talk.said("confirm_yes"))
    assert "RF-1" in said and talk.company.written == [("request_refund", "A-1042")]


async def test_above_the_limit_a_person_decides(talk: Desk, words: dict[str, str]) -> None:
    await talk.say(words["refund"].replace("A-1042", "A-1044"))
    await talk.say(words["reason"])
    assert "AP-1" in await talk.say(words["yes"])


async def test_a_question_between_does_not_end_it(talk: Desk, words: dict[str, str]) -> None:
    question = await talk.say(words["refund"])
    said = await talk.say(words["how_long"])
    assert said == f"{words['language']}: within 5 days.\n\n{question}"
    assert "60" in await talk.say(words["reason"])


async def test_it_can_be_left_at_every_point(talk: Desk, words: dict[str, str]) -> None:
    for begin in ("refund", "address", "cancel"):
        await talk.say(words[begin])
        assert await talk.say(words["leave"]) == talk.said("act_dropped"), begin
        await talk.say(words["yes"])
    assert talk.company.written == []


async def test_a_no_changes_nothing(talk: Desk, words: dict[str, str]) -> None:
    await talk.say(words["cancel"])
    assert await talk.say(words["no"]) == talk.said("act_dropped")
    assert talk.company.written == []


async def test_a_wrong_number_is_corrected(talk: Desk, words: dict[str, str]) -> None:
    said = await talk.say(words["cancel"].replace("A-1042", "B-2001"))
    assert said == talk.said("flow_not_found", order="B-2001")
    said = await talk.say(f"{words['sorry']}, A-1042")
    assert said == talk.said("confirm_cancel_order", order="A-1042")


async def test_a_correction_of_the_number_at_the_question(
    talk: Desk, words: dict[str, str]
) -> None:
    await talk.say(words["refund"])
    await talk.say(words["reason"])
    said = await talk.say(f"{words['no']}, 1044")
    assert "A-1044" in said and "250" in said


async def test_a_system_that_is_down_is_owned_up_to(talk: Desk, words: dict[str, str]) -> None:
    talk.company.broken = True
    said = await talk.say(words["cancel"])
    assert said.startswith(talk.said("flow_down")) and talk.said("human_button") in talk.buttons
