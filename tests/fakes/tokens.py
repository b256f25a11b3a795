"""Tokens of people and programs without a database: issued into a directory that all share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from channels.auth import Tokens
from core.access.directory import Directory
from core.access.records import (
    AccessToken,
    StaffScope,
    digest_of,
    new_token,
    new_token_id,
    prefix_of,
)

SHARED = Directory()


class IssuingTokens(Tokens):
    """As the product's, and issues what in the product the database keeps."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("directory", SHARED)
        super().__init__(**given)

    def issue(self, scope: StaffScope, *, name: str = "", **more: Any) -> str:
        """A token for a person of the desk or for a program."""
        return issue(scope, name=name, directory=self.directory, **more)


def issue(
    scope: StaffScope, *, name: str = "", limits: tuple[str, ...] = (),
    expires_at: datetime | None = None, directory: Directory = SHARED,
) -> str:  # fmt: skip
    """As the product's store makes one."""
    token = new_token()
    kept = AccessToken(
        id=new_token_id(), name=name, scope=scope, limits=limits, prefix=prefix_of(token),
        digest=digest_of(token), created_at=datetime.now(UTC), created_by="tests",
        expires_at=expires_at,
    )  # fmt: skip
    directory.add(kept)
    return token
