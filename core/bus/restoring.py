"""Bringing one conversation back: from what was written down to one call of the script `restore`.

Above: `reload`, `rebuild`. Below: `calls`, `snapshot`, `scripts`. What was lost with the store is
given a new life: nobody holds it, everybody who has something to read in it is woken, fencing
tokens and sequences go on where nothing given before can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from core.bus import scripts
from core.bus.calls import Arg, Calls
from core.bus.keys import (
    ConversationKeys,
    alarms_key,
    journal_key,
    ready_key,
    scheduled_key,
    unseen_key,
)
from core.bus.lines import Line, line_of
from core.bus.log import PULL_CHANNELS, SENT
from core.bus.snapshot import Snapshot

# More than any window of a turn.
WINDOW = 200
# A repeat of one of so many last events is known after a return.
REPEATS = 5_000
# What `restore` says of a conversation that was erased: it is not brought back.
ERASED = -2
# Tokens and sequences that may have been given between the last snapshot and the loss.
_TOKENS_SKIPPED = 1_000_000
# Changes that may have been counted since: no state of before passes for a newer one.
_CHANGES_SKIPPED = 1_000_000
NUMBERS_SKIPPED = 1_000
# Of readers and their wake-ups and leases: none of it outlives the store.
_PASSING = ("w:", "l:", "u:", "n:", "b:", "f:", "a:")


async def restore(calls: Calls, snapshot: Snapshot, archived: Sequence[Line]) -> int:
    """1 brought back, 0 it is here already, -1 this state is too old, `ERASED`. `archived` are the
    newest entries that the archive has."""
    keys = ConversationKeys.of(snapshot.conversation)
    names = [
        keys.head, keys.log, keys.seen, keys.state, keys.gone, keys.sends, keys.steps, keys.turns,
        journal_key(keys.shard), scheduled_key(keys.shard), alarms_key(keys.shard),
        unseen_key(keys.shard), ready_key(keys.shard, ""),
    ]  # fmt: skip
    return await calls.script(scripts.RESTORE, names, restore_arguments(snapshot, archived))


def restore_arguments(snapshot: Snapshot, archived: Sequence[Line]) -> list[Arg]:
    """What `restore.lua` takes: all events' ids, so that a late repeat is still known, and the last
    entries themselves."""
    last = archived[-1].seq if archived else 0
    entries = [*archived, *(line_of(entry) for entry in snapshot.tail if entry.seq > last)]
    window = entries[-max(WINDOW, len(snapshot.tail)) :]
    head = snapshot.head if snapshot.left else _reborn(snapshot, entries)
    seen = dict(_events(entries)) | dict(_sent(snapshot))
    receipts = {seq: text for seq, text in snapshot.receipts.items() if seq > last}
    args: list[Arg] = [
        snapshot.conversation, snapshot.stamp, snapshot.state,
        f",{','.join(sorted(PULL_CHANNELS))},", -1 if snapshot.left else snapshot.rev, last,
        len(head), len(window), len(seen), len(snapshot.sends), len(snapshot.steps),
        len(receipts),
    ]  # fmt: skip
    args += _flat(head.items())
    for entry in window:
        args += [entry.seq, entry.body, entry.at, entry.epoch, entry.role]
    return [
        *args, *_flat(seen.items()), *_flat(snapshot.sends.items()), *snapshot.steps,
        *_flat(receipts.items()),
    ]  # fmt: skip


def _reborn(snapshot: Snapshot, entries: Sequence[Line]) -> dict[str, str]:
    head = {name: value for name, value in snapshot.head.items() if not name.startswith(_PASSING)}
    have = entries[-1].seq if entries else 0
    # Behind a long outage of the archive words may be missing: nobody is woken to read them.
    head["seq"] = str(have)
    for name in ("lcs", "lds"):
        head[name] = str(min(int(head.get(name, 0)), have))
    head["fence"] = str(int(head.get("fence", 0)) + _TOKENS_SKIPPED)
    head["rev"] = str(snapshot.rev + _CHANGES_SKIPPED)
    head["floor"] = str(max(snapshot.seq, have) + NUMBERS_SKIPPED)
    return head


def _events(entries: Iterable[Line]) -> Iterable[tuple[str, str]]:
    for entry in entries:
        if entry.role != "ai":
            yield entry.id, f"{entry.seq}:{entry.digest}"


def _sent(snapshot: Snapshot) -> Iterable[tuple[str, str]]:
    """What platforms called what we sent: people answer, edit and react to it by these names."""
    for field, value in snapshot.sends.items():
        _, _, seq = field.rpartition(":")
        if seq.isdigit() and value.count("|") > 1:
            detail: Any = orjson.loads(value.split("|", 2)[2])
            for identifier in detail.get("ids") or ():
                yield f"{SENT}{identifier}", f"{seq}:"


def _flat(pairs: Iterable[tuple[str | int, str]]) -> Iterable[Arg]:
    for name, value in pairs:
        yield name
        yield value
