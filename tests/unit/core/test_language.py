"""Language of a message, and what happens when it does not tell."""

from __future__ import annotations

import pytest

from core.language import LanguageDetector

DETECTOR = LanguageDetector()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my order AB-123?", "en"),
        ("Kde je můj balík?", "cs"),
        ("nemuzu se prihlasit do uctu", "cs"),
        ("Где мой заказ?", "ru"),
        ("Wie lange dauert der Versand?", "de"),
        ("ich will mein geld zurueck", "de"),
        ("¿Cuánto cuesta?", "es"),
        ("Hallo", "de"),
        ("ahoj", "cs"),
        ("hola", "es"),
        ("danke!", "de"),
        ("Hello", "en"),
        ("kdy mi to prijde", "cs"),
        ("karta u vas neprosla", "cs"),
        ("passwort vergessen", "de"),
        ("do you sell gift cards", "en"),
        ("cuando vais a traer mas", "es"),
    ],
)
def test_the_five_languages_are_told_apart(text: str, language: str) -> None:
    assert DETECTOR.detect(text).language == language


@pytest.mark.parametrize("text", ["", "12345", "🙂🙂", "AB-1234-99", "ok", "https://a.example/b"])
def test_what_tells_nothing_keeps_the_last_language(text: str) -> None:
    assert DETECTOR.detect(text).language is None
    assert DETECTOR.choose(text, last="cs") == "cs"
    assert DETECTOR.choose(text) == "en"


def test_only_configured_languages_are_found() -> None:
    assert LanguageDetector(("en", "de"), "de").choose("Kde je můj balík, prosím vás?") == "de"


def test_a_long_or_odd_text_is_no_trouble() -> None:
    assert DETECTOR.detect("Where is my order? " * 5000).language == "en"
    assert DETECTOR.detect("line one\nline two is here\n").language == "en"
