"""The modals behind the buttons, as Slack's views. Pure.

Above: `actions`. Below: `blocks`, `ids`. What a modal is about travels in its `private_metadata`;
its fields are named by their blocks. All lengths are Slack's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from channels.rendering import split_text
from channels.slack.desk.blocks import Block, cut, safe, section
from channels.slack.mrkdwn import escape
from core.approvals.records import Approval
from core.escalation.folding import PRIORITIES

View = dict[str, Any]
TAKE: Final = "desk.form.take"
RELEASE: Final = "desk.form.release"
ASSIGN: Final = "desk.form.assign"
SNOOZE: Final = "desk.form.snooze"
PRIORITY: Final = "desk.form.priority"
RESOLVE: Final = "desk.form.resolve"
SAVE: Final = "desk.form.save"
DRAFT: Final = "desk.form.draft"
DECIDE: Final = "desk.form.decide"
_TITLE, _TYPED, _OPTION = 24, 3000, 75
_PAUSES = (("30", "30 minutes"), ("120", "2 hours"), ("opening", "Tomorrow at opening"),
           ("pick", "Until the time below"), ("none", "Rest no more"))  # fmt: skip
REASONS = (("solved", "Solved"), ("no_answer", "The customer did not answer"),
           ("duplicate", "Duplicate"), ("not_for_us", "Not for us"), ("spam", "Spam"),
           ("other", "Other"))  # fmt: skip
_LANGUAGES = (("en", "English"), ("cs", "Čeština"), ("ru", "Русский"), ("de", "Deutsch"),
              ("es", "Español"))  # fmt: skip


def ask_take(kept: str, holder: str) -> View:
    """Somebody else has it."""
    text = f"*{safe(holder)}* has this conversation. Take it over? They see it in the thread."
    return _form(TAKE, "Take it over?", "Take it over", kept, [section(text)])


def ask_return(kept: str, promises: Sequence[str]) -> View:
    """What the AI must know from now on."""
    return _form(
        RELEASE, "Return to the AI", "Return", kept,
        [
            _text("decided", "What was decided?", optional=True),
            _text("promised", "What was promised to the customer?", "\n".join(promises),
                  hint="One promise in each line; the desk is reminded of them.", optional=True),
            _text("open", "What is still open?", hint="One matter in each line.", optional=True),
        ],
    )  # fmt: skip


def ask_assign(kept: str) -> View:
    """Whose it is from now on."""
    element = {"type": "users_select", "action_id": "it"}
    return _form(ASSIGN, "Assign", "Assign", kept, [_input("to", "To whom?", element)])


def ask_snooze(kept: str) -> View:
    """Until when it rests."""
    choice = _input("pause", "Until when?", _radio(_PAUSES, _PAUSES[0][0]))
    element = {"type": "datetimepicker", "action_id": "it"}
    return _form(
        SNOOZE, "Snooze", "Snooze", kept, [choice, _input("until", "Time", element, optional=True)]
    )


def ask_priority(kept: str, now: str) -> View:
    """How much it hurries."""
    options = [(one, one.capitalize()) for one in PRIORITIES]
    first = now if now in PRIORITIES else "medium"
    return _form(
        PRIORITY, "Priority", "Set", kept, [_input("priority", "Priority", _radio(options, first))]
    )


def ask_resolve(kept: str) -> View:
    """Why it is over."""
    element = _select(REASONS, REASONS[0][0])
    return _form(
        RESOLVE, "Resolve", "Resolve", kept,
        [_input("reason", "How did it end?", element), _text("more", "In words", optional=True)],
    )  # fmt: skip


def ask_save(kept: str, question: str, answer: str, language: str) -> View:
    """An article made of this case, for review."""
    known = {code for code, _ in _LANGUAGES}
    return _form(
        SAVE, "Save to knowledge base", "Put forward", kept,
        [
            _text("question", "Question", question), _text("answer", "Answer", answer),
            _line("category", "Category", "billing, technical, …"),
            _input("language", "Language",
                   _select(_LANGUAGES, language if language in known else "en")),
            section("Somebody reviews it before the AI answers with it."),
        ],
    )  # fmt: skip


def ask_draft(kept: str, text: str) -> View:
    """The draft, to be changed before it goes out."""
    return _form(DRAFT, "Edit the draft", "Send", kept, [_text("text", "To the customer", text)])


def ask_decision(kept: str, approval: Approval, *, approve: bool) -> View:
    """Exactly what is done if the answer is yes."""
    title, send = ("Approve?", "Approve") if approve else ("Reject?", "Reject")
    words = json.dumps(approval.arguments, ensure_ascii=False, indent=2, sort_keys=True)
    blocks = [section(f"*{safe(approval.tool)}* with exactly these arguments:")]
    for piece in split_text(escape(words), 2_900)[:6]:
        text = {"type": "plain_text", "text": piece, "emoji": False}
        blocks.append({"type": "section", "text": text})
    facts = "\n".join(f"• {safe(k)}: {safe(v)}" for k, v in approval.facts.items())
    if facts:
        blocks.append(section(cut(facts, _TYPED)))
    blocks.append(_text("comment", "Comment", optional=True))
    return _form(DECIDE, title, send, kept, blocks)


def say(text: str) -> View:
    """Nothing to fill in: it cannot be done any more, and why."""
    return {
        "type": "modal", "title": _plain("Switchboard"), "close": _plain("Close"),
        "blocks": [section(text)],
    }  # fmt: skip


def _form(name: str, title: str, send: str, kept: str, blocks: list[Block]) -> View:
    return {
        "type": "modal", "callback_id": name, "private_metadata": kept, "blocks": blocks,
        "title": _plain(cut(title, _TITLE)), "submit": _plain(send), "close": _plain("Cancel"),
    }  # fmt: skip


def _text(
    name: str, label: str, value: str = "", *, hint: str = "", optional: bool = False
) -> Block:
    element: Block = {
        "type": "plain_text_input", "action_id": "it", "multiline": True, "max_length": _TYPED,
    }  # fmt: skip
    if value.strip():
        element["initial_value"] = cut(value.strip(), _TYPED)
    return _input(name, label, element, hint=hint, optional=optional)


def _line(name: str, label: str, placeholder: str) -> Block:
    element = {
        "type": "plain_text_input", "action_id": "it", "max_length": 80,
        "placeholder": _plain(placeholder),
    }  # fmt: skip
    return _input(name, label, element, optional=True)


def _input(
    name: str, label: str, element: Block, *, hint: str = "", optional: bool = False
) -> Block:
    block = {
        "type": "input", "block_id": name, "label": _plain(label), "element": element,
        "optional": optional,
    }  # fmt: skip
    return block | ({"hint": _plain(hint)} if hint else {})


def _radio(options: Sequence[tuple[str, str]], first: str) -> Block:
    return {
        "type": "radio_buttons", "action_id": "it", "options": [_option(*one) for one in options],
        "initial_option": next(_option(*one) for one in options if one[0] == first),
    }  # fmt: skip


def _select(options: Sequence[tuple[str, str]], first: str) -> Block:
    return _radio(options, first) | {"type": "static_select"}


def _option(value: str, label: str) -> Block:
    return {"text": _plain(cut(label, _OPTION)), "value": value}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}
