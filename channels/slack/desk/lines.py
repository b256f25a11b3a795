"""From an entry of a case to the messages and files that show it in the thread. Pure.

Above: `threads`, `mirror`. Below: `blocks`, `ids`, `view`, `channels.slack.encode`. Everybody
speaks under their own name; what is for people only is marked as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from channels.slack.desk import ids
from channels.slack.desk.blocks import (
    Block,
    Face,
    Post,
    actions,
    button,
    context,
    cut,
    fold,
    one_line,
    quote,
    safe,
    section,
    when,
    words,
)
from channels.slack.desk.view import View, emoji_of
from channels.slack.encode import encode
from core.approvals.notes import DECIDED, WANTED
from core.errors import UnsupportedContent
from core.messages import Attachment, Entry
from core.returning import read_return

_NAME = 60
_SYSTEM = Face("Switchboard", ":gear:")
# What the engine calls itself in the log.
_ENGINE = "engine"
_INTERNAL = ":lock: _internal, the customer does not see it_"
# What the house tells people by itself, in a word.
_NOTICES = {
    "sla_soon": ":stopwatch: A promise is about to break",
    "sla_broken": ":rotating_light: A promise is broken",
    "promise_due": ":bell: A promise is due",
    "snooze_over": ":bell: The rest is over",
    "idle_return": ":leftwards_arrow_with_hook: Back to the AI",
    "draft_failed": ":warning: No draft",
    "edit_not_carried": ":warning: The change did not reach the customer",
    "nobody_there": ":warning: Nobody is there",
    "desk_unreachable": ":warning: Slack would not have it",
}
# The step of the ladder at which somebody else is asked.
_LEAD = "2"
_ACTS = {
    "take": "took it",
    "release": "gave it back to the AI",
    "escalate": "called people in",
    "close": "resolved it",
    "reopen": "opened it again",
    "save": "put an answer forward for the knowledge base",
    "discard": "discarded a draft",
    "approve": "The call was approved",
    "reject": "The call was not approved",
}


@dataclass(frozen=True)
class Share:
    """A file to upload; the title tells it from every other in the thread."""

    file: Attachment
    title: str


Piece = Post | Share


def draw(entry: Entry, view: View) -> list[Piece]:
    """What is posted for an entry, in order; nothing for what has no place in the thread."""
    if entry.kind == "message":
        return [*_message(entry, view), *_files(entry)]
    if entry.kind == "note" and entry.reason in {WANTED, DECIDED}:
        return []  # shown by `asking`, with its buttons
    if entry.kind == "note":
        return [_note(entry, view), *_ask_lead(entry, view), *_files(entry)]
    if entry.kind == "draft":
        return [draw_draft(entry, view)]
    return _act(entry)


def face_of(entry: Entry, view: View) -> Face:
    """Under which name and picture it stands."""
    role, name = entry.author.role, cut(one_line(entry.author.name), _NAME)
    if role == "customer":
        channel = entry.address.channel if entry.address else view.channel
        return Face(f"{name or view.customer} (customer)", emoji_of(channel))
    if role == "ai":
        specialist = entry.author.specialist
        return Face(f"AI · {specialist}" if specialist else "AI", ":robot_face:")
    if role == "human_agent":
        picture = view.picture(entry.author)
        return Face(name or "A colleague", None if picture else ":bust_in_silhouette:", picture)
    return _SYSTEM


def _message(entry: Entry, view: View) -> list[Piece]:
    face = face_of(entry, view)
    if entry.author.role == "customer":
        return _plain(entry, face, _line_of(entry, view))
    found: list[Piece] = [Post(one.text, one.blocks, face) for one in _encoded(entry)]
    line = "to the customer" if entry.author.role == "system" else ""
    if entry.original is not None:
        line = f"as sent ({safe(entry.language or '?')}); written ({entry.original_language}):"
        return [*found, Post(line, (context(line), *words(entry.original)), face)]
    if found and line and isinstance(last := found[-1], Post):
        found[-1] = Post(last.text, (*last.blocks, context(line)), face)
    return found


def _plain(entry: Entry, face: Face, line: str) -> list[Piece]:
    """Words of a customer: literal, with a small line about where they come from."""
    blocks = words(entry.text)
    if entry.original is not None:
        blocks += [context(f"in {safe(entry.original_language or '?')}:"), *words(entry.original)]
    if not blocks:
        return []
    parts = fold([*blocks, context(line)])
    return [Post(safe(entry.text, 300), tuple(part), face) for part in parts]


def draw_as_sent(entry: Entry) -> list[Piece]:
    """Under words that a person typed in the thread, in which words the customer got them."""
    if entry.kind != "message" or entry.original is None:
        return []
    line = f":globe_with_meridians: sent to the customer as ({safe(entry.language or '?')}):"
    return [Post(safe(entry.text), (context(line), *words(entry.text)), _SYSTEM)]


def _line_of(entry: Entry, view: View) -> str:
    channel = entry.address.channel if entry.address else view.channel
    parts = [channel, entry.language or ""]
    return " · ".join(safe(part) for part in parts if part)


def _encoded(entry: Entry) -> list[Post]:
    """Words with the markup that was checked; our own choices are shown as words."""
    labels = [one.label for row in entry.parts for one in row.buttons]
    bare = entry.model_copy(update={"parts": (), "attachments": ()})
    try:
        pieces = encode(bare)
    except UnsupportedContent:
        return []
    posts = [Post(one.text, tuple(one.blocks)) for one in pieces if not isinstance(one, Attachment)]
    if posts and labels:
        line = context("choices: " + " · ".join(safe(label) for label in labels))
        posts[-1] = Post(posts[-1].text, (*posts[-1].blocks, line))
    return posts


def _note(entry: Entry, view: View) -> Post:
    if entry.reason == "translation":
        line = context(f":globe_with_meridians: translation ({safe(entry.language or '?')})")
        return Post(safe(entry.text), (line, *words(entry.text)), _SYSTEM)
    if entry.author.role == "human_agent":
        blocks = (*words(entry.text), context(_INTERNAL))
        return Post(safe(entry.text), blocks, face_of(entry, view))
    title = _NOTICES.get(entry.reason or "", ":information_source: Note")
    blocks = (section(f"*{title}*"), *words(entry.text), context(_INTERNAL))
    return Post(safe(entry.text), blocks, _SYSTEM)


def _ask_lead(entry: Entry, view: View) -> list[Piece]:
    """A promise broke and the ladder has come to the lead (`core.escalation.duties`)."""
    step = (entry.value or "").rpartition(":")[2]
    if entry.reason != "sla_broken" or step != _LEAD or not view.lead_channel:
        return []
    title = f"*{_NOTICES['sla_broken']}:* {safe(view.customer)}"
    blocks = (section(title), *words(entry.text), context(f"`{view.head.id}`"))
    return [Post(safe(entry.text), blocks, _SYSTEM, chat=view.lead_channel)]


def _files(entry: Entry) -> list[Piece]:
    """Each under a title of its own, by which it is found again."""
    return [
        Share(file, f"{cut(one_line(file.name), 80)} · {entry.seq}/{number}")
        for number, file in enumerate(entry.attachments, 1)
    ]


def draw_link(share: Share, reason: str, link: str | None) -> Post:
    """Instead of a file that Slack did not get: why, and where it is."""
    file = share.file
    said = f":paperclip: {safe(file.name)} ({safe(file.media_type)}) is not here: {safe(reason)}."
    way = f" <{link}|Open it> (the link expires)." if link else " It is in the console."
    return Post(said, (section(said + way),), _SYSTEM)


def draw_draft(entry: Entry, view: View, outcome: str = "", sent: str | None = None) -> Post:
    """A suggested reply with its buttons; once something came of it, that (`sent`: the words that
    went out)."""
    if outcome:
        blocks: list[Block] = [*words(sent, 9000)] if sent else []
        return Post(outcome, (*blocks, context(outcome)), _SYSTEM)
    title = f":pencil: *Draft* · {safe(entry.author.specialist or 'AI')}"
    blocks = [section(title), *words(entry.text, 9000)]
    if entry.citations:
        titles = dict.fromkeys(safe(one.title, 100) for one in entry.citations)
        blocks.append(context("Sources: " + "; ".join(titles)))
    value = ids.button_value(view.head.id, draft=entry.id)
    row = [
        button(ids.DRAFT_SEND, "Send", value, "primary"),
        button(ids.DRAFT_EDIT, "Edit", value),
        button(ids.DRAFT_DISCARD, "Discard", value),
    ]
    return Post(safe(entry.text), (*blocks, context(_INTERNAL), actions("draft", row)), _SYSTEM)


def draw_change(target: Entry, versions: list[str], view: View, *, gone: bool, by: str) -> Post:
    """A message that its author changed or took back: the newest words, then the older ones."""
    who, older = safe(by), versions[:-1][-2:]
    blocks: list[Block] = []
    if gone:
        blocks.append(context(f":wastebasket: withdrawn by {who}"))
        older = versions[-1:] if view.keep_withdrawn else []
    else:
        blocks += [*words(versions[-1], 4500), context(f":pencil2: edited by {who}; before:")]
    blocks += [block for text in older for block in words(text, 3000)]
    return Post(blocks_text(blocks), tuple(blocks), face_of(target, view))


def blocks_text(blocks: list[Block]) -> str:
    """What notifications say of them."""
    first = blocks[0]
    found = first["text"]["text"] if "text" in first else first["elements"][0]["text"]
    return cut(found, 300)


def _act(entry: Entry) -> list[Piece]:
    """A small line: who did what. The time is Slack's own."""
    line = _deed(entry)
    if line is None:
        return []
    blocks = [context(line)]
    if (record := read_return(entry)) is not None and not record.is_empty:
        said = [("Decided", record.decided), ("Promised", "; ".join(record.promised)),
                ("Open", "; ".join(record.open))]  # fmt: skip
        blocks += [section("\n".join(f"*{n}:* {safe(t, 900)}" for n, t in said if t))]
    return [Post(line, tuple(blocks), _SYSTEM)]


def _time(value: str) -> str:
    """A time of the log as everybody reads it; what is none stays as it is."""
    try:
        return when(datetime.fromisoformat(value))
    except ValueError:
        return value


def _deed(entry: Entry) -> str | None:
    author = entry.author
    is_ai = author.role == "system" and author.name == _ENGINE
    who = "The AI" if is_ai else safe(author.name or author.role, 60)
    value = safe(entry.value or "", 80)
    why = f": {safe(entry.reason)}" if entry.reason and entry.action != "release" else ""
    match entry.action:
        case "assign":
            return f":point_right: {who} gave it to {value}"
        case "snooze":
            return f":zzz: {who} lets it rest until {_time(value)}" if value else f"{who} woke it"
        case "prioritise":
            return f":small_orange_diamond: {who} set the priority to {value}"
        case "rate":
            said = f"\n{quote(entry.text)}" if entry.text.strip() else ""
            return f":star: The customer's rating: {value}{said}"
        case "button":
            return f":radio_button: The customer chose: {safe(entry.text) or value}"
        case "approve" | "reject":
            return f":ballot_box_with_check: {_ACTS[entry.action]}"
        case "edit" | "delete" | None:
            return None
        case _:
            return f"{who} {_ACTS.get(entry.action, safe(entry.action))}{why}"
