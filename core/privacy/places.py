"""What a place of the data map says of itself. Above: `datamap`. Below: nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Medium = Literal["sql", "redis", "files", "vectors", "logs", "outside"]
# Kinds of data: each has a retention of its own (`core.privacy.settings`).
Kind = Literal[
    "message", "contact", "ticket", "decision", "file", "customer", "knowledge", "metric", "audit",
    "technical",
]  # fmt: skip
# What an erasure does there. `delete`: rows or keys of the person go. `blank`: the row stays as a
# record of accounts, without the person. `keep`: nothing of a person is there. `expire`: digests
# and counters that end by themselves. `hand`: the report names it, people remove it.
Erase = Literal["delete", "blank", "keep", "expire", "hand"]


@dataclass(frozen=True)
class Place:
    """One place where data lives.

    `personal` and `plain` are the columns of a table: those that hold something of a person, and
    the others. `by_*` are the columns that say whose a row is, any of several; a dotted one looks
    into JSON.
    `age` is the column that retention reads; `export` says if an export shows it.
    """

    medium: Medium
    name: str
    kind: Kind
    holds: str
    erase: Erase
    personal: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    by_conversation: str = ""
    by_contact: str = ""
    by_ticket: str = ""
    by_customer: str = ""
    age: str = ""
    export: bool = False
    note: str = ""

    @property
    def columns(self) -> frozenset[str]:
        """All of a table."""
        return frozenset({*self.personal, *self.plain})


def words(text: str) -> tuple[str, ...]:
    """Names written one after another."""
    return tuple(text.split())
