"""The Lua scripts of the bus, read once from `lua/`.

Above: `calls`, `log`. Below: the files. Nothing else writes a conversation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Script:
    """One script: its text with the shared part in front, and the server's name for it."""

    name: str
    text: str
    sha: str


def _read(name: str) -> str:
    return resources.files("core.bus").joinpath("lua").joinpath(f"{name}.lua").read_text("utf-8")


def _load(name: str) -> Script:
    text = _read("lib") + _read(name)
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


CREATE = _load("create")
ACCEPT = _load("accept")
TYPING = _load("typing")
CLAIM = _load("claim")
EXTEND = _load("extend")
COMMIT = _load("commit")
BEGIN_SEND = _load("begin_send")
RECORD_SEND = _load("record_send")
FINISH = _load("finish")
REWAKE = _load("rewake")
BURY = _load("bury")
REPLAY = _load("replay")
KEEP = _load("keep")

ALL = (
    CREATE, ACCEPT, TYPING, CLAIM, EXTEND, COMMIT, BEGIN_SEND, RECORD_SEND, FINISH, REWAKE, BURY,
    REPLAY, KEEP,
)  # fmt: skip
