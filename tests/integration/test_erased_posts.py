"""Forgetting a person in Slack: posts of our bot go, those of people are listed for people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from channels.slack.api import SlackApi
from channels.slack.desk.erasing import SlackPosts
from channels.slack.desk.line import Line
from core.archive.database import Database, open_database
from core.archive.follower import ArchiveFollower
from core.archive.settings import DatabaseSettings
from core.archive.vault import ArchiveVault
from core.bus.expiry import Expiry
from core.bus.graves import Graves
from core.bus.keys import ConversationKeys
from core.errors import ChannelError
from core.ids import ConversationId, desk_message_id, slack_message_id
from core.messages import Address
from core.privacy.audit import SqlAudit
from core.privacy.erasure import Eraser, Hands
from core.privacy.guard import install_guard
from core.privacy.ledger import Ledger
from core.privacy.posts import Post, PostKeeper, PostRemoval
from core.runtime import Backoff
from switchboard.privacy_access import Local
from tests.contract.log_talk import Talk
from tests.fakes.slack.faults import Fault
from tests.fakes.slack.payloads import file_fields
from tests.fakes.slack.server import BOT_TOKEN, SlackServer
from tests.fakes.slack.workspace import Channel
from tests.fakes.waiting import until_found
from tests.integration.desk_rig import DESK, MIRA, TEAM, DeskRig, rig, slack

__all__ = ["rig", "slack"]
CONTACT = f"slack:{TEAM}:U0CUST001"
SOON = Backoff(first=0.01, top=0.05)
BOTH = pytest.mark.parametrize(
    "house", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
Posts = dict[str, dict[str, str]]


class Forgetting:
    """A person with a case at the desk and direct messages, and who forgets them."""

    def __init__(self, rig: DeskRig, database: Database) -> None:
        self.rig, self.slack = rig, rig.slack
        self.database, self.ledger = database, Ledger(database)
        audit = SqlAudit(database, "a secret")
        self.eraser = Eraser(Hands(database, Graves(rig.bus), audit))
        self.direct = self.slack.direct("U0CUST001")

    async def open_case(self) -> dict[str, Any]:
        """A case whose thread has words of Mira; gives her message."""
        talk = await self.rig.escalate()
        head = ConversationKeys.of(talk.conversation).head
        await self.rig.bus.calls.command("HSET", head, "contact", CONTACT)
        async with self.rig.running():
            await self.rig.settled(talk)
            root = self.rig.roots()[-1]["ts"]
            hers = self.slack.say(self.rig.channel, "Hello", user="U0MIRA001", thread=root)
            said = desk_message_id(TEAM, DESK, hers["ts"])
            await self.rig.says(talk, "Hello", MIRA, id=said)
            await self.rig.settled(talk)
        return hers

    def share_file(self) -> str:
        """A file of ours in the thread; Slack's id of it."""
        file = self.slack.space.add_file("label.pdf", b"%PDF", "application/pdf")
        shown = file_fields(file, self.slack.methods.files_url)
        root = self.rig.roots()[-1]["ts"]
        self.slack.space.add_bot_message(
            self.rig.channel, text="", files=[shown], thread_ts=root, subtype="file_share"
        )
        return file.id

    async def answer_directly(self) -> ConversationId:
        """An answer of ours in the direct messages with them."""
        address = Address(channel="slack", account=TEAM, chat=self.direct.id)
        name = await self.rig.bus.log.create(address, contact=CONTACT, level=1)
        talk = Talk(self.rig._log, name, address)  # pyright: ignore[reportPrivateUsage]
        await talk.say("Where is it?")
        seq = await talk.answer()
        posted = self.slack.space.add_bot_message(self.direct, text="An answer.")
        claim = await talk.deliverer()
        await talk.log.begin_send(claim, seq)
        sent = slack_message_id(TEAM, self.direct.id, posted["ts"])
        await talk.log.record_send(claim, seq, outcome="sent", platform_ids=[sent])
        await talk.log.finish(claim)
        return name

    async def archive(self) -> None:
        """All that is in the journal, once."""
        bus, stop = self.rig.bus, asyncio.Event()
        follower = ArchiveFollower(bus.journal, bus.log, self.database)
        async for batch in bus.journal.follow("archive", "tests", stop):
            await follower.store(batch)
            if len(batch) < 200:
                stop.set()

    def removal(self, per_second: float = 1000.0) -> PostRemoval:
        """As after a start."""
        api = SlackApi(SecretStr(BOT_TOKEN), url=self.slack.url)
        line = Line(api, per_second=per_second, backoff=SOON)
        return PostRemoval(self.ledger, SlackPosts(line))

    async def erase(self) -> str:
        """The erasure is done, whatever Slack says."""
        done = await self.eraser.go_on(await self.eraser.begin(CONTACT, by="tests"))
        assert done.done_at is not None
        return done.id

    async def listed(self, erasure: str) -> Posts:
        """The posts of the report, by their time stamps."""
        found = await self.eraser.find(erasure)
        assert found is not None
        return {post["ts"]: post for post in found.report["slack_posts"]}

    async def ended(self, erasure: str) -> bool:
        """True if nothing is left to do in Slack."""
        found = await self.eraser.find(erasure)
        return found is not None and not found.work

    async def keep(self, erasure: str, removal: PostRemoval) -> None:
        """The service, until nothing is left."""
        stop, keeper = asyncio.Event(), PostKeeper(removal, look_seconds=0.01, backoff=SOON)
        task = asyncio.create_task(keeper.run(stop, asyncio.Event()))
        try:
            await until_found(lambda: self.ended(erasure))
        finally:
            stop.set()
            await task


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of today, made once; tests get copies."""
    folder = tmp_path_factory.mktemp("empty")

    async def make() -> None:
        async with open_database(DatabaseSettings(data_dir=folder)) as database:
            await database.migrate()
            await install_guard(database)

    asyncio.run(make())
    return folder


@pytest.fixture
async def house(
    rig: DeskRig, data_dir: Path, empty: Path, request: pytest.FixtureRequest
) -> AsyncGenerator[Forgetting]:
    postgres = getattr(request, "param", "sqlite") == "postgresql"
    url = request.getfixturevalue("postgres").create() if postgres else None
    settings = DatabaseSettings.model_validate({"data_dir": data_dir, "url": url})
    if not postgres:
        copytree(empty, data_dir, dirs_exist_ok=True)
    async with open_database(settings) as database:
        if postgres:
            await database.migrate()
            await install_guard(database)
        yield Forgetting(rig, database)


def ours(channel: Channel) -> list[str]:
    return [one["ts"] for one in channel.messages if one.get("bot_id")]


@BOTH
async def test_what_our_bot_posted_goes_and_what_people_wrote_is_listed(house: Forgetting) -> None:
    hers = await house.open_case()
    await house.answer_directly()
    file = house.share_file()
    desk, direct = ours(house.rig.channel), ours(house.direct)
    assert len(desk) >= 3
    erasure = await house.erase()
    assert {post["state"] for post in (await house.listed(erasure)).values()} == {"pending"}

    await house.keep(erasure, house.removal())

    assert house.rig.channel.messages == [hers]
    assert house.direct.messages == []
    posts = await house.listed(erasure)
    share = desk.pop()  # went with its file
    went = {ts for ts, post in posts.items() if post["state"] == "removed"}
    assert went == {*desk, *direct, file}
    assert posts[share]["state"] == "gone"
    assert file not in house.slack.space.files
    left = posts[hers["ts"]]
    assert (left["state"], left["reason"], left["what"]) == ("by_hand", "not ours", "reply")
    assert left["link"].startswith(f"https://example.slack.com/archives/{DESK}/p")
    assert {key for post in posts.values() for key in post} <= set(Post.model_fields)
    assert await house.erase() == erasure  # the same wish again changes nothing of it
    assert await house.listed(erasure) == posts


async def test_answers_of_a_conversation_that_had_left_the_store_go_too(house: Forgetting) -> None:
    name = await house.answer_directly()
    await house.archive()
    calls, vault = house.rig.bus.calls, ArchiveVault(house.database, linger=timedelta(0))
    later = datetime.now(UTC) + timedelta(days=1)
    assert await Expiry(calls, vault, days=0).take_out(name, later)
    erasure = await house.erase()
    await house.keep(erasure, house.removal())
    assert house.direct.messages == []


async def test_the_command_takes_them_away_itself_where_no_gateway_runs(house: Forgetting) -> None:
    await house.answer_directly()
    desk: Any = SimpleNamespace(eraser=house.eraser)
    removal = house.removal()
    shown = await Local(desk, removal).erase(CONTACT)
    await removal.close()
    assert [post["state"] for post in shown["report"]["slack_posts"]] == ["removed"]
    assert house.direct.messages == []


async def test_while_slack_is_away_the_posts_are_pending_and_go_when_it_is_back(
    house: Forgetting,
) -> None:
    hers = await house.open_case()
    house.slack.faults.outage = Fault("break")
    erasure = await house.erase()
    removal = house.removal()
    keeping = asyncio.create_task(house.keep(erasure, removal))
    asked = len(house.slack.calls)
    await until_found(lambda: _more(house.slack, asked + 2))
    assert {post["state"] for post in (await house.listed(erasure)).values()} == {"pending"}

    house.slack.faults.outage = None
    await keeping

    assert house.rig.channel.messages == [hers]
    assert (await house.listed(erasure))[hers["ts"]]["state"] == "by_hand"


async def test_slack_that_asks_to_wait_is_waited_for_and_nothing_is_deleted_twice(
    house: Forgetting,
) -> None:
    hers = await house.open_case()
    wanted = ours(house.rig.channel)
    erasure = await house.erase()
    house.slack.faults.plan("chat.delete", Fault("limit", retry_after=0.1))
    house.slack.faults.plan("conversations.replies", Fault("limit", retry_after=0.1))
    await house.keep(erasure, house.removal())
    deleted = [args["ts"] for method, args in house.slack.calls if method == "chat.delete"]
    assert sorted(deleted[1:]) == sorted(wanted)
    assert deleted[0] == deleted[1]
    assert house.rig.channel.messages == [hers]


async def test_a_removal_cut_short_goes_on_where_it_was(house: Forgetting) -> None:
    hers = await house.open_case()
    wanted = ours(house.rig.channel)
    erasure = await house.erase()
    removal = house.removal()
    house.slack.faults.plan("chat.delete", Fault("lose"))  # done, and we never hear of it
    with pytest.raises(ChannelError):
        await removal.look()
    await removal.close()
    house.slack.take_back(house.rig.channel, hers)  # somebody was quicker

    await house.keep(erasure, house.removal())

    assert ours(house.rig.channel) == []
    posts = await house.listed(erasure)
    assert posts[wanted[-1]]["state"] == "gone"
    assert posts[hers["ts"]]["state"] in {"gone", "by_hand"}
    assert [posts[ts]["state"] for ts in wanted[:-1]] == ["removed"] * (len(wanted) - 1)


async def test_an_app_without_its_token_leaves_all_for_later_and_a_closed_channel_for_people(
    house: Forgetting,
) -> None:
    await house.open_case()
    erasure = await house.erase()
    house.slack.methods.ended = "token_revoked"
    removal = house.removal()
    with pytest.raises(ChannelError, match="token_revoked"):
        await removal.look()
    house.slack.methods.ended = None
    house.slack.faults.plan("chat.delete", Fault("refuse", error="missing_scope"))
    with pytest.raises(ChannelError, match="missing_scope"):
        await removal.look()
    await removal.close()
    left = [post for post in (await house.listed(erasure)).values() if post["what"] != "reply"]
    assert {post["state"] for post in left} == {"pending"}
    house.rig.channel.archived = True
    await house.keep(erasure, house.removal())
    states = {(one["state"], one["reason"]) for one in (await house.listed(erasure)).values()}
    assert states == {("by_hand", "is_archived"), ("by_hand", "not ours")}


async def _more(slack: SlackServer, count: int) -> bool:
    return len(slack.calls) >= count
