"""Answers of people become knowledge, measured drafts change who answers, a week is told of."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr
from sqlalchemy import insert

from channels.desk_acts import DeskActs
from channels.ingress import Ingress
from channels.slack.api import SlackApi
from channels.slack.desk.report import EVENT_TYPE, ReportPoster
from core.archive.autonomy import SqlAutonomy
from core.archive.database import Database, open_database
from core.archive.follower import ArchiveFollower
from core.archive.knowledge_reviews import KnowledgeReviews
from core.archive.learning_tables import drafts
from core.archive.reports import SqlReports
from core.archive.settings import DatabaseSettings
from core.archive.tables import entries, turns
from core.bus.connect import Bus
from core.conversation import Turnpike
from core.errors import Conflict, NotFound, PermanentDeliveryError, TemporaryDeliveryError
from core.ids import ConversationId, new_event_id
from core.language import LanguageDetector
from core.learning.autonomy import AutonomyRules
from core.learning.keeper import AutonomyKeeper
from core.learning.report import WeeklyReport, last_whole_week, span_of_week
from core.learning.reporter import ReportMaker
from core.learning.screener import Screener
from core.learning.settings import ReportSettings
from core.messages import Address, Author, InboundEvent
from kb.open import Knowledge, open_knowledge
from kb.settings import KnowledgeSettings
from switchboard.learning import KnowledgeDraftDoor, LearningDesk, put_forward
from switchboard.reporting import make_report
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors
from tests.fakes.knowledge import WordEmbedder
from tests.fakes.services import serving
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.server import BOT_TOKEN, SlackServer
from tests.integration.test_learning import until

ADA = Author(role="human_agent", name="Ada", id="desk:ada")
ANNA = Author(role="customer", name="Anna Berg")
QUESTION = "How do I reset the grinder?"
ANSWER = "Hold the reset button for 10 seconds until the light blinks."


@pytest.fixture
async def knowledge(database: Database, tmp_path: Path) -> AsyncIterator[Knowledge]:
    settings = KnowledgeSettings.model_validate({"exemplars_dir": tmp_path})
    async with open_knowledge(settings, database, embedder=WordEmbedder()) as opened:
        yield opened


@asynccontextmanager
async def doors_of(
    bus: Bus, database: Database, knowledge: Knowledge
) -> AsyncGenerator[tuple[Doors, aiohttp.ClientSession]]:
    reviews, detector = KnowledgeReviews(database), LanguageDetector()
    deps = replace(
        list_deps(bus),
        knowledge_drafts=KnowledgeDraftDoor(reviews, knowledge, detector, bus.log),
        learning=LearningDesk(database, SqlAutonomy(database, AutonomyRules()), knowledge),
    )
    heads = {"Authorization": f"Bearer {ADMIN}"}
    async with (
        open_doors(bus, deps=deps) as doors,
        aiohttp.ClientSession(headers=heads) as http,
    ):
        yield doors, http


async def talk(bus: Bus) -> tuple[ConversationId, DeskActs, str]:
    """A conversation with a question and a person's answer, and the answer's entry id."""
    name = await bus.log.create(Address(channel="rest", chat=""))
    acts = DeskActs(bus.log, Ingress(bus.log, channel="rest", turnpike=Turnpike()))
    question = f"This is Anna Berg, order number AB-10233. {QUESTION}"
    await bus.log.accept(
        InboundEvent(
            id=new_event_id("rest"), conversation=name, text=question, author=ANNA,
            address=Address(channel="rest", chat=name),
        )
    )  # fmt: skip
    await acts.say(name, "message", ANSWER, author=ADA, client_id="1")
    entry = (await bus.log.entries(name))[-1].id
    return name, acts, entry


async def test_an_answer_becomes_an_article_that_is_found_once_a_person_accepts(
    bus: Bus, database: Database, knowledge: Knowledge
) -> None:
    conversation, _, entry = await talk(bus)
    async with doors_of(bus, database, knowledge) as (doors, http):

        async def call(method: str, path: str, **body: object) -> tuple[int, dict[str, object]]:
            json = body or None
            async with http.request(method, f"{doors.api}{path}", json=json) as response:
                return response.status, await response.json()

        wish = {"conversation": conversation, "entry": entry}
        status, made = await call("POST", "/knowledge/drafts", **wish)
        assert (status, made["status"], made["question"]) == (
            201, "proposed", f"This is [name], order number [order]. {QUESTION}"
        )  # fmt: skip
        assert made["screening"]["verdict"] == "new"  # type: ignore[index]
        again = await call("POST", "/knowledge/drafts", **wish)
        assert again[1]["id"] == made["id"]
        assert not (await knowledge.searcher.search(QUESTION)).passages

        path = f"/knowledge/drafts/{made['id']}"
        edits = {"question": QUESTION, "category": "machines"}
        status, done = await call("POST", f"{path}/accept", **edits)
        assert (status, done["status"], done["document"]) == (
            200,
            "accepted",
            f"review-{made['id']}",
        )
        (found,) = (await knowledge.searcher.search(QUESTION)).passages
        assert (found.document, found.text) == (done["document"], ANSWER)
        (stored,) = await knowledge.list()
        assert (stored.source, stored.category) == (f"review:{made['id']}", "machines")
        assert (await call("POST", f"{path}/reject"))[0] == 409
        assert (await call("POST", f"{path}/accept", **edits))[0] == 200
        assert len(await knowledge.list()) == 1

        same = {"question": QUESTION, "answer": ANSWER.upper()}
        status, twin = await call("POST", "/knowledge/drafts", **same)
        assert twin["screening"]["verdict"] == "duplicate"  # type: ignore[index]
        status, refused = await call(
            "POST", "/knowledge/drafts", question=QUESTION, answer="Mail help@shop.example"
        )
        status, body = await call("POST", f"/knowledge/drafts/{refused['id']}/accept")
        assert (status, body["code"]) == (409, "personal_data")
        status, body = await call(
            "POST", f"/knowledge/drafts/{refused['id']}/accept",
            allow_personal=True, replaces=done["document"],
        )  # fmt: skip
        assert [item.id for item in await knowledge.list()] == [body["document"]]
        status, body = await call("GET", "/knowledge/drafts?status=all")
        assert [item["status"] for item in body["drafts"]] == ["accepted", "proposed", "accepted"]  # type: ignore[union-attr]
        assert (await call("POST", "/knowledge/drafts/kr_none/reject"))[0] == 404


async def test_what_people_save_at_their_desks_waits_for_review(
    bus: Bus, database: Database, knowledge: Knowledge
) -> None:
    conversation, acts, entry = await talk(bus)
    other, more, _ = await talk(bus)
    for _ in range(2):
        await acts.control(conversation, "save", author=ADA, reason=None, value=entry)
    await acts.control(conversation, "save", author=ADA, reason=None, value="nothing")
    written = await put_forward(
        database, bus.log, await bus.log.head(other), question=QUESTION,
        answer="Anna Berg, press it twice.", category=None, language="en", by="Ada",
    )  # fmt: skip
    await more.control(other, "save", author=ADA, reason=None, value=written)
    reviews = KnowledgeReviews(database)
    follower = ArchiveFollower(bus.journal, bus.log, database)
    screener = Screener(reviews, knowledge.searcher, LanguageDetector(), look_seconds=0.02)
    async with serving(follower, screener):

        async def are_screened() -> bool:
            return len(await reviews.list(status="proposed", limit=9)) == 2

        await until(are_screened)
    found = {item.conversation: item for item in await reviews.list(status=None, limit=9)}
    assert found[conversation].answer == ANSWER and found[conversation].proposed_by == "Ada"
    assert found[conversation].language == "en"
    assert found[other].answer == "[name], press it twice."
    assert await reviews.count_open() == 2


async def fill(database: Database, intent: str, count: int, outcome: str) -> None:
    """Measured drafts of an intent."""
    rows = [
        {
            "conversation": f"{intent}{outcome}", "seq": n, "id": f"d{n}", "by_button": False,
            "at": datetime.now(UTC), "specialist": "billing", "intent": intent, "language": "en",
            "outcome": outcome,
        }
        for n in range(count)
    ]  # fmt: skip
    async with database.write() as connection:
        await connection.execute(insert(drafts), rows)


async def test_the_measure_suggests_and_people_decide(database: Database) -> None:
    autonomy = SqlAutonomy(database, AutonomyRules(), clock=lambda: 0.0)
    keeper = AutonomyKeeper(database, autonomy)
    await fill(database, "refund", 12, "ignored")
    (made,) = await keeper.look()
    assert (made.intent, made.after, made.status) == ("billing.refund", "draft", "suggested")
    assert await keeper.look() == []
    assert await autonomy.mode_of("billing.refund") == "auto"
    done = await autonomy.decide(made.id, "applied", by="Ada")
    assert (done.decided_by, await autonomy.mode_of("billing.refund")) == ("Ada", "draft")
    assert await autonomy.decide(made.id, "applied", by="Bo") == done
    with pytest.raises(Conflict):
        await autonomy.decide(made.id, "dismissed", by="Bo")
    with pytest.raises(NotFound):
        await autonomy.decide("au_none", "applied", by="Bo")
    back = await autonomy.set("billing.refund", "auto", by="Ada", why="looked at all of them")
    assert (back.before, await autonomy.mode_of("billing.refund")) == ("draft", "auto")
    assert [change.why for change in await autonomy.changes()][-1] == "looked at all of them"


async def test_bad_ratings_and_hand_overs_in_anger_are_complaints(database: Database) -> None:
    now = datetime.now(UTC)

    def turn(seq: int, outcome: str, reason: str = "") -> dict[str, object]:
        receipt = {
            "triage": {"intent": "refund"}, "outcome": outcome, "escalation": {"reason": reason},
        }  # fmt: skip
        return {
            "conversation": "cv", "seq": seq, "at": now, "specialist": "billing",
            "receipt": receipt,
        }  # fmt: skip

    def rating(seq: int, value: str, of: int) -> dict[str, object]:
        return {
            "conversation": "cv", "seq": seq, "event": f"e{seq}", "at": now, "kind": "control",
            "role": "customer", "text": "", "folded": "", "action": "rate", "value": value,
            "body": {"in_reply_to": of},
        }  # fmt: skip

    async with database.write() as connection:
        told = [turn(2, "reply"), turn(4, "escalate", "complaint"), turn(6, "escalate", "request")]
        await connection.execute(insert(turns), told)
        rated = [rating(7, "down", 2), rating(8, "5", 2), rating(9, "1", 99)]
        await connection.execute(insert(entries), rated)
    autonomy = SqlAutonomy(database, AutonomyRules())
    assert await autonomy.complaints(now - timedelta(days=1)) == {"billing.refund": 2}
    assert await autonomy.complaints(now + timedelta(days=1)) == {}


async def test_where_the_file_allows_it_the_measure_acts_but_never_against_people(
    database: Database,
) -> None:
    rules = AutonomyRules.model_validate({"measured": {"apply": True, "pause_days": 0}})
    autonomy = SqlAutonomy(database, rules, clock=lambda: 0.0)
    await autonomy.set("billing.invoice", "auto", by="Ada")
    await fill(database, "refund", 12, "ignored")
    await fill(database, "invoice", 12, "ignored")
    made = {
        change.intent: change.status for change in await AutonomyKeeper(database, autonomy).look()
    }
    assert made == {"billing.refund": "applied", "billing.invoice": "suggested"}
    assert await autonomy.mode_of("billing.invoice") == "auto"
    assert await autonomy.mode_of("billing.refund") == "draft"


async def test_an_archive_that_is_away_leaves_everything_as_it_was(tmp_path: Path) -> None:
    clock = [0.0]
    async with open_database(DatabaseSettings(data_dir=tmp_path)) as database:
        await database.migrate()
        autonomy = SqlAutonomy(database, AutonomyRules(), clock=lambda: clock[0])
        await autonomy.set("billing.refund", "draft", by="Ada")
        assert await autonomy.mode_of("billing.refund") == "draft"
        async with database.write() as connection:
            await connection.exec_driver_sql("ALTER TABLE autonomy_changes RENAME TO gone")
        clock[0] = 60.0
        assert await autonomy.mode_of("billing.refund") == "draft"


async def make(database: Database, week: str) -> WeeklyReport:
    return await make_report(database, SqlAutonomy(database, AutonomyRules()), None, week)


async def test_the_report_is_made_once_and_posted_once(bus: Bus, database: Database) -> None:
    await fill(database, "refund", 12, "ignored")
    await AutonomyKeeper(database, SqlAutonomy(database, AutonomyRules())).look()
    reports, now = SqlReports(database), datetime.now(UTC)

    async def of_week(week: str) -> WeeklyReport:
        return await make(database, week)

    makers = [ReportMaker(ReportSettings(), reports, of_week) for _ in range(2)]
    assert [await maker.look() for maker in makers] == [True, False]
    async with SlackServer() as slack:
        channel = slack.space.add_channel("C0DESK001")
        api = SlackApi(SecretStr(BOT_TOKEN), url=slack.url)
        posters = [ReportPoster(api, channel.id, SqlReports(database)) for _ in range(2)]
        assert await posters[0].look() is not None
        assert [await poster.look() for poster in posters] == [None, None]
        (post,) = slack.posted(channel)
        assert post["metadata"]["event_type"] == EVENT_TYPE
        assert "Let people answer billing.refund" in str(post["blocks"])
        await api.close()
    desk = LearningDesk(database, SqlAutonomy(database, AutonomyRules()))
    shown = await desk.weekly_report(None)
    assert shown["week"] == last_whole_week(now) and shown["suggestions"][0]["kind"] == "autonomy"


async def test_a_week_without_a_word_has_no_report_and_is_looked_at_once(
    database: Database,
) -> None:
    asked: list[str] = []

    async def of_week(week: str) -> WeeklyReport:
        asked.append(week)
        return await make(database, week)

    maker = ReportMaker(ReportSettings(), SqlReports(database), of_week)
    assert [await maker.look() for _ in range(3)] == [False, False, False]
    assert len(asked) == 1


async def test_a_post_that_nobody_wrote_down_is_found_again(database: Database) -> None:
    week = last_whole_week(datetime.now(UTC))
    await SqlReports(database).keep(await make(database, week))
    hour = timedelta(hours=1)
    async with SlackServer() as slack:
        channel = slack.space.add_channel("C0DESK001")
        api = SlackApi(SecretStr(BOT_TOKEN), url=slack.url)
        slack.faults.plan("chat.postMessage", Fault("lose"))
        with pytest.raises(TemporaryDeliveryError):
            await ReportPoster(api, channel.id, SqlReports(database)).look()
        assert await ReportPoster(api, channel.id, SqlReports(database)).look() is None
        later = SqlReports(database, now=lambda: datetime.now(UTC) + hour)
        (post,) = slack.posted(channel)
        assert await ReportPoster(api, channel.id, later).look() == post["ts"]
        assert len(slack.posted(channel)) == 1
        assert await ReportPoster(api, channel.id, later).look() is None
        await api.close()


async def test_a_refused_post_is_tried_again(database: Database) -> None:
    week = last_whole_week(datetime.now(UTC))
    await SqlReports(database).keep(await make(database, week))
    async with SlackServer() as slack:
        api = SlackApi(SecretStr(BOT_TOKEN), url=slack.url)
        poster = ReportPoster(api, "C0DESK001", SqlReports(database))
        with pytest.raises(PermanentDeliveryError):
            await poster.look()
        slack.space.add_channel("C0DESK001")
        assert await poster.look() is not None
        await api.close()


def test_weeks_begin_on_monday() -> None:
    since, until_ = span_of_week("2026-W07")
    assert (since.weekday(), (until_ - since).days) == (0, 7)
    assert last_whole_week(until_) == "2026-W07"
