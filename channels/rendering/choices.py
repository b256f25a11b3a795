"""Buttons as numbered lines, and the answers to them. Pure.

Above: `fitting`, adapters. Below: `core.messages`.
"""

from __future__ import annotations

from core.messages import Button


def number_buttons(text: str, buttons: tuple[Button, ...]) -> str:
    """The choices as numbered lines under the text."""
    lines = [f"{number}. {button.label}" for number, button in enumerate(buttons, 1)]
    return "\n".join([*([text, ""] if text else []), *lines])


def choose_button(said: str, buttons: tuple[Button, ...]) -> Button | None:
    """Which numbered choice a customer means by `2`, `2.` or the words of it."""
    bare = said.strip().rstrip(".)").casefold()
    if bare.isascii() and bare.isdigit() and len(bare) < 4:
        number = int(bare)
        return buttons[number - 1] if 1 <= number <= len(buttons) else None
    return next((button for button in buttons if button.label.casefold() == bare), None)
