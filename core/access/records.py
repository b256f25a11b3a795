"""A token of a person or a program as it is kept, and how one is made.

Above: `store`, `directory`, the doors. Below: the standard library. Pure.

A token is 256 random bits, so its SHA-256 is kept and nothing slower: there is nothing to guess,
and every request looks it up. The first letters are kept in the clear, so that a person knows it
again in a list.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

StaffScope = Literal["desk", "admin"]
MARK = "sbt_"
_SHOWN = len(MARK) + 6
# What a token may be held to: a part of the API, by the first word of its path, and how.
RIGHT = re.compile(r"[a-z]{1,40}:(read|write)\Z")


class AccessToken(BaseModel):
    """What is known of a token; the token itself is not."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    scope: StaffScope
    limits: tuple[str, ...] = ()
    prefix: str
    digest: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


def new_token() -> str:
    """A token that nobody can guess."""
    return MARK + secrets.token_urlsafe(32)


def new_token_id() -> str:
    """What a token is called when it is listed or revoked; opens nothing."""
    return f"at_{secrets.token_urlsafe(9)}"


def digest_of(token: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def prefix_of(token: str) -> str:
    """What is shown of it."""
    return token[:_SHOWN]
