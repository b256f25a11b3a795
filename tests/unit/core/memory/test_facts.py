from __future__ import annotations

import time

import pytest

from core.memory.recall import recall_block, recall_fact, recall_facts
from core.memory.state import MemoryState
from core.memory.update import read_entries, remember
from core.specialists.tools.base import NewFact
from tests.unit.core.memory.long_talks import entry


def told(*texts: str, language: str = "en") -> MemoryState:
    memory = MemoryState()
    for number, text in enumerate(texts):
        memory = read_entries(memory, [entry(2 * number + 1, "customer", text)], language)
    return memory


def test_a_fact_knows_where_it_comes_from() -> None:
    fact = recall_fact(told("Hello", "My order number is SB-1042."), "order")
    assert fact is not None
    assert (fact.value, fact.seq, fact.by, fact.language) == ("SB-1042", 3, "customer", "en")
    assert fact.at.startswith("2026-03-02T09:03")


@pytest.mark.parametrize(
    ("said", "new", "old"),
    [
        (("My order number is 5521", "No wait, it's 5512"), "5512", "5521"),
        (("Objednávka 4711", "Spletl jsem se, objednávka je 4712"), "4712", "4711"),
        (("Мой заказ 55671", "нет, на самом деле 55672"), "55672", "55671"),
        (("Bestellung 7712", "Es ist doch nicht 7712, sondern 7713"), "7713", "7712"),
        (("Mi pedido es 77881", "no, en realidad es 77882"), "77882", "77881"),
        (("My dog is called Biscuit", "Actually my dog is called Bandit"), "Bandit", "Biscuit"),
    ],
)
def test_a_correction_makes_the_older_fact_untrue(
    said: tuple[str, ...], new: str, old: str
) -> None:
    memory = told(*said)
    by_value = {fact.value: fact for fact in memory.facts}
    assert by_value[new].holds
    assert by_value[old].superseded_by == by_value[new].seq
    assert old not in recall_block(memory)


@pytest.mark.parametrize(
    "text",
    [
        "my card number is 4111 1111 1111 1111", "My password is hunter2", "heslo je tajne123",
        "Мой пароль: qwerty77", "Mein Passwort ist geheim9", "mi contraseña es sol2024",
        "IBAN: DE89 3704 0044 0532 0130 00", "my PIN is 4821",
    ],
)  # fmt: skip
def test_secrets_never_become_facts(text: str) -> None:
    memory = told(text)
    noted = remember(
        memory, seq=1, at=entry(1, "customer", "").at, language="en",
        noted=[NewFact(key=text.split(" is ")[0], value=text)],
    )  # fmt: skip
    shown = noted.model_dump_json()
    assert not any(word in shown for word in ("4111", "hunter2", "tajne", "qwerty", "geheim9"))
    assert not any(word in shown for word in ("sol2024", "3704", "4821"))


@pytest.mark.parametrize(
    "text",
    [
        "My order is late and I am angry", "No, it is still not working",
        "Actually it's fine now, thanks", "Ich habe eine Frage zu meiner Rechnung",
        "У меня не работает интернет", "Mi pedido no ha llegado", "I'm Very Disappointed with you",
    ],
)  # fmt: skip
def test_complaints_are_no_facts_and_change_none(text: str) -> None:
    memory = told("My name is Jana Novak", text)
    assert [fact.value for fact in memory.facts if fact.holds] == ["Jana Novak"]


def test_orders_stand_side_by_side() -> None:
    memory = told("I have order 55123", "and there is order 55124 too")
    assert [fact.value for fact in recall_facts(memory, "order")] == ["55124", "55123"]


def test_what_a_specialist_had_remembered_is_a_fact_of_theirs() -> None:
    memory = remember(
        told("It is a washing machine"), seq=1, at=entry(1, "customer", "").at, language="en",
        noted=[NewFact(key="machine", value="washing machine")],
    )  # fmt: skip
    fact = recall_fact(memory, "other", "machine")
    assert fact is not None and fact.by == "specialist"


def test_reading_the_same_entries_again_changes_nothing() -> None:
    entries = [entry(1, "customer", "My name is Jana Novak"), entry(2, "ai", "Hello.")]
    once = read_entries(MemoryState(), entries, "en")
    assert read_entries(once, entries, "en") == once


@pytest.mark.parametrize(
    "piece", ["my a ", "order ", "1 ", "not a ", "is ", "no, ", "a@", "((", "я "]
)
def test_a_hostile_message_does_not_hold_up_a_worker(piece: str) -> None:
    began = time.process_time()
    told("my name is Jana Novak", piece * (4000 // len(piece)))
    assert time.process_time() - began < 0.5
