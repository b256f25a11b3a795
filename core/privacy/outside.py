"""What lies with others when a person is forgotten: posts in Slack, and counts of the rest.

Above: `erasure`. Below: `core.ids`, `posts`. Pure. It names channels and numbers of posts, never
people. What becomes of the posts is the matter of `posts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from core.conversation import Head
from core.ids import desk_message_id, parse_desk_id, parse_slack_id
from core.privacy.posts import Post, joined


def posts_of(
    head: Head | None, sent: Iterable[tuple[str, str]], events: Iterable[str]
) -> list[Post]:
    """Posts in Slack: the thread of the case, all that was sent there, and what people wrote in
    threads, which leads to those of earlier cases."""
    found: list[Post] = []
    if head is not None and head.desk:
        anchor: dict[str, Any] = orjson.loads(head.desk)
        if anchor.get("chat") and anchor.get("ts"):
            found.append(Post(channel=anchor["chat"], ts=anchor["ts"], what="thread"))
    for _, name in sent:
        if desk := parse_desk_id(name):
            is_file = desk[2].startswith("F")
            found.append(Post(channel=desk[1], ts=desk[2], what="file" if is_file else "post"))
        elif slack := parse_slack_id(name):
            is_file = slack[1].startswith("F")
            found.append(Post(channel=slack[0], ts=slack[1], what="file" if is_file else "message"))
    places = ((name, parse_desk_id(name)) for name in events)
    # Presses of buttons are left out: a button may be in a message that is no case's.
    found += [
        Post(channel=desk[1], ts=desk[2], what="post")
        for name, desk in places
        if desk is not None and name == desk_message_id(*desk)
    ]
    return joined(found)


def letters_of(sent: Iterable[tuple[str, str]], events: Iterable[str]) -> dict[str, int]:
    """How many messages lie on other platforms, by channel and direction."""
    counts: dict[str, int] = {}
    for direction, names in (("sent", [name for _, name in sent]), ("received", list(events))):
        for name in names:
            channel = name.partition(":")[0]
            if channel in {"telegram", "email"} or (channel == "slack" and direction == "received"):
                key = f"{channel}_{direction}"
                counts[key] = counts.get(key, 0) + 1
    return counts
