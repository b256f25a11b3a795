"""A one-time code: offered where proof is missing, good once, for who asked for it."""

from __future__ import annotations

import pytest

from core.bus.connect import Bus
from core.errors import NotFound
from core.identity.links import FRAGMENT
from core.ids import ConversationId
from core.messages import Address
from tests.integration.proof_rig import EVA, SECRET_ORDER, TOKENS, Person, World, world


async def proved(here: World) -> Person:
    """A person who proved over REST that they are Eva."""
    person = await here.person()
    await person.call("POST", "/verify", {"email": EVA})
    status, _ = await person.call("POST", "/verify/confirm", {"code": here.mailbox.codes[-1][1]})
    assert status == 200
    return person


async def test_who_may_not_see_something_yet_is_offered_a_code_and_then_sees_it(bus: Bus) -> None:
    async with world(bus) as here:
        person = await here.person()
        refused = await person.say("Where is my order?")
        assert SECRET_ORDER not in refused["text"] and "first have to be sure" in refused["text"]
        assert refused["parts"][0]["buttons"][0]["value"] == "prove"
        sent = await person.say(f"It is {EVA.upper()}")
        assert "A code is on its way" in sent["text"]
        ((to, code),) = here.mailbox.codes
        assert to == EVA and len(code) == 6
        wrong = await person.say("000000" if code != "000000" else "111111")
        assert "4 more times" in wrong["text"]
        told = await person.say(f" {code[:3]} {code[3:]} ")
        assert told["text"].startswith("Thank you") and SECRET_ORDER in told["text"]
        head = await bus.log.head(ConversationId(person.id))
        assert (head.contact, head.level, head.email) == (EVA, 3, EVA)
        assert here.mailbox.proofs == [(EVA, person.id)]
        assert "You said" in (await person.say(code))["text"]


async def test_the_first_offer_is_in_one_language(bus: Bus) -> None:
    async with world(bus) as here:
        refused = await (await here.person()).say("Wo ist meine order?")
        assert refused["parts"][0]["buttons"][0]["label"] == "Code per E-Mail schicken"
        assert "Mail" in refused["text"] and "first have to be sure" not in refused["text"]


async def test_five_wrong_codes_and_the_right_one_is_void(bus: Bus) -> None:
    async with world(bus) as here:
        person = await here.person()
        status, sent = await person.call("POST", "/verify", {"email": EVA})
        assert (status, sent) == (202, {"sent": True, "minutes": 10})
        code = here.mailbox.codes[0][1]
        wrong = [str((int(code) + step) % 1_000_000).zfill(6) for step in range(1, 6)]
        answers = [await person.call("POST", "/verify/confirm", {"code": one}) for one in wrong]
        assert [status for status, _ in answers] == [400] * 5
        assert [problem["code"] for _, problem in answers] == ["wrong_code"] * 4 + ["code_gone"]
        status, problem = await person.call("POST", "/verify/confirm", {"code": code})
        assert (status, problem["code"]) == (400, "code_gone")
        assert (await bus.log.head(ConversationId(person.id))).level == 0


async def test_a_turn_that_is_done_again_mails_no_second_code(bus: Bus) -> None:
    async with world(bus) as here:
        person = await here.person()
        head = await bus.log.head(ConversationId(person.id))
        place = Address(channel="rest", chat=person.id)
        for key in ("7", "7", "8"):
            await here.verifier.ask(head, place, EVA, language="cs", key=key)
        assert len(here.mailbox.codes) == 2
        entered = await here.verifier.enter(head, place, here.mailbox.codes[-1][1])
        assert entered.outcome == "proved"


async def test_a_code_is_good_once_and_only_where_it_was_asked_for(bus: Bus) -> None:
    async with world(bus) as here:
        person, thief = await here.person(), await here.person()
        await person.call("POST", "/verify", {"email": EVA})
        code = {"code": here.mailbox.codes[0][1]}
        assert (await thief.call("POST", "/verify/confirm", code))[1]["code"] == "code_gone"
        assert (await person.call("POST", "/verify/confirm", code))[0] == 200
        assert (await person.call("POST", "/verify/confirm", code))[1]["code"] == "code_gone"
        desk = await person.call("POST", "/verify", {"email": EVA}, token="an-admin-token-of-tests")
        assert desk[0] == 403
        for path in ("/verify", "/verify/confirm"):
            body = {"email": EVA} if path == "/verify" else code
            assert (await person.call("POST", path, body, token=thief.token))[0] == 404


async def test_codes_are_few_and_the_answer_is_the_same_for_every_address(bus: Bus) -> None:
    async with world(bus, per_address_hour=2, per_conversation_hour=3) as here:
        person, other = await here.person(), await here.person()
        known = await person.call("POST", "/verify", {"email": EVA})
        assert known == await person.call("POST", "/verify", {"email": "nobody@example.org"})
        assert (await other.call("POST", "/verify", {"email": EVA}))[0] == 202
        assert (await other.call("POST", "/verify", {"email": EVA.upper()}))[0] == 429
        assert (await person.call("POST", "/verify", {"email": "third@example.org"}))[0] == 202
        assert (await person.call("POST", "/verify", {"email": "more@example.org"}))[0] == 429
        assert (await person.call("POST", "/verify", {"email": "no address"}))[0] == 400
        assert len(here.mailbox.codes) == 4


async def test_what_is_proved_elsewhere_is_closed_to_tokens_of_before(bus: Bus) -> None:
    async with world(bus) as here:
        person = await here.person()
        conversation = ConversationId(person.id)
        old = TOKENS.issue(conversation)
        assert await here.writes("/start", "7", 1, TOKENS.issue(conversation)) == conversation
        await here.writes("My orders, please", "7", 2)
        place = Address(channel="telegram", account="1", chat="7")
        await here.proofs.prove(conversation, place, contact=EVA, email=EVA, level=3)
        for method, path in (("GET", ""), ("GET", "/entries"), ("POST", "/links")):
            assert (await person.call(method, path))[0] == 404
        assert (await person.call("POST", "/messages", {"text": "My order?"}))[0] == 404
        # A link of the time before leads nowhere; who proves the same gets in again.
        assert await here.writes("/start", "8", 1, old) != conversation
        await person.call("POST", "/verify", {"email": EVA})
        code = here.mailbox.codes[-1][1]
        assert (await person.call("POST", "/verify/confirm", {"code": code}))[0] == 200
        assert (await person.call("GET", ""))[1]["id"] == conversation
        assert await here.writes("still here", "7", 3) == conversation


async def test_who_was_in_it_before_somebody_proved_begins_another_one(bus: Bus) -> None:
    async with world(bus) as here:
        person = await here.person()
        conversation = ConversationId(person.id)
        await here.writes("/start", "66", 1, TOKENS.issue(conversation))
        await person.call("POST", "/verify", {"email": EVA})
        await person.call("POST", "/verify/confirm", {"code": here.mailbox.codes[0][1]})
        away = await here.writes("My order?", "66", 2)
        assert away != conversation
        assert await here.writes("And now?", "66", 3) == away
        texts = [entry.text for entry in await bus.log.entries(conversation)]
        assert "My order?" not in texts


async def test_a_link_from_one_who_proved_opens_it_once(bus: Bus) -> None:
    async with world(bus) as here:
        person = await proved(here)
        status, links = await person.call("POST", "/links")
        assert status == 201 and links["web"].endswith(f"#{FRAGMENT}{links['token']}")
        assert await here.writes("/start", "7", 1, links["token"]) == person.id
        assert await here.writes("my order", "7", 2) == person.id
        assert await here.writes("/start", "8", 1, links["token"]) != person.id


async def test_in_a_chat_a_link_to_the_page_is_asked_for_by_a_word(bus: Bus) -> None:
    async with world(bus) as here:
        person = await proved(here)
        said = await person.say("/web")
        link = said["text"].split(f"https://shop.example/help#{FRAGMENT}")[1].split()[0]
        found = TOKENS.read(link)
        sealed = (await bus.log.head(ConversationId(person.id))).sealed
        assert found is not None and (found.conversation, found.sealed) == (person.id, sealed)
        assert not found.mailed


async def test_another_address_that_is_proved_closes_it_to_the_first(bus: Bus) -> None:
    async with world(bus) as here:
        person = await proved(here)
        place = Address(channel="telegram", account="1", chat="7")
        conversation = ConversationId(person.id)
        await here.proofs.prove(
            conversation, place, contact="jan@example.org", email="jan@example.org", level=3
        )
        head = await bus.log.head(conversation)
        assert [one.chat for one in head.proved] == ["7"]
        assert not await here.proofs.admit(conversation, place, sealed=head.sealed + 1)


async def test_answers_go_to_the_place_of_the_proof_and_open_lines_of_before_end(bus: Bus) -> None:
    async with world(bus) as here:
        person = await here.person()
        conversation = ConversationId(person.id)
        await here.writes("/start", "66", 1, TOKENS.issue(conversation))
        await person.call("POST", "/verify", {"email": EVA})
        heads = {"Authorization": f"Bearer {person.token}"}
        url = f"{here.doors.api}/conversations/{person.id}/events"
        async with here.http.get(url, headers=heads) as line:
            await line.content.readuntil(b"retry")
            code = {"code": here.mailbox.codes[0][1]}
            assert (await person.call("POST", "/verify/confirm", code))[0] == 200
            head = await bus.log.head(conversation)
            assert head.address is not None and head.address.channel == "rest"
            await here.reply(person.id, "Your order FH-777 has left")
            assert b"FH-777" not in await line.content.read()


async def test_a_word_from_elsewhere_does_not_enter_what_is_proved(bus: Bus) -> None:
    async with world(bus) as here:
        person = await proved(here)
        event = here.word(person.id, Address(channel="web", chat="somebody"))
        with pytest.raises(NotFound):
            await bus.log.accept(event)
        assert (await bus.log.head(ConversationId(person.id))).address == Address(
            channel="rest", chat=person.id
        )
