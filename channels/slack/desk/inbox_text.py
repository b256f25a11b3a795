"""What a person typed in Slack, as the customer should read it. Pure, but for the names of people.

Above: `inbox`. Below: `channels.slack.mrkdwn`. Slack's own marks become the light Markdown of the
house; who and what is named in the company (people, groups, channels) is named in words, because
ids of a workspace are nobody's business outside it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from channels.slack.desk.emoji import write_emoji
from channels.slack.mrkdwn import read_mrkdwn

NameOf = Callable[[str], Awaitable[str | None]]
_USER = re.compile(r"<@([UW][A-Z0-9]{1,30})(?:\|[^<>\n]{0,200})?>")
_GROUP = re.compile(r"<!subteam\^[A-Z0-9]{1,30}(?:\|@?([^<>\n]{0,200}))?>")
_PLACE = re.compile(r"<#[A-Z0-9]{1,30}(?:\|([^<>\n]{0,200}))?>")
_LOUD = re.compile(r"<!(here|channel|everyone)(?:\|[^<>\n]{0,200})?>")
_LINK = re.compile(r"<((?:https?://|mailto:|tel:)[^<>|\s]{1,2000})\|([^<>\n]{1,400})>")
_CODE = re.compile(r"(```[^`]{1,9000}```|`[^`\n]{1,1000}`)")
_BOLD = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,800}?)(?<=[^\s*])\*(?![\w*])")
_STRUCK = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]{1,800}?)(?<=[^\s~])~(?![\w~])")
_SOMEBODY = "a colleague"
_MOST_NAMES = 20


async def read_typed(text: str, name_of: NameOf, *, own_user: str | None = None) -> str:
    """The words in the house's light Markdown; a mention of ourselves is not part of them."""
    if own_user:
        text = re.sub(rf"<@{re.escape(own_user)}(?:\|[^<>]*)?>[ \t]*[:,]?[ \t]*", "", text)
    users = list(dict.fromkeys(_USER.findall(text)))
    names = {user: await name_of(user) for user in users[:_MOST_NAMES]}

    def name(match: re.Match[str]) -> str:
        found = names.get(match[1])
        return _bare(f"@{found}" if found else _SOMEBODY)

    text = _USER.sub(name, text)
    text = _GROUP.sub(lambda match: _bare(match[1] or "our team"), text)
    text = _PLACE.sub("our team", text)
    text = _LOUD.sub("all", text)
    parts = [part if at % 2 else _read_marks(part) for at, part in enumerate(_CODE.split(text))]
    return read_mrkdwn("".join(parts))


def _read_marks(text: str) -> str:
    """Outside code: bold, struck out, emoji, links with a label."""
    text = _LINK.sub(_read_link, text)
    text = _BOLD.sub(r"**\1**", text)
    text = _STRUCK.sub(r"\1", text)
    return write_emoji(text)


def _read_link(match: re.Match[str]) -> str:
    """`[label](address)`; one whose label is its address stays bare."""
    address, label = match[1], match[2]
    bare = re.sub(r"^(https?://|mailto:|tel:)", "", address).rstrip("/")
    if label.rstrip("/") in {bare, address.rstrip("/")}:
        return f"<{address}>"
    return f"[{label.replace('[', '(').replace(']', ')')}]({address})"


def _bare(text: str) -> str:
    """A name that is no markup by itself."""
    return re.sub(r"[<>*_~`|]", " ", text).strip()
