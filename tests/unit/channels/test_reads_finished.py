"""Whether a text reads finished decides if a turn waits for more."""

from __future__ import annotations

import pytest

from channels.ingress import reads_finished

FINISHED = [
    "Where is my order?",
    "My order has not arrived.",
    "It does not work!",
    "I would like to return the grinder I bought",
    "how do I reset my password",
    "where is it now",
    "Kde je moje objednávka?",
    "jak si změním heslo",
    "Chtěl bych vrátit mlýnek z minulého týdne",
    "Где мой заказ?",
    "как вернуть деньги",
    "Wo ist mein Paket?",
    "wie kann ich kündigen",
    "¿Dónde está mi pedido?",
    "cómo puedo cancelar",
    "Order 1234 (the second one)",
    'The page says "not available"',
    "thanks…",
    "注文はどこですか？",
    "yes!",
]

GOES_ON = [
    "",
    "   ",
    "hi",
    "hello",
    "Dobrý den",
    "Hallo",
    "привет",
    "hola",
    "my order",
    "I bought a grinder and",
    "I bought a grinder,",
    "The thing is:",
    "wait -",
    "Chtěl bych vrátit mlýnek, protože",
    "Mám problém a",
    "Ich möchte mein Paket zurückgeben, weil",
    "Я купил кофемолку и",
    "quiero devolver el molinillo porque",
    "Where is the",
]


@pytest.mark.parametrize("text", FINISHED)
def test_a_whole_thought_reads_finished(text: str) -> None:
    assert reads_finished(text)


@pytest.mark.parametrize("text", GOES_ON)
def test_a_beginning_does_not_read_finished(text: str) -> None:
    assert not reads_finished(text)
