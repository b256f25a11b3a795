"""What a conversation is, in a page of Python: the reference that the store is compared with.

Above: `test_log_machine`. Below: the vocabulary. No time, no tasks, no store.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.conversation import Claim


@dataclass(frozen=True)
class Line:
    """An entry as the model knows it."""

    id: str
    role: str
    text: str
    epoch: int


@dataclass
class Lease:
    """Who may write for one kind of reader; `running` until its time is over."""

    token: int
    running: bool = True


@dataclass
class Model:
    """One conversation."""

    lines: list[Line] = field(default_factory=list)
    seen: dict[str, tuple[int, str]] = field(default_factory=dict)
    owner: str = "ai"
    status: str = "open"
    epoch: int = 0
    last_customer: int = 0
    cursor: int = 0
    each: bool = False
    leases: dict[str, Lease] = field(default_factory=dict)
    fence: int = 0
    committed: dict[int, tuple[int, ...]] = field(default_factory=dict)
    last_token: int = 0
    delivered_to: int = 0
    must_deliver_to: int = 0

    def append(self, line_id: str, role: str, text: str) -> int:
        """The next line; gives its sequence."""
        self.lines.append(Line(line_id, role, text, self.epoch))
        return len(self.lines)

    def accept(
        self, line_id: str, role: str, kind: str, action: str | None, text: str, *, each: bool
    ) -> tuple[int, bool, bool]:
        """Sequence, whether it was there already, and whether with other words."""
        if line_id in self.seen:
            seq, words = self.seen[line_id]
            return seq, True, words != text
        self._move_owner(role, kind, action)
        seq = self.append(line_id, role, text)
        self.seen[line_id] = (seq, text)
        if role == "customer" and kind == "message":
            self.last_customer, self.each = seq, each
        elif action in {"release", "close"}:  # the engine may have something to say
            self.last_customer = seq
        elif kind == "message":
            self.must_deliver_to = seq
        return seq, False, False

    def _move_owner(self, role: str, kind: str, action: str | None) -> None:
        if (role == "human_agent" and kind == "message") or action == "take":
            self.owner, self.status = "human", "open"
        elif action == "release":
            self.owner = "ai"
        elif action == "close":
            self.owner, self.status = "nobody", "closed"
        elif self.status == "closed" and role == "customer" and kind == "message":
            self.owner, self.status = "ai", "open"
        else:
            return
        self.epoch += 1

    def unread(self, reader: str) -> bool:
        """Whether this reader must still come."""
        if reader == "engine":
            return self.last_customer > self.cursor
        return self.must_deliver_to > self.delivered_to

    def claim_refusal(self, reader: str) -> str | None:
        """Why nobody gets a claim now, if so (whoever comes with the right wake-up, in time)."""
        lease = self.leases.get(reader)
        if lease is not None and lease.running:
            return "busy"
        return None if self.unread(reader) else "done"

    def commit_outcome(self, claim: Claim, *, merge: bool) -> str:
        """What a commit must answer."""
        if claim.token == self.last_token:
            return "ok"
        if not self.holds(claim):
            return "stale"
        if claim.epoch != self.epoch:
            return "epoch"
        knew = max(claim.seen, claim.head.last_customer_seq)
        if merge and not claim.head.each and self.last_customer > knew:
            return "superseded"
        return "ok"

    def commit(self, claim: Claim, answers: list[tuple[str, str]]) -> tuple[int, ...]:
        """Apply an accepted commit; gives the sequences."""
        if claim.token == self.last_token:
            return self.committed[claim.token]
        seqs = tuple(self.append(line_id, "ai", text) for line_id, text in answers)
        self.cursor = len(self.lines) if self.last_customer <= claim.seen else claim.seen
        self.last_token = claim.token
        self.committed[claim.token] = seqs
        if seqs:
            self.must_deliver_to = seqs[-1]
        self.leases.pop("engine")
        return seqs

    def holds(self, claim: Claim) -> bool:
        """Whether this claim is the newest that was given and not given back."""
        lease = self.leases.get(claim.reader)
        return lease is not None and lease.token == claim.token
