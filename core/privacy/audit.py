"""The audit log: who did what to whose data, when and from where. Append-only and chained.

Above: whoever acts on data of people (`Audit.record`), REST, `switchboard audit`. Below: `tables`.
Each line's hash, keyed with the house's secret, covers the line and the hash before it, so that a
changed or missing line shows. Ids are written as random ids or digests: a line never keeps what
was erased.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.archive.database import Database, Queue
from core.archive.inserting import insert_new
from core.messages import Frozen, format_time
from core.privacy.ledger import opaque
from core.privacy.tables import audit_log

_log = structlog.get_logger("audit")
_PAGE = 500
_FIRST = "0" * 64
_LONGEST = 120


class AuditLine(Frozen):
    """One line."""

    seq: int
    at: datetime
    who: str
    what: str
    whom: str
    origin: str
    details: dict[str, Any]
    before: str
    hash: str

    def public(self) -> dict[str, Any]:
        """As REST and the command show it."""
        return {**self.model_dump(exclude={"before"}), "at": format_time(self.at)}


class Verdict(Frozen):
    """Whether the chain is whole; `broken` is the first line that is not what it was."""

    lines: int
    whole: bool
    broken: int | None = None


class Audit(Protocol):
    """Where acts on data of people are written down."""

    async def record(
        self, who: str, what: str, whom: str, *, origin: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """`who` is a name of a token or a person of the desk; `whom` an id."""
        ...


class SqlAudit:
    """`Audit` in the database."""

    def __init__(self, database: Database, secret: str) -> None:
        self._database = database
        self._key = hashlib.sha256(f"audit:{secret}".encode()).digest()

    async def record(
        self, who: str, what: str, whom: str, *, origin: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """See `Audit`."""
        async with self._database.write(Queue.AUDIT) as connection:
            seq, before = await self._last(connection)
            line = AuditLine(
                seq=seq + 1, at=datetime.now(UTC), who=who[:_LONGEST], what=what[:_LONGEST],
                whom=opaque(whom), origin=origin[:_LONGEST], details=dict(details or {}),
                before=before, hash="",
            )  # fmt: skip
            line = line.model_copy(update={"hash": self._hash(line)})
            await insert_new(connection, audit_log, [line.model_dump()])
        # The hash in a log that others keep shows it when the last lines are cut off.
        _log.info("audit", seq=line.seq, what=line.what, hash=line.hash[:16])

    async def list(
        self, *, whom: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[AuditLine]:
        """The newest first; about one id, or older than a line."""
        query = select(audit_log).order_by(audit_log.c.seq.desc()).limit(max(1, min(limit, _PAGE)))
        if whom is not None:
            query = query.where(audit_log.c.whom == opaque(whom))
        if before is not None:
            query = query.where(audit_log.c.seq < before)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [AuditLine.model_validate(dict(row)) for row in rows]

    async def verify(self) -> Verdict:
        """Go through the whole chain."""
        seen, before = 0, _FIRST
        while True:
            query = (
                select(audit_log).where(audit_log.c.seq > seen).order_by(audit_log.c.seq)
            ).limit(_PAGE)
            async with self._database.read() as connection:
                rows = (await connection.execute(query)).mappings().all()
            for row in rows:
                line = AuditLine.model_validate(dict(row))
                is_next = line.seq == seen + 1 and line.before == before
                if not is_next or not hmac.compare_digest(line.hash, self._hash(line)):
                    return Verdict(lines=seen, whole=False, broken=seen + 1)
                seen, before = line.seq, line.hash
            if len(rows) < _PAGE:
                return Verdict(lines=seen, whole=True)

    async def _last(self, connection: AsyncConnection) -> tuple[int, str]:
        newest = select(func.max(audit_log.c.seq)).scalar_subquery()
        query = select(audit_log.c.seq, audit_log.c.hash).where(audit_log.c.seq == newest)
        row = (await connection.execute(query)).one_or_none()
        return (row[0], row[1]) if row else (0, _FIRST)

    def _hash(self, line: AuditLine) -> str:
        fields = line.model_dump(exclude={"hash"})
        fields["at"] = line.at.astimezone(UTC).isoformat(timespec="microseconds")
        body = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
        return hmac.new(self._key, body, hashlib.sha256).hexdigest()
