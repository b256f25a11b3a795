"""The card at the head of a case's thread: what a person needs to begin, and what they can do.

Above: `opening`, `threads`. Below: `blocks`, `ids`, `view`. Pure. The same case gives the same
card, so whoever draws it knows by its digest if Slack shows it already.
"""

from __future__ import annotations

import json
from hashlib import blake2s

from channels.slack.desk import ids
from channels.slack.desk.blocks import (
    Block,
    Face,
    Post,
    actions,
    bullets,
    button,
    context,
    cut,
    fields,
    header,
    one_line,
    quote,
    safe,
    section,
    when,
)
from channels.slack.desk.view import LEVELS, View, awaits_eyes, emoji_of
from core.escalation.case import Suggestion
from core.escalation.clocks import Clock

_PRIORITY = {"urgent": "🔴", "high": "🟠", "medium": "🟡", "low": "⚪"}
_TREND = {"worse": "getting worse", "better": "getting better", "steady": "steady"}
_FACE = Face("Switchboard")


def draw_card(view: View) -> Post:
    """The root of the thread."""
    title = _title(view)
    draw = _draw_closed if view.standing.is_closed else _draw_open
    return Post(safe(title, 300), tuple(draw(view, title)), _FACE)


def digest_of(post: Post) -> str:
    """Tells two cards apart."""
    return blake2s(json.dumps(post.blocks).encode(), digest_size=8).hexdigest()


def _title(view: View) -> str:
    reason = view.traits()["reason"].replace("_", " ") or "a person is wanted"
    if view.standing.is_closed:
        return f"✅ {view.customer}: {reason}"
    return f"{_PRIORITY.get(view.priority, '🟡')} {view.customer}: {reason}"


def _draw_open(view: View, title: str) -> list[Block]:
    blocks = [header(title), *fields(_facts(view))]
    blocks += _reason(view)
    if view.case is not None:
        tried = [f"{one.what}: {one.result}".rstrip(": ") for one in view.case.tried]
        if view.case.summary:
            blocks.append(section(f"*What it is about*\n{quote(view.case.summary, 1200)}"))
        blocks += bullets("What was tried", tried)
    blocks += bullets("Open promises", [one.text for one in view.standing.promises])
    if view.case is not None:
        blocks += bullets("Known facts", list(view.case.facts), 800)
        if view.case.pending:
            blocks.append(section(f"*Waits for a yes:* {safe(view.case.pending)}"))
        blocks += _suggest(view.case.suggestion)
    elif view.head.summary:
        blocks.append(section(f"*What it is about*\n{quote(view.head.summary, 1200)}"))
    return [*blocks, _foot(view), *_buttons(view)]


def _draw_closed(view: View, title: str) -> list[Block]:
    """A quiet card: who ended it, and why."""
    standing = view.standing
    line = f"Resolved by {safe(standing.closed_by or 'nobody')}"
    if standing.closed_at is not None:
        line += f", {when(standing.closed_at)}"
    if standing.close_reason:
        line += f": {safe(standing.close_reason)}"
    save = button(ids.SAVE, "Save to knowledge base", ids.button_value(view.head.id))
    return [header(title), context(line), _foot(view), actions("desk", [save])]


def _facts(view: View) -> list[tuple[str, str]]:
    case = view.case
    mood = case.sentiment if case else view.head.sentiment or ""
    if case is not None and mood:
        mood = f"{mood}, {_TREND.get(case.trend, case.trend)}"
    level = min(max(view.head.level, 0), len(LEVELS) - 1)
    return [
        ("Contact", f"{view.customer} · {view.channel}"),
        ("Identity", f"level {level}: {LEVELS[level]}"),
        ("Tier", view.traits()["tier"]),
        ("Language", view.language),
        ("Mood", mood),
        ("Priority", view.priority),
        ("Specialist", view.traits()["specialist"]),
        ("Owner", _owner(view)),
        ("Ticket", view.head.ticket or ""),
        ("Words in this thread", "stay inside (notes)" if view.standing.all_notes else ""),
    ]


def _owner(view: View) -> str:
    standing = view.standing
    if standing.owner == "ai":
        return "the AI"
    if standing.holder:
        return standing.holder
    return "nobody yet" if standing.owner == "human" else "nobody"


def _reason(view: View) -> list[Block]:
    reason = view.traits()["reason"]
    if not reason:
        return []
    text = f"*Reason:* {safe(reason.replace('_', ' '))}"
    if view.case is not None and view.case.span.strip():
        text += f"\n{quote(view.case.span)}"
    return [section(text)]


def _suggest(suggestion: Suggestion | None) -> list[Block]:
    if suggestion is None:
        return []
    titles = [cut(one_line(one.title), 100) for one in suggestion.sources]
    found = section(
        f"*Suggested answer* ({round(suggestion.score * 100)} %)\n{quote(suggestion.text, 1500)}"
    )
    return [found, context("Sources: " + "; ".join(safe(one) for one in titles))] if titles else [
        found
    ]  # fmt: skip


def _foot(view: View) -> Block:
    """The clocks: when a person is due, who rests until when; and the number to look it up by."""
    standing, parts = view.standing, [emoji_of(view.channel)]
    if standing.opened_at is not None:
        parts.append(f"opened {when(standing.opened_at)}")
    if not standing.is_closed:
        parts += _clock("first reply", view.clocks.first_reply, view)
        parts += _clock("to be resolved", view.clocks.resolution, view)
        if standing.waiting_since is not None:
            parts.append(f"the customer waits since {when(standing.waiting_since)}")
    if awaits_eyes(view):
        parts.append(":see_no_evil: the last answer was not seen yet")
    elif standing.human_seq and view.head.seen_at is not None:
        parts.append(f":eyes: the last answer was seen {when(view.head.seen_at)}")
    if standing.snoozed_until is not None:
        parts.append(f":zzz: rests until {when(standing.snoozed_until)}")
    return context(" · ".join([*parts, f"`{view.head.id}`"]))


def _clock(name: str, clock: Clock, view: View) -> list[str]:
    match clock.state(view.now):
        case "met" | "missed" if clock.met_at is not None:
            return [f"{name} {when(clock.met_at)}"]
        case "runs" | "soon" if clock.due is not None:
            return [f":stopwatch: *{name} by {when(clock.due)}*"]
        case "broken" if clock.due is not None:
            return [f":rotating_light: *{name} was due {when(clock.due)}*"]
        case _:
            return []


def _notes(view: View) -> tuple[str, str]:
    """Whether plain words in the thread reach the customer: the way to the other."""
    on = view.standing.all_notes
    label = "Words go to the customer" if on else "Words stay inside"
    return label, ids.button_value(view.head.id, case=view.head.case, on=int(not on))


def _buttons(view: View) -> list[Block]:
    value = ids.button_value(view.head.id, case=view.head.case)
    is_people = view.standing.owner == "human"
    row = [button(ids.TAKE, "Take", value, None if view.standing.holder else "primary")]
    if is_people:
        row.append(button(ids.RELEASE, "Return to AI", value))
    row += [
        button(ids.ASSIGN, "Assign", value),
        button(ids.SNOOZE, "Snooze", value),
        button(ids.PRIORITY, "Priority", value),
        button(ids.NOTES, *_notes(view)),
        button(ids.TRANSLATE, "Translate", value),
        button(ids.SAVE, "Save to knowledge base", value),
        button(ids.RESOLVE, "Resolve", value),
    ]
    return [actions("desk", row)]
