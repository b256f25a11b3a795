"""What the house writes about a case, as an event: notes for people, messages in their language.

Above: `keeper`. Below: `acts`, `core.phrases`. Pure.
"""

from __future__ import annotations

from core.conversation import Head
from core.escalation.acts import Act, Choice, Line
from core.ids import case_note_id
from core.messages import Address, Author, Button, Buttons, InboundEvent
from core.phrases import Phrases

_HOUSE = Author(role="system")


def event_of(act: Act, head: Head, case: int, phrases: Phrases, language: str) -> InboundEvent:
    """The event of an act about this case; done again, it has the same id."""
    is_message = act.kind == "message"
    return InboundEvent(
        id=case_note_id(head.id, case, act.what, act.number),
        conversation=head.id,
        kind=act.kind,
        address=head.address or Address(channel="rest", chat=head.id),
        author=_HOUSE,
        text=_say(act.lines, language, phrases) if is_message else act.text,
        parts=_buttons(act.choices, language, phrases),
        action=act.action,
        reason=act.reason,
        value=act.value,
        language=language if is_message else None,
    )


def _say(lines: tuple[Line, ...], language: str, phrases: Phrases) -> str:
    return " ".join(phrases.say(line.key, language, **line.fields) for line in lines)


def _buttons(choices: tuple[Choice, ...], language: str, phrases: Phrases) -> tuple[Buttons, ...]:
    if not choices:
        return ()
    row = tuple(
        Button(label=_say((choice.label,), language, phrases), value=choice.value)
        for choice in choices
    )
    return (Buttons(buttons=row),)
