"""What becomes of a mail: a message, a note for people, a bounce to remember, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels.base import Arrival, House
from channels.email.intake import Bounced, Incoming, Intake
from channels.email.loops import LoopGuard
from core.conversation import Accepted
from core.errors import BusUnavailable, Conflict, DecodeError, InputError, NotFound
from core.ids import EventId
from core.limits import OwnLimits
from core.messages import Address
from core.phrases import load_phrases
from core.telemetry import MAIL_LOOPS

HELP, ANN = "help@shop.test", "ann@example.test"
AWAY = "I am out of the office until Monday and read no mail before that."
PHRASES = load_phrases(Path(__file__).resolve().parents[4] / "config" / "phrases", default="en")


class Log:
    """Takes arrivals, or does not."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.known: dict[str, str] = {}
        self.error: Exception | None = None
        self.has_conversation = True

    async def publish(self, arrival: Arrival) -> Accepted:
        if self.error is not None:
            raise self.error
        if arrival.kind == "note" and not self.has_conversation:
            raise NotFound("nothing to note it on")
        if self.known.setdefault(arrival.id, arrival.text) != arrival.text:
            raise Conflict("other words")
        self.arrivals.append(arrival)
        return Accepted(seq=len(self.arrivals))

    @property
    def kinds(self) -> list[str]:
        return [arrival.kind for arrival in self.arrivals]


class Desk:
    """An intake, what it reads, and what it published."""

    def __init__(self) -> None:
        self.log = Log()
        self.limits = OwnLimits()
        self.guard = LoopGuard(HELP, self.limits, unreachable_seconds=60)
        self.incoming: Incoming | Exception = Incoming(None, ANN)
        self.intake = Intake(
            HELP, read=self.read, guard=self.guard, most_bytes=25_000_000,
            house=House(phrases=PHRASES, limits=self.limits),
        )  # fmt: skip

    async def read(self, raw: bytes) -> Incoming:
        if isinstance(self.incoming, Exception):
            raise self.incoming
        return self.incoming

    async def takes(self, incoming: Incoming | Exception, raw: bytes = b"raw") -> None:
        self.incoming = incoming
        await self.intake.take(raw, self.log.publish)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def arrival(number: int = 1, text: str = "Where is my parcel?", **fields: object) -> Arrival:
    return Arrival.model_validate(
        {"id": EventId(f"email:{HELP}:{number}"), "text": text,
         "address": Address(channel="email", account=HELP, chat=ANN)} | fields
    )  # fmt: skip


async def test_a_persons_mail_is_a_message(desk: Desk) -> None:
    await desk.takes(Incoming(arrival(), ANN))
    assert desk.log.arrivals == [arrival()]


async def test_what_the_engine_does_not_read_is_kept_for_people_behind_the_message(
    desk: Desk,
) -> None:
    whole = "Where is my parcel?\n\n> It left on Monday.\n-- \nAnn"
    await desk.takes(Incoming(arrival(), ANN, whole=whole))
    message, note = desk.log.arrivals
    assert (message.kind, note.kind) == ("message", "note")
    assert (note.text, note.author.role) == (whole, "system")
    await desk.takes(Incoming(arrival(), ANN, whole=whole))
    assert [item.id for item in desk.log.arrivals[2:]] == [message.id, note.id]


async def test_automatic_mail_is_a_note_of_the_system(desk: Desk) -> None:
    await desk.takes(Incoming(arrival(text=AWAY), ANN, automatic="auto_reply"))
    (note,) = desk.log.arrivals
    assert (note.kind, note.author.role, note.text) == ("note", "system", AWAY)


async def test_a_thousand_automatic_mails_are_never_answered(desk: Desk) -> None:
    before = MAIL_LOOPS.labels("auto_reply")._value.get()
    for number in range(1000):
        await desk.takes(Incoming(arrival(number, AWAY), ANN, automatic="auto_reply"))
    assert set(desk.log.kinds) == {"note"}
    assert MAIL_LOOPS.labels("auto_reply")._value.get() == before + 1000


async def test_a_thousand_that_do_not_say_so_are_answered_once(desk: Desk) -> None:
    for number in range(1000):
        await desk.takes(Incoming(arrival(number, AWAY), ANN))
    assert desk.log.kinds.count("message") == 1


async def test_automatic_mail_that_belongs_nowhere_is_ignored(desk: Desk) -> None:
    desk.log.has_conversation = False
    await desk.takes(Incoming(arrival(text=AWAY), ANN, automatic="list"))
    assert desk.log.arrivals == []


async def test_a_final_bounce_is_noted_and_its_address_left_alone(desk: Desk) -> None:
    bounce = Bounced("Gone@Example.test", "5.1.1", final=True)
    shown = arrival(conversation="cv_01_" + "x" * 22)
    await desk.takes(Incoming(shown, "mailer-daemon@mx", automatic="bounce", bounce=bounce))
    assert desk.log.kinds == ["note"]
    assert await desk.limits.blocked("email:unreachable:gone@example.test") == "5.1.1"


async def test_a_bounce_that_shows_no_mail_of_ours_silences_nobody(desk: Desk) -> None:
    bounce = Bounced(ANN, "5.1.1", final=True)
    await desk.takes(Incoming(arrival(), "mailer-daemon@mx", automatic="bounce", bounce=bounce))
    assert await desk.limits.blocked(f"email:unreachable:{ANN}") is None


async def test_a_delay_is_no_reason_to_give_up(desk: Desk) -> None:
    bounce = Bounced(ANN, "4.4.7", final=False)
    await desk.takes(Incoming(arrival(), "mailer-daemon@mx", automatic="bounce", bounce=bounce))
    assert await desk.limits.blocked(f"email:unreachable:{ANN}") is None


async def test_who_writes_can_be_written_to_again(desk: Desk) -> None:
    await desk.guard.bounced(ANN, "5.1.1")
    await desk.takes(Incoming(arrival(), ANN))
    assert await desk.limits.blocked(f"email:unreachable:{ANN}") is None


async def test_a_message_id_that_is_used_again_for_other_words_is_another_mail(desk: Desk) -> None:
    await desk.takes(Incoming(arrival(text="One."), ANN), b"one")
    await desk.takes(Incoming(arrival(text="Two."), ANN), b"two")
    await desk.takes(Incoming(arrival(text="Two."), ANN), b"two")
    assert [found.text for found in desk.log.arrivals] == ["One.", "Two.", "Two."]
    first, second, again = (found.id for found in desk.log.arrivals)
    assert first != second == again


async def test_what_cannot_be_read_or_stored_does_not_stop_what_follows(desk: Desk) -> None:
    await desk.takes(DecodeError("killed"))
    desk.log.error = InputError("not like this")
    await desk.takes(Incoming(arrival(), ANN))
    desk.log.error = None
    await desk.takes(Incoming(arrival(2), ANN))
    assert len(desk.log.arrivals) == 1


async def test_while_the_store_is_away_the_mail_is_not_dealt_with(desk: Desk) -> None:
    desk.log.error = BusUnavailable("away")
    with pytest.raises(BusUnavailable):
        await desk.takes(Incoming(arrival(), ANN))
    with pytest.raises(BusUnavailable):
        await desk.takes(Incoming(arrival(), ANN, automatic="auto_reply"))


async def test_of_a_mail_that_is_too_large_the_beginning_is_taken_and_the_customer_is_told(
    desk: Desk,
) -> None:
    desk.incoming = Incoming(arrival(language="de"), ANN)
    await desk.intake.take_large(b"head", 31_000_000, desk.log.publish)
    message, told = desk.log.arrivals
    assert message.author.role == "customer"
    assert (told.kind, told.author.role) == ("message", "system")
    assert "31\u00a0MB" in told.text and "25\u00a0MB" in told.text and "E-Mail" in told.text


async def test_a_machine_is_not_told_that_its_mail_is_too_large(desk: Desk) -> None:
    desk.incoming = Incoming(arrival(), ANN, automatic="list")
    await desk.intake.take_large(b"head", 31_000_000, desk.log.publish)
    assert desk.log.kinds == ["note"]
