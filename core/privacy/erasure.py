"""Forgetting a person, step by step, so that a crash between two steps loses nothing.

Above: `resuming` (the service), REST and the command. Below: `subject`, `ledger`, `rows`,
`core.bus.graves`, files. The order: tombstones in SQL and in the store, then everything else. From
the first step on nothing that is late can bring anything back (docs/adr, "tombstones"). Every step
may be done again; the second erasure of the same person finds nothing and ends like the first.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import column, select, table

from core.archive.database import Database
from core.archive.tables import entries, snapshots
from core.bus.bygone import trace_of
from core.bus.graves import Graves, read_sends
from core.bus.records import parse_head
from core.conversation import Head
from core.errors import NotFound
from core.files.library import Files
from core.privacy.audit import Audit
from core.privacy.ledger import Erasure, Ledger, listed, merge
from core.privacy.outside import letters_of, posts_of
from core.privacy.places import Place
from core.privacy.posts import joined, read_posts, work_of
from core.privacy.rows import count_rows, erase_rows, present
from core.privacy.scrubbing import scrub_database
from core.privacy.subject import AT_ONCE, Subject, files_in, find_subject

_log = structlog.get_logger("privacy")
STEPS = ("begun", "entombed", "store", "rows", "files", "knowledge", "disk", "done")


def _sign(life: str, count: int) -> str:
    """What the store is told when all tombstones are up: an older one knows fewer."""
    return f"{life}:{count}"


async def _nobody(_: Sequence[str]) -> None:
    pass


async def _nothing(_: Sequence[str]) -> int:
    return 0


@dataclass
class Hands:
    """What an erasure works with. `forget_articles` removes articles by id; `forget_learned` drops
    what was trained with corrections; `end_tokens` ends customers' tokens of conversations;
    `outside` says which systems people have to look at."""

    database: Database
    graves: Graves
    audit: Audit
    files: Files | None = None
    forget_articles: Callable[[Sequence[str]], Awaitable[int]] = _nothing
    forget_learned: Callable[[], int] = lambda: 0
    end_tokens: Callable[[Sequence[str]], Awaitable[None]] = _nobody
    forget_exports: Callable[[str], int] = lambda contact: 0
    outside: Sequence[str] = field(default_factory=tuple[str, ...])


class Eraser:
    """Begins and goes on with erasures."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._ledger = Ledger(hands.database)
        self._places: list[Place] = []
        self._acts: dict[str, Callable[[Erasure, Subject], Awaitable[Erasure]]] = {
            "begun": self._entomb,
            "entombed": self._clear_store,
            "store": self._delete_rows,
            "rows": self._delete_files,
            "files": self._delete_knowledge,
            "knowledge": self._clean_disk,
            "disk": self._finish,
        }

    async def preview(self, contact: str) -> dict[str, Any]:
        """What an erasure would find: counts by table, and what people would have to do."""
        hands = self._hands
        subject = await find_subject(hands.database, hands.graves, contact)
        counts: dict[str, int] = {}
        for place in await self._tables():
            async with hands.database.read() as connection:
                if count := await count_rows(connection, place, subject):
                    counts[place.name] = count
        async with hands.database.read() as connection:
            counts["files"] = len(await files_in(connection, subject.conversations))
        return {
            "conversations": list(subject.conversations), "tickets": list(subject.tickets),
            "rows": counts, "outside": list(hands.outside),
        }  # fmt: skip

    async def begin(self, contact: str, *, by: str, origin: str = "") -> Erasure:
        """Put the tombstones up; from now on the person is forgotten, though not yet wiped. Raises
        `NotFound` if nothing is known of them, and never was."""
        hands = self._hands
        subject = await find_subject(hands.database, hands.graves, contact)
        if not await self._knows(subject) and not await self._ledger.was_begun(contact):
            raise NotFound("no such contact")
        erasure = await self._ledger.begin(
            contact, by=by, work={"subject": subject.model_dump(mode="json")}
        )
        await hands.audit.record(
            by, "contact.erase", erasure.contact, origin=origin,
            details={"erasure": erasure.id, "conversations": len(subject.conversations)},
        )  # fmt: skip
        if erasure.step == "begun":
            erasure = await self._step(erasure)
        return erasure

    async def go_on(self, erasure: Erasure, *, until: str = "done") -> Erasure:
        """All steps that are left, or those up to one."""
        while erasure.done_at is None and erasure.step != until:
            erasure = await self._step(erasure)
        return erasure

    async def resume(self) -> int:
        """End all that a crash or a request left behind; how many were ended. The disk is cleaned
        once for all of them."""
        waiting = await self._ledger.unfinished()
        ready: list[Erasure] = []
        for erasure in waiting:
            # From the first step: the store may have lost its tombstones in between.
            begun = erasure.model_copy(update={"step": "begun"})
            ready.append(await self.go_on(begun, until="knowledge"))
        if ready:
            for erasure in await self._clean(ready):
                await self.go_on(erasure)
        return len(waiting)

    async def find(self, identifier: str) -> Erasure | None:
        """How far one is."""
        return await self._ledger.find(identifier)

    async def arm(self) -> bool:
        """Put the tombstones up again in a store that lost them, or is older than they; True if it
        was. Whoever lives there again is cleared. What is being erased now is not looked at."""
        graves, ledger = self._hands.graves, self._ledger
        life = await graves.life()
        if await graves.is_armed(_sign(life, await ledger.count_buried())):
            return False
        names = await ledger.buried()
        unburied = await graves.find_unburied(names)
        if unburied:
            for trace, at in await ledger.entombed("event"):
                await graves.note_traces([trace], at_ms=int(at.timestamp() * 1000))
            if lived := await graves.bury_again(unburied):
                clean = await graves.rewrite()
                _log.warning("erased_conversations_were_back", count=lived, rewritten=clean)
        await graves.note_armed(_sign(life, len(names)))
        return bool(unburied)

    async def forget_traces(self, before: datetime) -> int:
        """Digests of events that no platform repeats any more."""
        await self._hands.graves.forget_bygone(int(before.timestamp() * 1000))
        return await self._ledger.forget_traces(before)

    async def _step(self, erasure: Erasure) -> Erasure:
        begun = time.monotonic()
        subject = Subject.model_validate(erasure.work["subject"])
        done = await self._acts[erasure.step](erasure, subject)
        done = done.model_copy(update={"step": STEPS[STEPS.index(erasure.step) + 1]})
        await self._ledger.save(done)
        _log.info(
            "erasure_step", erasure=done.id, step=done.step,
            seconds=round(time.monotonic() - begun, 3),
        )  # fmt: skip
        return done

    async def _entomb(self, erasure: Erasure, subject: Subject) -> Erasure:
        hands, talks = self._hands, subject.conversations
        random = [name for name in subject.contacts if name.startswith("ct_")]
        buried = {"conversation": talks, "ticket": subject.tickets, "contact": random}
        await self._ledger.entomb(buried, erasure=erasure.id)
        report, files, moment = erasure.report, set[str](), int(time.time() * 1000)
        traces: set[str] = set()
        posts = read_posts(report)
        letters: dict[str, int] = {}
        for name in talks:
            remains = await hands.graves.entomb(name)
            events = remains.events | await self._archived_events(name)
            traces |= set(map(trace_of, events))
            head = remains.head or await self._archived_head(name)
            sent = remains.sent or await self._archived_sends(name)
            posts += posts_of(head, sent, events)
            for key, count in letters_of(sent, events).items():
                letters[key] = letters.get(key, 0) + count
            files |= {
                file.id for entry in remains.entries for file in entry.attachments or () if file.id
            }
        await hands.graves.note_traces(sorted(traces), at_ms=moment)
        await self._ledger.entomb({"event": traces}, erasure=erasure.id)
        async with hands.database.read() as connection:
            files |= await files_in(connection, talks)
        report = {**report, "slack_posts": [post.public() for post in joined(posts)]}
        if letters:
            report["letters"] = letters
        work = {**erasure.work, "files": sorted(files)}
        return erasure.model_copy(update={"report": report, "work": work})

    async def _clear_store(self, erasure: Erasure, subject: Subject) -> Erasure:
        graves, report = self._hands.graves, erasure.report
        for name in subject.conversations:
            report = merge(report, (await graves.clear(name)).counts)
        needles = {*subject.needles, *subject.contacts, *subject.tickets}
        removed = await graves.clear_names(subject.conversations, needles)
        return erasure.model_copy(update={"report": merge(report, removed.counts)})

    async def _delete_rows(self, erasure: Erasure, subject: Subject) -> Erasure:
        articles = await self._articles(subject)
        counts: dict[str, int] = {}
        places = await self._tables()
        async with self._hands.database.write() as connection:
            for place in places:
                if count := await erase_rows(connection, place, subject):
                    counts[place.name] = count
        report, trained = merge(erasure.report, counts), counts.get("corrections", 0)
        work = {
            **erasure.work, "trained": erasure.work.get("trained", 0) + trained,
            "articles": listed([*erasure.work.get("articles", ()), *articles]),
        }  # fmt: skip
        return erasure.model_copy(update={"report": report, "work": work})

    async def _delete_files(self, erasure: Erasure, subject: Subject) -> Erasure:
        files, count = self._hands.files, 0
        if files is not None:
            for name in subject.conversations:
                count += await files.forget(name)
            for name in erasure.work.get("files") or ():
                count += await files.forget_one(name)
        count += self._hands.forget_exports(subject.contact)
        report = merge(erasure.report, {"files": count} if count else {})
        return erasure.model_copy(update={"report": report})

    async def _delete_knowledge(self, erasure: Erasure, subject: Subject) -> Erasure:
        count = await self._hands.forget_articles(erasure.work.get("articles") or ())
        report = merge(erasure.report, {"articles": count} if count else {})
        if erasure.work.get("trained") and (files := self._hands.forget_learned()):
            report = merge(report, {"trained_files": files})
        return erasure.model_copy(update={"report": report})

    async def _clean_disk(self, erasure: Erasure, subject: Subject) -> Erasure:
        return (await self._clean([erasure]))[0]

    async def _clean(self, erasures: Sequence[Erasure]) -> list[Erasure]:
        """What was still needed of the people goes before the disk is cleaned, not after it."""
        lean: list[Erasure] = []
        for erasure in erasures:
            subject = Subject.model_validate(erasure.work["subject"])
            kept = Subject(
                contact=erasure.contact, conversations=subject.conversations,
                tickets=subject.tickets,
            )  # fmt: skip
            work = {"subject": kept.model_dump(mode="json")}
            lean.append(erasure.model_copy(update={"work": work}))
            await self._ledger.save(lean[-1])
        clean = await scrub_database(self._hands.database)
        rewritten = await self._hands.graves.rewrite()
        found = {"database_clean": clean, "store_rewritten": rewritten}
        return [
            one.model_copy(update={"report": {**one.report, **found}, "step": "disk"})
            for one in lean
        ]

    async def _finish(self, erasure: Erasure, subject: Subject) -> Erasure:
        report = {
            **erasure.report, "conversations": len(subject.conversations),
            "tickets": len(subject.tickets), "outside": list(self._hands.outside),
        }  # fmt: skip
        await self._hands.audit.record(
            "house",
            "contact.erased",
            erasure.contact,
            details={"erasure": erasure.id, "removed": report.get("removed") or {}},
        )
        return erasure.model_copy(
            update={
                "report": report, "work": work_of(read_posts(report)),
                "done_at": datetime.now(UTC),
            }
        )  # fmt: skip

    async def _knows(self, subject: Subject) -> bool:
        if subject.conversations or subject.tickets or subject.customers:
            return True
        async with self._hands.database.read() as connection:
            for place in await self._tables():
                if await count_rows(connection, place, subject):
                    return True
        return False

    async def _tables(self) -> list[Place]:
        """Asked for once: tables come with migrations, and those with a start."""
        if not self._places:
            self._places = await present(self._hands.database)
        return self._places

    async def _archived_events(self, conversation: str) -> frozenset[str]:
        query = select(entries.c.event).where(
            entries.c.conversation == conversation, entries.c.role != "ai"
        )
        async with self._hands.database.read() as connection:
            return frozenset((await connection.execute(query)).scalars().all())

    async def _archived_head(self, conversation: str) -> Head | None:
        query = select(snapshots.c.head).where(snapshots.c.conversation == conversation)
        async with self._hands.database.read() as connection:
            raw: dict[str, str] | None = (await connection.execute(query)).scalar_one_or_none()
        if not raw:
            return None
        return parse_head(conversation, {k.encode(): v.encode() for k, v in raw.items()})

    async def _archived_sends(self, conversation: str) -> tuple[tuple[str, str], ...]:
        query = select(snapshots.c.sends).where(snapshots.c.conversation == conversation)
        async with self._hands.database.read() as connection:
            raw: dict[str, str] | None = (await connection.execute(query)).scalar_one_or_none()
        kept = {name.encode(): value.encode() for name, value in (raw or {}).items()}
        return tuple(read_sends(kept)[0])

    async def _articles(self, subject: Subject) -> list[str]:
        """Articles made of this person's conversations that hold something of theirs."""
        reviews = table("knowledge_reviews", column("document"), column("conversation"))
        documents = table("knowledge_documents", column("id"), column("text"), column("title"))
        found: list[str] = []
        async with self._hands.database.read() as connection:
            for start in range(0, len(subject.conversations), AT_ONCE):
                query = (
                    select(documents.c.id, documents.c.title, documents.c.text)
                    .join(reviews, reviews.c.document == documents.c.id)
                    .where(reviews.c.conversation.in_(subject.conversations[start:][:AT_ONCE]))
                )
                for name, title, text in (await connection.execute(query)).all():
                    words = f"{title}\n{text}".casefold()
                    if any(needle.casefold() in words for needle in subject.needles):
                        found.append(name)
        return found
