"""What was said before the thread began, in a few messages. Pure.

Above: `opening`. Below: `blocks`, `view`, `core.changes`. The same entries give the same messages,
so that a thread whose making was cut short goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.slack.desk.blocks import Face, Post, context, cut, words
from channels.slack.desk.view import View
from core.changes import as_it_stands
from core.messages import Entry

BEFORE = 20
_MESSAGE = 8000
_FACE = Face("Switchboard", ":scroll:")
_WHO = {"customer": "Customer", "ai": "AI", "human_agent": "Colleague", "system": "Switchboard"}


def draw_transcript(entries: Sequence[Entry], view: View) -> list[Post]:
    """The talk so far, oldest first; nothing if nothing was said."""
    lines = [line for entry in as_it_stands(entries) if (line := _line(entry))]
    parts: list[list[str]] = [[]]
    for line in lines:
        if parts[-1] and sum(map(len, parts[-1])) + len(line) > _MESSAGE:
            parts.append([])
        parts[-1].append(line)
    return [_post(part, number) for number, part in enumerate(parts) if part]


def _post(lines: list[str], number: int) -> Post:
    title = ":scroll: what was said before" + (f" (part {number + 1})" if number else "")
    return Post("What was said before", (context(title), *words("\n\n".join(lines))), _FACE)


def _line(entry: Entry) -> str:
    if entry.kind not in {"message", "note"}:
        return ""
    who = entry.author.name or _WHO[entry.author.role]
    if entry.author.role == "ai":
        who = f"AI ({entry.author.specialist})" if entry.author.specialist else "AI"
    if entry.author.role == "customer" and entry.author.name:
        who = f"{entry.author.name} (customer)"
    if entry.kind == "note":
        who += " [internal]"
    said = [entry.text.strip() or ("(taken back)" if entry.edited else "")]
    said += [f"[file: {file.name}]" for file in entry.attachments]
    text = "\n".join(part for part in said if part)
    return f"{entry.at:%H:%M} {who}: {cut(text, 4000)}" if text else ""
