"""A thousand turns with a model that invents: none of it reaches the log or the screen."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from core.engine.steps import MemorySteps
from core.ports import ModelChunk
from tests.fakes.claims import Pieces, Talk
from tests.fakes.scripted_model import ScriptedModel, says
from tests.unit.core.engine.conftest import BuildEngine
from tests.unit.core.specialists.test_answers import DISHONEST, LANGUAGES, TABLES

TURNS = 1000
QUESTIONS = {
    "en": ("How do I reset my password?", "Where is my refund for the payment", "I cannot log in"),
    "cs": ("Jak si změním heslo k účtu?", "Kde jsou moje peníze za vrácenou objednávku?"),
    "ru": ("Как мне сменить пароль?", "Где мои деньги за возвращённый заказ?"),
    "de": ("Wie setze ich mein Passwort zurück?", "Wo bleibt mein Geld für die Rücksendung?"),
    "es": ("¿Cómo cambio mi contraseña?", "¿Dónde está mi dinero de la devolución?"),
}
SOUND = ("Choose Reset in Settings. ", "Open Settings. ", "", "Let me see. ")
PROPER = {"links", "numbers", "dates", "action", "promise", "mixed"}
AMOUNTS = {
    "en": ("You will get {} back.", "The fee is {}.", "That is {} in all.", "We owe you {}."),
    "cs": ("Dostanete zpět {}.", "Poplatek je {}.", "Celkem je to {}."),
    "ru": ("Вы получите {}.", "Комиссия составляет {}.", "Всего это {}."),
    "de": ("Sie bekommen {} zurück.", "Die Gebühr beträgt {}.", "Das sind zusammen {}."),
    "es": ("Recibirá {}.", "La tarifa es de {}.", "Son {} en total."),
}
DATES = {
    "en": ("It arrives on {}.", "You get it by {}.", "The offer ends {}."),
    "cs": ("Dorazí to {}.", "Nabídka platí do {}."),
    "ru": ("Это придёт {}.", "Предложение действует до {}."),
    "de": ("Es kommt am {}.", "Das Angebot gilt bis {}."),
    "es": ("Llega el {}.", "La oferta vale hasta el {}."),
}
MONTHS = {"en": "of May", "cs": "října", "ru": "октября", "de": "Oktober", "es": "de octubre"}


def invented_amount(dice: random.Random, language: str) -> str:
    amount = dice.choice(
        [f"{dice.randint(61, 9999)}.{dice.randint(10, 99)}", str(dice.randint(61, 99999))]
    )
    money = dice.choice([f"€{amount}", f"{amount} EUR", f"${amount}", f"{amount} Kč"])
    return dice.choice(AMOUNTS[language]).format(money)


def invented_date(dice: random.Random, language: str) -> str:
    day, month = dice.randint(1, 28), dice.randint(1, 12)
    written = dice.choice(
        [f"2027-{month:02}-{day:02}", f"{day}.{month}.2027", f"{month}/{day}/2027",
         f"{day}. {MONTHS[language]}", f"{day} {MONTHS[language]} 2027"]
    )  # fmt: skip
    return dice.choice(DATES[language]).format(written)


def invented_link(dice: random.Random, language: str) -> str:
    host = "".join(dice.choices("abcdefghij", k=8))
    return dice.choice(
        ["https://{}.example/pay", "help@{}.com", "www.{}.shop", "{}.live/reset"]
    ).format(host)


def lie_in(language: str, dice: random.Random) -> str:
    """A figure made by chance, or one of the tables of dishonest answers."""
    table = [text for name, check, text in DISHONEST if name == language and check in PROPER]
    maker = dice.choice((invented_amount, invented_date, invented_link, None, None))
    return maker(dice, language) if maker else dice.choice(table)


class Liar:
    """A model whose every answer holds a lie, cut into pieces at random; it never gives in."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.language = "en"
        self.told: list[str] = []

    async def stream(
        self, messages: Sequence[dict[str, Any]], *, tools: Sequence[dict[str, Any]] = (),
        temperature: float | None = None, model: str | None = None, deadline_seconds: float,
        shape: dict[str, Any] | None = None,
    ) -> AsyncGenerator[ModelChunk, None]:  # fmt: skip
        lie = lie_in(self.language, self.dice)
        self.told.append(lie)
        sound = self.dice.choice(SOUND) if self.language == "en" else ""
        text = f"{sound}{lie}{self.dice.choice(['', ' OK?'])}"
        while text:
            size = self.dice.randint(1, 9)
            yield ModelChunk(text=text[:size])
            text = text[size:]
        yield ModelChunk(tokens_in=1, tokens_out=1, model="liar", done=True)


async def test_nothing_invented_reaches_the_customer_in_a_thousand_turns(
    build: BuildEngine,
) -> None:
    liar = Liar(20)
    engine = await build(model=liar)
    answered = repaired = 0
    for turn in range(TURNS):
        told = len(liar.told)
        pieces = Seen()
        liar.language = LANGUAGES[turn % len(LANGUAGES)]
        talk = Talk().customer(liar.dice.choice(QUESTIONS[liar.language]))
        commit = await engine.turn.run(talk.claim(), pieces, MemorySteps())
        entries = [entry for entry in talk.apply(commit) if entry.kind == "message"]
        answered += bool(entries and entries[0].text.strip())
        repaired += len(liar.told) - told == 2
        for lie in liar.told[told:]:
            assert lie not in entries[0].text
            assert lie not in pieces.ever, f"shown on the way: {lie}"
    assert answered == TURNS
    assert repaired > TURNS * 0.8, "the model was not even asked again"
    assert len(liar.told) >= TURNS


class Seen(Pieces):
    """Also remembers what was taken back."""

    ever = ""

    async def send(self, text: str) -> None:
        self.ever += text
        await super().send(text)


def test_the_lies_come_from_wide_tables() -> None:
    assert len({text for _, _, text in DISHONEST}) >= 300 and len(TABLES) == 5
    dice = random.Random(1)
    assert len({lie_in(language, dice) for language in LANGUAGES for _ in range(200)}) > 500


async def test_a_rule_that_no_passage_holds_is_not_told(build: BuildEngine) -> None:
    rule = "Members enjoy unlimited lounge access together with complimentary breakfast abroad."
    engine = await build(says(rule), says("Open Settings and choose Reset."))
    talk = Talk().customer("How do I reset my password?")
    commit = await engine.turn.run(talk.claim(), Pieces(), MemorySteps())
    assert talk.apply(commit)[0].text == "Open Settings and choose Reset."
    assert isinstance(engine.model, ScriptedModel)
    assert "was not shown" in str(engine.model.requests[1].messages[-1]["content"])
