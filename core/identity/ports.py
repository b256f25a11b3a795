"""What is kept of people, and who may ask. Above: REST, privacy, the engine. Below: `records`.

`people.SqlPeople` serves it on SQLite and PostgreSQL. Everything raises `ArchiveUnavailable` where
the database is away; no message waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from core.identity.addresses import Reach
from core.identity.records import Contact, Everything, Evidence, Identity


class People(Protocol):
    """Contacts and their identities."""

    async def create(self, fields: Mapping[str, Any]) -> Contact:
        """A new one, under an id that nobody can guess."""
        ...

    async def get(self, contact: str) -> Contact:
        """Raises `NotFound`."""
        ...

    async def browse(
        self, *, q: str | None = None, before: tuple[datetime, str] | None = None, limit: int = 50
    ) -> Sequence[Contact]:
        """Last changed first; `q` is looked for in names and addresses. Without those that are
        known as another."""
        ...

    async def change(self, contact: str, fields: Mapping[str, Any]) -> Contact:
        """Set these fields. Raises `NotFound`."""
        ...

    async def identities(self, contact: str) -> Sequence[Identity]:
        """The best proved first."""
        ...

    async def add_identity(
        self, contact: str, place: Reach, *, level: int, evidence: Evidence
    ) -> Identity:
        """Raises `NotFound`; `Conflict` if it is proved to be another contact's."""
        ...

    async def remove_identity(self, contact: str, identity: str) -> None:
        """Raises `NotFound`."""
        ...

    async def contact_of(self, conversation: str) -> str | None:
        """Whose it is, as far as that is settled."""
        ...

    async def names_of(self, name: str) -> Sequence[str]:
        """What else heads of conversations call the person whom they call `name` (proved identities
        only); `name` itself is always among them."""
        ...

    async def everything(self, contact: str) -> Everything:
        """For export and erasure. Raises `NotFound`."""
        ...

    async def forget(self, contact: str) -> int:
        """Delete every row about this contact, also of those merged into it; says how many. Again
        is no fault."""
        ...
