# ruff: noqa: E501 -- tables of sentences
"""Conversations of sixty turns in five languages, with facts, corrections and small talk.

Each fact is said in one of several ways, some are corrected later, and none is said in the last
turns: what is recalled at the end has been through the summary.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.ids import EntryId
from core.memory.state import MemoryState
from core.memory.update import read_entries, remember
from core.messages import Author, Entry, Role

LANGUAGES = ("en", "cs", "ru", "de", "es")
WINDOW = 50
TURNS = 60
_BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)

SAID: dict[str, dict[str, list[str]]] = {
    "en": {
        "name": ["My name is {v}.", "Hi, I'm {v} by the way.", "You can call me {v}"],
        "email": ["My e-mail is {v}", "Please write to {v}.", "you can reach me at {v}"],
        "phone": ["My phone number is {v}", "call me on {v} please"],
        "order": ["My order number is {v}.", "It is about order {v}.", "the order no. is {v}"],
        "address": ["I live at {v}.", "My delivery address is {v}.", "Please ship it to {v}"],
        "serial": ["The serial number is {v}", "serial no. {v}"],
        "budget": ["My budget is {v}.", "our budget is {v}"],
        "plan": ["My plan is {v}.", "My plan is called {v}"],
    },
    "cs": {
        "name": ["Jmenuji se {v}.", "Mé jméno je {v}", "Dobrý den, tady {v}."],
        "email": ["Můj e-mail je {v}", "Pište mi na {v}."],
        "phone": ["Můj telefon je {v}", "Zavolejte mi na {v}."],
        "order": [
            "Číslo objednávky je {v}.",
            "Jde o objednávku {v}",
            "Moje objednavka ma cislo {v}",
        ],
        "address": ["Bydlím na adrese {v}.", "Moje adresa je {v}", "Doručte to na adresu {v}"],
        "serial": ["Sériové číslo je {v}", "výrobní číslo: {v}"],
        "budget": ["Můj rozpočet je {v}.", "muj rozpocet je {v}"],
        "plan": ["Můj tarif je {v}.", "Můj tarif je {v}"],
    },
    "ru": {
        "name": ["Меня зовут {v}.", "Здравствуйте, моё имя {v}"],
        "email": ["Моя почта {v}", "Пишите мне на {v}."],
        "phone": ["Мой телефон {v}", "Позвоните мне: {v}"],
        "order": ["Номер заказа {v}.", "Речь о заказе {v}", "Заказ № {v}"],
        "address": ["Я живу по адресу {v}.", "Мой адрес: {v}", "Доставьте по адресу {v}"],
        "serial": ["Серийный номер {v}", "серийный номер: {v}"],
        "budget": ["Мой бюджет {v}.", "Мой бюджет — {v}"],
        "plan": ["Мой тариф — {v}.", "мой тариф: {v}"],
    },
    "de": {
        "name": ["Ich heiße {v}.", "Mein Name ist {v}", "Guten Tag, hier ist {v}."],
        "email": ["Meine E-Mail ist {v}", "Schreiben Sie mir an {v}."],
        "phone": ["Meine Telefonnummer ist {v}", "Rufen Sie mich unter {v} an, Telefon ist besser"],
        "order": [
            "Meine Bestellnummer lautet {v}.",
            "Es geht um die Bestellung {v}",
            "Auftrag Nr. {v}",
        ],
        "address": ["Meine Adresse ist {v}.", "Ich wohne in der {v}", "Liefern Sie bitte an {v}"],
        "serial": ["Die Seriennummer ist {v}", "Seriennummer: {v}"],
        "budget": ["Mein Budget ist {v}.", "mein Budget sind {v}"],
        "plan": ["Mein Tarif ist {v}.", "Mein Tarif heißt {v}"],
    },
    "es": {
        "name": ["Me llamo {v}.", "Mi nombre es {v}", "Hola, soy {v}."],
        "email": ["Mi correo es {v}", "Escríbanme a {v}."],
        "phone": ["Mi teléfono es {v}", "Llámenme al {v}."],
        "order": ["Mi número de pedido es {v}.", "Se trata del pedido {v}", "pedido n.º {v}"],
        "address": ["Vivo en {v}.", "Mi dirección es {v}", "Envíenlo a {v}"],
        "serial": ["El número de serie es {v}", "número de serie: {v}"],
        "budget": ["Mi presupuesto es {v}.", "mi presupuesto son {v}"],
        "plan": ["Mi tarifa es {v}.", "Mi tarifa es {v}"],
    },
}
CORRECTED: dict[str, list[str]] = {
    "en": ["Sorry, it is {v}, not {o}.", "Actually it is {v}.", "It's not {o} but {v}", "I meant {v}"],
    "cs": ["Pardon, je to {v}, ne {o}.", "Vlastně je to {v}.", "Není to {o}, ale {v}", "ne, je to {v}"],
    "ru": ["Нет, на самом деле {v}.", "Не {o}, а {v}", "Точнее, {v}", "Извините, правильно {v}, а не {o}"],
    "de": [
        "Nein, es ist {v}.", "Es ist doch nicht {o}, sondern {v}.", "Korrektur: {v}", "Ich meinte {v}",
    ],
    "es": ["No, en realidad es {v}.", "No es {o} sino {v}", "Mejor dicho, {v}", "Perdón, es {v}, no {o}."],
}  # fmt: skip
SMALL: dict[str, list[str]] = {
    "en": ["Thanks!", "How long does it usually take?", "OK, I see.", "My order is late.", "Hm."],
    "cs": ["Díky!", "Jak dlouho to obvykle trvá?", "Dobře, rozumím.", "Ještě nic nepřišlo.", "Hm."],
    "ru": ["Спасибо!", "Сколько это обычно занимает?", "Понятно.", "Пока ничего не пришло.", "Хм."],
    "de": [
        "Danke!",
        "Wie lange dauert das normalerweise?",
        "Alles klar.",
        "Es kam noch nichts.",
        "Hm.",
    ],
    "es": [
        "¡Gracias!",
        "¿Cuánto suele tardar?",
        "Vale, entiendo.",
        "Todavía no ha llegado nada.",
        "Hm.",
    ],
}
NAMES = {
    "en": ["Alice Morgan", "Tom Hardwick"], "cs": ["Jana Dvořáková", "Petr Malý"],
    "ru": ["Анна Петрова", "Игорь Соколов"], "de": ["Karl Meier", "Julia Schäfer"],
    "es": ["Lucía Gómez", "Pablo Ortega"],
}  # fmt: skip
STREETS = {
    "en": ["Baker Street", "Mill Lane"], "cs": ["Dlouhá", "Krátká"],
    "ru": ["улица Ленина", "улица Мира"], "de": ["Gartenstraße", "Hauptstraße"],
    "es": ["Calle Mayor", "Calle Luna"],
}  # fmt: skip
PLANS = ["Premium", "Basic", "Family", "Studio"]


@dataclass
class Talk:
    """What was said, what holds at the end, and what does not."""

    language: str
    messages: list[str]
    current: dict[str, str]
    stale: list[str]


def make_talk(language: str, seed: int) -> Talk:
    """Facts in the first forty turns, each corrected with a chance of one half a turn later."""
    rng = random.Random(f"{language}-{seed}")
    said = SAID[language]
    talk = Talk(language, [], {}, [])
    kinds = list(said)
    rng.shuffle(kinds)
    for kind in kinds:
        talk.messages += [rng.choice(SMALL[language]) for _ in range(rng.randint(1, 3))]
        value = make_value(kind, language, rng)
        talk.messages.append(rng.choice(said[kind]).format(v=value))
        if rng.random() < 0.5:
            old, value = value, make_value(kind, language, rng, other_than=value)
            template = rng.choice(CORRECTED[language])
            talk.messages.append(template.format(v=value, o=old))
            talk.stale.append(old)
        talk.current[kind] = value
    while len(talk.messages) < TURNS:
        talk.messages.append(rng.choice(SMALL[language]))
    return talk


def make_value(kind: str, language: str, rng: random.Random, *, other_than: str = "") -> str:
    """A value of this kind, another than the one given."""
    while True:
        value = _value(kind, language, rng)
        if value != other_than:
            return value


def _value(kind: str, language: str, rng: random.Random) -> str:
    match kind:
        case "name":
            return rng.choice(NAMES[language])
        case "email":
            return f"{rng.choice(['anna', 'p.novak', 'kunde77', 'me'])}@{rng.choice(['mail', 'post'])}.example"
        case "phone":
            return f"+{rng.randint(30, 49)} {rng.randint(600, 799)} {rng.randint(100, 999)} {rng.randint(100, 999)}"
        case "order":
            return f"{rng.choice(['SB-', 'A', '', '20-'])}{rng.randint(10_000, 99_999)}"
        case "serial":
            return (
                f"{rng.choice(['ZX', 'QR', 'K'])}-{rng.randint(1000, 9999)}-{rng.randint(10, 99)}"
            )
        case "address":
            return f"{rng.choice(STREETS[language])} {rng.randint(1, 99)}"
        case "budget":
            return f"{rng.randint(2, 90) * 50} euro"
        case _:
            return rng.choice(PLANS)


def entry(seq: int, role: Role, text: str, language: str | None = None) -> Entry:
    """One message of a conversation."""
    return Entry(
        id=EntryId(f"e{seq}"), seq=seq, at=_BEGAN + timedelta(minutes=seq), text=text, language=language,
        author=Author(role=role),
    )  # fmt: skip


def remember_all(talk: Talk, answer: str = "…") -> tuple[MemoryState, list[Entry]]:
    """The memory behind the last turn; each turn sees the window it would see."""
    memory, entries = MemoryState(), list[Entry]()
    for text in talk.messages:
        history = entries[-WINDOW:]
        asked = entry(len(entries) + 1, "customer", text)
        memory = read_entries(memory, (*history, asked), talk.language)
        memory = remember(memory, seq=asked.seq, at=asked.at, language=talk.language)
        entries += [asked, entry(asked.seq + 1, "ai", answer)]
    return memory, entries
