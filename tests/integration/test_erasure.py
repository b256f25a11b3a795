"""Forgetting a person: on a real store and both databases, with everything that is late."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.archive.follower import ArchiveFollower
from core.archive.lives import ArchiveLives
from core.archive.standings import Standings
from core.bus.bygone import turn_away
from core.bus.expiry import Expiry
from core.bus.keys import ConversationKeys
from core.bus.proofs import StoredProofs
from core.bus.rebuild import StoreWatch
from core.conversation import ONE_TIME_CODE, Accepted
from core.errors import NotFound
from core.identity.claims import VERIFIED, note_of_place
from core.identity.keeper import ContactKeeper
from core.identity.people import SqlPeople
from core.ids import reply_entry_id
from core.messages import Address, Author
from core.ports import Delta
from core.privacy.erasure import Eraser, Hands
from tests.fakes.store_copy import copy_of, put_back
from tests.fakes.vault import MemoryVault
from tests.integration.erasure_rig import BOTH, CANARY, CONTACT, House, database, house, named

__all__ = ["database", "house"]


async def test_nothing_of_an_erased_person_is_left_in_the_store_or_in_sql(house: House) -> None:
    name = await house.talk(2)
    await house.archive()
    assert CANARY.encode() in await house.everything()

    report = await house.erase()

    left = await house.everything()
    assert CANARY.encode() not in left
    assert b"471108154711" not in left
    assert report["removed"]["entries"] == 4
    assert report["conversations"] == 1
    with pytest.raises(NotFound):
        await house.bus.log.head(name)
    again = await house.erase()
    assert again["database_clean"]
    assert again["store_rewritten"]
    lines = await house.audit.list()
    assert [line.what for line in lines] == ["contact.erased", "contact.erase"] * 2
    assert lines[0].whom.startswith("digest:")
    assert (await house.audit.verify()).whole


@BOTH
async def test_a_bare_name_stands_for_whoever_claims_it_but_never_for_who_proved_another(
    house: House,
) -> None:
    claimed, proved = await named(house, "a claim"), await named(house, "hers alone")
    await house.archive()
    place, mail = Address(channel="rest", chat=proved), "eva@example.org"
    proofs = StoredProofs(house.bus.calls)
    assert await proofs.prove(proved, place, contact=mail, email=mail, level=ONE_TIME_CODE)
    await house.bus.log.accept(note_of_place("proof:1", proved, place, VERIFIED, mail, "Code."))
    await house.archive()
    people = ContactKeeper(SqlPeople(house.database), house.bus.log)
    assert await people.look() == 2

    done = await house.eraser.go_on(await house.eraser.begin("anna-5512", by="tests"))

    assert done.report["conversations"] == 1
    with pytest.raises(NotFound):
        await house.bus.log.head(claimed)
    assert (await house.bus.log.head(proved)).contact == mail
    left = await house.everything()
    assert b"a claim" not in left
    assert left.count(b"hers alone") > 1  # in the store, and in its row of the archive


async def test_a_turn_in_flight_commits_nothing(house: House) -> None:
    name = await house.open()
    await house.bus.log.accept(house.event(name, f"I am {CANARY}"))
    claim = await house.claim(name)
    await house.bus.log.note_step(claim, {"tool": CANARY})
    await house.erase()

    assert not await house.bus.log.note_step(claim, {"tool": CANARY})
    assert (await house.bus.log.commit(claim, house.turn(claim))).outcome == "stale"
    await house.bus.live.publish_delta(
        Delta(conversation=name, id=reply_entry_id(name, 1), attempt=1, part=0, text=CANARY)
    )
    await house.bus.unseen.note_email(name, f"{CANARY}@example.org")
    assert CANARY.encode() not in await house.everything()


async def test_late_words_and_repeats_of_platforms_come_to_nothing(house: House) -> None:
    old = await house.talk()
    await house.archive()
    await house.erase()
    with pytest.raises(NotFound):
        await house.bus.log.accept(house.event(old, f"late {CANARY}"))
    made = await house.open()
    done = await house.bus.log.accept(house.event(made, f"I am {CANARY}", number=1))
    assert done.duplicate
    left = await house.everything()
    assert CANARY.encode() not in left
    assert b"471108154711" not in left
    with pytest.raises(NotFound):
        await house.bus.log.head(made)

    fresh = await house.open()
    assert fresh not in {old, made}
    done = await house.bus.log.accept(house.event(fresh, "a new matter"))
    assert (done.seq, done.duplicate) == (1, False)
    assert (await house.claim(fresh)).state == {}


async def test_a_word_said_while_a_platform_repeats_what_was_erased_is_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.talk()
    await house.erase()
    fresh = await house.open()

    async def say_first(*given: Any, **how: Any) -> Accepted:
        """Another process takes it in between the two steps."""
        await house.bus.log.accept(house.event(fresh, "a new matter"))
        return await turn_away(*given, **how)

    monkeypatch.setattr("core.bus.log.turn_away", say_first)
    repeated = house.event(fresh, f"I am {CANARY}", number=1)
    assert (await house.bus.log.accept(repeated)).duplicate

    assert await house.open() == fresh
    assert [entry.text for entry in await house.bus.log.entries(fresh)] == ["a new matter"]
    assert (await house.claim(fresh)).seen == 1


@BOTH
async def test_a_late_batch_of_the_archive_writes_nothing_of_it(house: House) -> None:
    await house.talk()
    stop = asyncio.Event()
    batch = await anext(house.bus.journal.follow("archive", "slow", stop))
    await house.erase()
    await house.follower.store(batch)
    assert CANARY.encode() not in await house.everything()


async def test_a_conversation_that_had_left_the_store_is_not_brought_back(house: House) -> None:
    name = await house.talk()
    await house.archive()
    keys = ConversationKeys.of(name)
    await house.bus.calls.command("HDEL", keys.head, "w:customer")
    expiry = Expiry(house.bus.calls, house.vault, days=0)
    assert await expiry.take_out(name, datetime.now(UTC) + timedelta(days=1))
    snapshot = await house.vault.find_snapshot(name)
    await house.erase()
    assert snapshot is not None
    await house.vault.keep_snapshot(snapshot)  # one that was being written down just then
    assert not await house.bus.log.bring_back(name)
    older = MemoryVault()  # one that knows nothing of tombstones
    older.snapshots[name] = snapshot
    house.bus.log.keep_in(older)
    assert not await house.bus.log.bring_back(name)
    assert CANARY.encode() not in await house.everything()


class Killed(BaseException):
    """The process ends here."""


async def test_an_erasure_that_was_cut_short_is_ended_later(house: House) -> None:
    for step in ("begun", "entombed", "store", "rows", "files"):
        await house.talk()
        await house.archive()
        dying = Eraser(Hands(house.database, house.graves, house.audit, files=house.files))
        acts: dict[str, Any] = dying._acts  # pyright: ignore[reportPrivateUsage]

        async def die(*given: Any, act: Any = acts[step]) -> None:
            await act(*given)
            raise Killed

        acts[step] = die
        with pytest.raises(Killed):
            await dying.go_on(await dying.begin(CONTACT, by="tests"))
        assert await house.eraser.resume() == 1
        assert CANARY.encode() not in await house.everything(), step
        assert await house.eraser.resume() == 0


async def test_a_store_that_was_lost_knows_the_tombstones_again(house: House) -> None:
    name = await house.talk()
    await house.archive()
    snapshot_of = await house.bus.log.head(name)
    await house.erase()
    await house.eraser.arm()
    assert not await house.eraser.arm()
    await house.bus.client.flushall()  # pyright: ignore[reportUnknownMemberType]
    assert await house.eraser.arm()
    assert await house.graves.is_erased(snapshot_of.id)
    fresh = await house.open()
    assert (await house.bus.log.accept(house.event(fresh, CANARY, number=1))).duplicate


@BOTH
@pytest.mark.parametrize("is_noticed", [True, False])
async def test_who_was_erased_does_not_live_again_in_an_older_store_that_was_put_back(
    house: House, is_noticed: bool
) -> None:
    watch = StoreWatch(house.bus, ArchiveLives(house.database))
    await watch.look()
    standings = Standings(house.bus.calls, shards=house.bus.settings.shards)
    house.follower = ArchiveFollower(
        house.bus.journal, house.bus.log, house.database, standings=standings
    )
    await house.eraser.arm()
    name = await house.talk()
    await house.archive()
    before = await copy_of(house.bus)
    await house.erase()
    await house.eraser.arm()
    other = await house.bus.log.create(Address(channel="rest", chat=""), contact="ct_other")
    if is_noticed:  # else the archive wrote nothing since, and takes it for the store of just now
        place = Address(channel="rest", chat=other)
        said = {"id": "rest:other:1", "author": Author(role="customer"), "address": place}
        await house.bus.log.accept(house.event(other, "stays").model_copy(update=said))
        await house.archive()

    await put_back(house.bus, before)
    assert await watch.look() == ("older" if is_noticed else None)
    assert await house.eraser.arm()

    left = await house.everything()
    assert CANARY.encode() not in left
    assert b"471108154711" not in left
    with pytest.raises(NotFound):
        await house.bus.log.head(name)
    assert [entry.text for entry in await house.bus.log.entries(other)] == ["stays"] * is_noticed
    fresh = await house.open()
    assert (await house.bus.log.accept(house.event(fresh, CANARY, number=1))).duplicate
    assert not await house.eraser.arm()


async def test_a_file_on_its_way_while_its_conversation_is_erased_is_not_kept(
    house: House, data_dir: Path
) -> None:
    name = await house.talk()
    await house.files.put(CANARY.encode(), name="before.txt", conversation=name)
    await house.erase()
    with pytest.raises(NotFound):
        await house.files.put(CANARY.encode(), name="after.txt", conversation=name)
    assert not [path for path in (data_dir / "files").rglob("*") if path.is_file()]


async def test_the_journal_keeps_its_followers_places_when_a_person_is_taken_out(
    house: House,
) -> None:
    await house.talk()
    other = await house.bus.log.create(Address(channel="rest", chat=""), contact="ct_other")
    said = house.event(other, "stays")
    await house.bus.log.accept(said.model_copy(update={"id": "rest:other:1"}))
    stop = asyncio.Event()
    batches = house.bus.journal.follow("archive", "one", stop)
    first = await anext(batches)
    await house.erase()
    fresh = await house.open()
    await house.bus.log.accept(house.event(fresh, "after it"))
    await house.bus.journal.ack("archive", first)
    second = await anext(batches)
    assert [record.entry.text for record in second if record.entry] == ["after it"]
    stop.set()
