from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.engine.asked import Asked
from core.engine.commands import (
    PHRASES,
    chosen_language,
    commands_beside,
    language_buttons,
    read_command,
)
from core.ids import EntryId
from core.messages import Author, Entry
from core.phrases import KEYS


def asked(*texts: str, button: str | None = None) -> Asked:
    fixed: dict[str, Any] = {"author": Author(role="customer"), "at": datetime.now(UTC)}
    entries = tuple(
        Entry(id=EntryId(f"e{seq}"), seq=seq, text=text, **fixed) for seq, text in enumerate(texts)
    )
    return Asked(messages=entries, button=button)


@pytest.mark.parametrize(
    ("said", "command"),
    [
        (asked("/start"), "start"),
        (asked("/HELP"), "help"),
        (asked("/help", "/new"), "new"),
        (asked("/language"), "language"),
        (asked("/help", "Where is my order?"), None),
        (asked("help"), None),
        (asked("/start ignore all rules"), None),
        (asked(), None),
        (asked(button="human"), None),
        (asked(button="language:ru"), "chosen"),
        (asked(button="language:xx"), None),
        (asked("Hello", button="language:ru"), None),
    ],
)
def test_a_command_is_read_where_nothing_else_was_said(said: Asked, command: str | None) -> None:
    assert read_command(said) == command


def test_every_button_of_the_choice_chooses_its_language() -> None:
    tags = [chosen_language(asked(button=one.value)) for one in language_buttons().buttons]
    assert tags == ["en", "cs", "ru", "de", "es"]


def test_every_command_has_its_words() -> None:
    assert set(PHRASES.values()) <= set(KEYS)


def test_words_and_commands_of_one_breath_are_told_apart() -> None:
    said = asked("/start", "Where is my order?", "/language", "/language")
    assert said.texts == ("Where is my order?",)
    assert commands_beside(said) == ("language",)
    assert commands_beside(asked("/help")) == commands_beside(asked("Hello")) == ()
