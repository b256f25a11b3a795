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
UNMAKE = _load("unmake")
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
NOTE_STEP = _load("note_step")
SPEND = _load("spend")
EVICT = _load("evict")
RESTORE = _load("restore")
TAKE = _load("take")
NOTE_PREVIEW = _load("note_preview")
DROP_PREVIEW = _load("drop_preview")
RING = _load("ring")
ANCHOR = _load("anchor")
SEEN = _load("seen")
CLIMB = _load("climb")
HOME = _load("home")
NOTE_CASE = _load("note_case")
NOTE_HEAD = _load("note_head")
STANDING = _load("standing")
SETTLED = _load("settled")
BIND = _load("bind")
UNBIND = _load("unbind")
REJOURNAL = _load("rejournal")
HINT = _load("hint")
ENTOMB = _load("entomb")
SCRUB = _load("scrub")
PROVE = _load("prove")
SIGN = _load("sign")
NOTE_SIGN = _load("note_sign")

ALL = (
    CREATE, ACCEPT, TYPING, CLAIM, EXTEND, COMMIT, BEGIN_SEND, RECORD_SEND, FINISH, REWAKE, BURY,
    REPLAY, KEEP, NOTE_STEP, SPEND, EVICT, RESTORE, TAKE, NOTE_PREVIEW, DROP_PREVIEW,
    RING, ANCHOR, SEEN, CLIMB, HOME, NOTE_CASE, NOTE_HEAD, STANDING, UNMAKE, UNBIND,
    SETTLED, BIND, REJOURNAL, HINT, ENTOMB, SCRUB, PROVE, SIGN, NOTE_SIGN,
)  # fmt: skip
