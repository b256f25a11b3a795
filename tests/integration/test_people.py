"""Whose conversations are, by what they show; people that turn out to be one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy import insert

from core.archive.database import open_database
from core.archive.settings import DatabaseSettings
from core.customers.reading import find_customer
from core.customers.records import Subject
from core.customers.tables import customers
from core.errors import Conflict, InputError, NotFound
from core.identity.addresses import reach
from core.identity.merging import Merging
from core.identity.people import SqlPeople
from tests.integration.people_rig import head_of, note, settled

EVA = "eva@example.org"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def people(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[SqlPeople]:
    postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres").create() if postgres else None
    settings = DatabaseSettings.model_validate({"data_dir": tmp_path, "url": url})
    async with open_database(settings) as database:
        await database.migrate()
        yield SqlPeople(database)


async def test_who_comes_again_is_the_same_contact(people: SqlPeople) -> None:
    first = await settled(people, head_of("telegram:42", 1, "telegram"))
    again = await settled(people, head_of("telegram:42", 1, "telegram"))
    other = await settled(people, head_of("telegram:43", 1, "telegram"))
    assert first == again != other
    assert first.startswith("ct_") and len(first) == 25
    (identity,) = await people.identities(first)
    assert (identity.channel, identity.value, identity.level) == ("telegram", "42", 1)


async def test_a_bare_claim_never_joins_what_is_proved(people: SqlPeople) -> None:
    real = await settled(people, head_of(EVA, 1, "email", EVA))
    liar = await settled(people, head_of(EVA, 0, "email", EVA))
    typed = await settled(people, head_of(EVA, 0, "rest"))
    assert real not in {liar, typed}
    assert len((await people.everything(real)).conversations) == 1
    assert [one.level for one in await people.identities(liar)] == [0]


async def test_a_word_of_somebody_unproved_does_not_take_a_conversation_away(
    people: SqlPeople,
) -> None:
    head = head_of("telegram:42", 1, "telegram")
    mine = await settled(people, head)
    claimed = head.model_copy(update={"level": 0, "contact": EVA})
    assert await settled(people, claimed) == mine
    assert len(await people.identities(mine)) == 1


async def test_a_conversation_that_walks_is_one_persons(people: SqlPeople) -> None:
    head = head_of(None, 0, "telegram", "42")
    linked = note("linked", "telegram:42")
    first = await settled(people, head, linked)
    proved = head.model_copy(update={"contact": EVA, "level": 3})
    verified = note("verified", EVA, seq=5)
    assert await settled(people, proved, linked, verified) == first
    known = [(one.channel, one.level, one.evidence) for one in await people.identities(first)]
    assert sorted(known) == [("email", 3, "code"), ("telegram", 3, "code")]
    assert set(await people.names_of("telegram:42")) == {"telegram:42", EVA}
    assert await people.names_of("telegram:7") == ["telegram:7"]


async def test_who_was_led_in_before_somebody_else_proved_is_not_the_same_person(
    people: SqlPeople,
) -> None:
    linked = note("linked", "telegram:66")
    head = head_of(None, 0, "rest").model_copy(
        update={"contact": EVA, "level": 3, "email": EVA, "sealed": 3, "proved": ()}
    )
    eva = await settled(people, head, linked, note("verified", EVA, "rest", seq=4))
    assert [one.channel for one in await people.identities(eva)] == ["email"]
    assert await people.names_of("telegram:66") == ["telegram:66"]


async def test_who_followed_a_link_is_not_the_one_who_gave_it(people: SqlPeople) -> None:
    giver = head_of("u-17", 2, "web")
    contact = await settled(people, giver, note("linked", "telegram:42"))
    assert [one.value for one in await people.identities(contact)] == ["u-17"]
    other = await settled(people, head_of("telegram:42", 1, "telegram"))
    assert other != contact
    assert await people.names_of("u-17") == ["u-17"]


async def test_two_users_of_a_page_with_one_address_are_two_people(people: SqlPeople) -> None:
    signed = head_of("eva", 2, "web").model_copy(update={"email": EVA})
    eva = await settled(people, signed)
    other = head_of("mallory", 2, "web").model_copy(update={"email": EVA})
    mallory = await settled(people, other)
    assert mallory != eva
    assert await settled(people, other) == mallory
    assert [one.value for one in await people.identities(mallory)] == ["mallory"]
    assert await people.names_of("mallory") == ["mallory"]
    (proposed,) = await Merging(people).list(mallory)
    assert proposed.state == "proposed"
    assert await settled(people, signed) == eva


async def test_two_proofs_of_two_people_propose_a_merge_and_do_none(people: SqlPeople) -> None:
    first = await settled(people, head_of(EVA, 3, "web"))
    signed = head_of("u-17", 2, "web").model_copy(update={"email": EVA})
    second = await settled(people, signed)
    assert second == first  # u-17 was nobody's: the page vouches for the address
    third = await settled(people, head_of("u-18", 2, "web"))
    both = head_of("u-18", 2, "web").model_copy(update={"email": EVA})
    assert await settled(people, both) == third != first
    (proposed,) = await Merging(people).list(third)
    assert proposed.state == "proposed" and "level 2 (page)" in proposed.evidence[0]
    assert {one.contact for one in await people.identities(first)} == {first}


async def test_the_weaker_proof_proposes_nothing(people: SqlPeople) -> None:
    first = await settled(people, head_of(EVA, 1, "email", EVA))
    await settled(people, head_of("u-18", 2, "web"))
    both = head_of("u-18", 2, "web").model_copy(update={"email": EVA})
    second = await settled(people, both)
    assert second != first
    assert await Merging(people).list(second) == []


async def test_a_merge_by_hand_needs_a_reason_and_can_be_undone(people: SqlPeople) -> None:
    merging = Merging(people)
    talks = [head_of("telegram:42", 1, "telegram"), head_of(EVA, 1, "email", EVA)]
    kept, gone = [await settled(people, head) for head in talks]
    await people.change(gone, {"name": "Eva", "notes": "likes tea"})
    await people.change(kept, {"notes": "likes coffee"})
    look = await merging.preview(kept, gone)
    assert (look.conversations, look.fields, look.by_evidence) == (1, ("name",), False)
    with pytest.raises(InputError, match="say why"):
        await merging.merge(kept, gone, by="Jana", reason=" ")
    done = await merging.merge(kept, gone, by="Jana", reason="She told us on the phone")
    everything = await people.everything(kept)
    assert set(everything.conversations) == {head.id for head in talks}
    assert everything.addresses == ("42", EVA)
    assert everything.contact.name == "Eva" and everything.contact.notes == "likes coffee"
    assert (await people.get(gone)).merged_into == kept
    assert [one.id for one in await people.browse()] == [kept]
    assert await settled(people, head_of(EVA, 1, "email", EVA)) == kept

    undone = await merging.undo(kept, done.id, by="Jana")
    assert (undone.state, undone.undone_by) == ("undone", "Jana")
    assert (await people.get(gone)).merged_into is None
    assert [one.value for one in await people.identities(gone)] == [EVA]
    assert (await people.get(kept)).name is None
    assert (await people.everything(gone)).conversations[0] == talks[1].id
    with pytest.raises(Conflict):
        await merging.undo(kept, done.id, by="Jana")


async def test_merges_at_once_both_ways_let_nobody_vanish(people: SqlPeople) -> None:
    merging = Merging(people)
    for n in range(10):
        one, two = [
            await settled(people, head_of(f"telegram:{n}{side}", 1, "telegram")) for side in "12"
        ]
        pairs = ((one, two), (two, one))
        ends = await asyncio.gather(
            *(merging.merge(*pair, by="Jana", reason="phone") for pair in pairs),
            return_exceptions=True,
        )
        assert sorted(type(end).__name__ for end in ends) == ["Conflict", "Merge"]
        assert len([one for one in await people.browse() if one.merged_into is None]) == n + 1


async def test_changes_at_once_are_all_found(people: SqlPeople) -> None:
    for n in range(10):
        contact = (await people.create({})).id
        await asyncio.gather(
            people.change(contact, {"name": f"Name{n}"}),
            people.change(contact, {"email": f"mail{n}@example.org"}),
        )
        for words in (f"name{n}", f"mail{n}"):
            assert [one.id for one in await people.browse(q=words)] == [contact]


async def test_an_identity_of_another_is_refused(people: SqlPeople) -> None:
    mine = await settled(people, head_of("telegram:42", 1, "telegram"))
    other = (await people.create({"name": "Other"})).id
    with pytest.raises(Conflict):
        await people.add_identity(other, reach("telegram", "42"), level=1, evidence="desk")
    claimed = await people.add_identity(other, reach("email", EVA), level=0, evidence="desk")
    await people.remove_identity(other, claimed.id)
    with pytest.raises(NotFound):
        await people.remove_identity(mine, claimed.id)


async def test_everything_about_a_contact_can_be_forgotten(people: SqlPeople) -> None:
    mine = await settled(people, head_of("telegram:42", 1, "telegram"))
    other = await settled(people, head_of("telegram:43", 1, "telegram"))
    await Merging(people).merge(mine, other, by="Jana", reason="one phone")
    assert await people.forget(mine) > 4
    for contact in (mine, other):
        with pytest.raises(NotFound):
            await people.get(contact)
    assert await people.forget(mine) == 0
    assert await settled(people, head_of("telegram:42", 1, "telegram")) != mine


async def test_people_are_found_by_name_and_address(people: SqlPeople) -> None:
    eva = await people.create({"name": "Eva Nováková"})
    await people.add_identity(eva.id, reach("email", EVA), level=0, evidence="desk")
    jan = await people.create({"name": "Jan"})
    assert [one.id for one in await people.browse(q="NOVÁK")] == [eva.id]
    assert [one.id for one in await people.browse(q="novakova")] == [eva.id]
    assert [one.id for one in await people.browse(q="example.org")] == [eva.id]
    assert await people.browse(q="%") == []
    newest, oldest = await people.browse()
    assert (newest.id, oldest.id) == (jan.id, eva.id)
    assert await people.browse(before=(oldest.updated_at, oldest.id)) == []


@pytest.mark.parametrize(
    ("channel", "text", "value"),
    [
        ("email", " Eva@Example.ORG ", EVA),
        ("email", "e\u200bva@example.org", EVA),
        ("email", "eva@ex\u0430mple.org", "eva@xn--exmple-4nf.org"),
        ("telegram", "telegram:42", "42"),
    ],
)
def test_an_address_is_the_same_however_it_is_written(channel: str, text: str, value: str) -> None:
    assert reach(channel, text).value == value


@pytest.mark.parametrize(
    "text", ["", "eva", "a@b", "a b@c.de", "<a@b.cz>", "a@b.cz, c@d.cz", "еva@b.cz"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        reach("email", text)


async def test_a_customer_is_known_by_every_identity_that_is_proved_to_be_theirs(
    people: SqlPeople,
) -> None:
    row = {"id": "c1", "name": "Eva", "email": EVA, "email_folded": EVA, "currency": "EUR"}
    proved = head_of(EVA, 3, "telegram", "42")
    async with people.writing() as connection:
        await connection.execute(insert(customers).values(**row))
    await settled(people, proved, note("linked", "telegram:42"), note("verified", EVA, seq=5))
    await settled(people, head_of(EVA, 0, "email", EVA))
    wanted = {("telegram:42", 1): "c1", (EVA, 3): "c1", ("telegram:42", 0): None,
              ("telegram:43", 1): None, (EVA, 0): None}  # fmt: skip
    async with people.reading() as connection:
        for (name, level), customer in wanted.items():
            subject = Subject(conversation="cv", contact=name, level=level)
            found = await find_customer(connection, subject)
            assert (found["id"] if found else None) == customer, (name, level)
