"""Commands that customers of some channels are used to: `/start /help /new /language`. Pure.

Above: `plain`, the turn. Below: `asked`, `core.choices`. A command is a word of the customer like
any other; what it means to a channel (a new conversation, a person) the channel has said already.
"""

from __future__ import annotations

import re
from typing import Literal

from core.choices import LANGUAGE
from core.engine.asked import COMMANDS, Asked
from core.messages import Button, Buttons
from core.text import unmarked

Command = Literal["start", "help", "new", "language", "chosen"]
PHRASES: dict[Command, str] = {
    "start": "greeting",
    "help": "command_help",
    "new": "command_new",
    "language": "command_language",
    "chosen": "language_chosen",
}
# Those whose answer is missed when something else was asked in the same breath.
_MISSED: tuple[Command, ...] = ("help", "language")
# Each language by its own name.
_NAMES = {"en": "English", "cs": "Čeština", "ru": "Русский", "de": "Deutsch", "es": "Español"}

# How they are called in the five, without accents.
_BY_NAME = {
    name: language
    for language, names in {
        "en": "english anglicky anglictina anglictine английски английском englisch ingles",
        "cs": "czech cesky cestina cestine чешски чешском tschechisch checo",
        "ru": "russian rusky rustina rustine русски русском russisch ruso",
        "de": "german nemecky nemcina nemcine немецки немецком deutsch aleman",
        "es": "spanish spanelsky spanelstina spanelstine испански испанском spanisch espanol",
    }.items()
    for name in names.split()
}
# Words that ask for one.
_ASKING = frozenset(
    word
    for words in (
        "can could we you please in to switch write speak answer reply talk continue do i only",
        "muzete muzeme muzes prosim v na po do piste pis mluvte mluvite odpovidejte radeji spis",
        "можно можете по на пожалуиста пишите говорите ответьте давайте лучше вы",
        "konnen konnten sie wir du bitte auf schreiben sprechen antworten lieber ich",
        "puede puedes podemos podria por favor en a hablar hable habla escriba escribe mejor usted",
    )
    for word in words.split()
)
_MOST_WORDS = 6
_WORD = re.compile(r"[^\W\d_]+")


def read_command(asked: Asked) -> Command | None:
    """The last command, if the customer said nothing else."""
    if chosen_language(asked) is not None and not (asked.texts and asked.button):
        return "chosen"
    if not asked.texts:
        return None
    if any(text.casefold() not in COMMANDS for text in asked.texts):
        return None
    return _named(asked.commands[-1])


def commands_beside(asked: Asked) -> tuple[Command, ...]:
    """Commands that came along with words and want an answer of their own, each once."""
    if not asked.texts or read_command(asked) is not None:
        return ()
    named = {_named(text) for text in asked.commands}
    return tuple(command for command in _MISSED if command in named)


def chosen_language(asked: Asked) -> str | None:
    """The language on the button that was pressed, or that is all the message asks for."""
    if asked.button is None and len(asked.texts) == 1:
        return _wished_language(asked.texts[0])
    value = asked.button or ""
    tag = value.removeprefix(LANGUAGE)
    return tag if value.startswith(LANGUAGE) and tag in _NAMES else None


def _wished_language(text: str) -> str | None:
    """ "in English please": a name of a language, and nothing but words that ask for it."""
    words = _WORD.findall(unmarked(text))
    if not 1 < len(words) <= _MOST_WORDS:
        return None
    named = {_BY_NAME[word] for word in words if word in _BY_NAME}
    rest = [word for word in words if word not in _BY_NAME]
    return named.pop() if len(named) == 1 and _ASKING.issuperset(rest) else None


def language_buttons() -> Buttons:
    """One for each language of the house."""
    return Buttons(
        buttons=tuple(Button(label=name, value=f"{LANGUAGE}{tag}") for tag, name in _NAMES.items())
    )


def _named(text: str) -> Command:
    return next(command for command in PHRASES if f"/{command}" == text)
