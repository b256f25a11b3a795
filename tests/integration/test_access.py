"""Tokens of people and programs on a real store and database, and two processes that know them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import event

from channels.settings import WebSettings
from core.access.directory import Directory
from core.access.keeper import AccessKeeper, call_back
from core.access.store import AccessStore
from core.archive.database import Database
from core.bus.access import AccessFeed
from core.bus.connect import Bus
from switchboard import attach
from switchboard.access import TokenDoor, TokenOffice
from tests.fakes.frames import open_line
from tests.fakes.gateway import ADMIN, Doors, list_deps, open_doors
from tests.fakes.services import serving
from tests.fakes.tokens import IssuingTokens
from tests.fakes.waiting import until_found


@dataclass
class Office:
    """Two processes of one gateway: `one` is spoken to, `two` only hears of it."""

    one: Doors
    two: Doors
    http: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, *, at: Doors | None = None, token: str = ADMIN,
        body: Any = None, key: str = "",
    ) -> tuple[int, Any]:  # fmt: skip
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        url = (at or self.one).api + path
        async with self.http.request(method, url, json=body, headers=headers) as response:
            return response.status, await response.json() if response.status != 204 else None

    async def create(self, **body: Any) -> dict[str, Any]:
        status, made = await self.call("POST", "/tokens", body={"scope": "desk"} | body)
        assert status == 201, made
        return made

    async def opens(self, at: Doors, token: str, path: str = "/specialists") -> bool:
        return (await self.call("GET", path, at=at, token=token))[0] == 200


def keeper_of(bus: Bus, database: Database) -> AccessKeeper:
    return AccessKeeper(AccessStore(database), Directory(), AccessFeed(bus.calls, bus.reading))


@pytest.fixture
async def office(bus: Bus, database: Database) -> AsyncGenerator[Office]:
    keepers = [keeper_of(bus, database) for _ in range(2)]
    settings = WebSettings(messages_per_second=10_000)
    deps = [
        replace(
            list_deps(bus, settings=settings), access=TokenDoor(keeper),
            tokens=IssuingTokens(
                secret="s" * 40, admin_token=ADMIN, identity_secret=None,
                directory=keeper.directory,
            ),
        )
        for keeper in keepers
    ]  # fmt: skip
    async with (
        serving(*keepers), open_doors(bus, deps=deps[0]) as one,
        open_doors(bus, deps=deps[1]) as two, aiohttp.ClientSession() as http,
    ):  # fmt: skip
        yield Office(one, two, http)


async def test_a_token_is_shown_once_kept_by_digest_and_opens_every_process(
    office: Office, database: Database
) -> None:
    made = await office.create(name="Eva")
    token = made.pop("token")
    assert token.startswith(made["prefix"]) and len(token) > 40
    assert (made["scope"], made["name"], made["created_by"]) == ("desk", "Eva", "admin")
    assert await office.opens(office.one, token)
    await until_found(lambda: office.opens(office.two, token))
    listed = (await office.call("GET", "/tokens"))[1]["tokens"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert listed[0]["last_used_at"] is not None
    async with database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT * FROM access_tokens")).all()
    assert len(rows) == 1
    assert token not in str(rows) and token not in str(listed)


async def test_a_repeat_under_the_same_key_makes_no_second_token_and_shows_none(
    office: Office, bus: Bus
) -> None:
    body = {"scope": "desk"}
    first = (await office.call("POST", "/tokens", body=body, key="k1"))[1]
    status, again = await office.call("POST", "/tokens", body=body, key="k1")
    assert (status, again) == (201, first | {"token": None})
    assert len((await office.call("GET", "/tokens"))[1]["tokens"]) == 1
    kept = [await bus.client.get(key) async for key in bus.client.scan_iter("sb:*answer*")]
    assert kept and not any(first["token"].encode() in value for value in kept)


async def test_a_revoked_token_opens_nothing_within_a_second_in_any_process(
    office: Office,
) -> None:
    made = await office.create()
    await until_found(lambda: office.opens(office.two, made["token"]))
    began = time.monotonic()
    assert (await office.call("DELETE", f"/tokens/{made['id']}"))[0] == 204
    assert not await office.opens(office.one, made["token"])

    async def shut() -> bool:
        return not await office.opens(office.two, made["token"])

    await until_found(shut)
    assert time.monotonic() - began < 5  # a second where nobody else wants the processor
    assert (await office.call("DELETE", f"/tokens/{made['id']}"))[0] == 404


async def test_what_a_revoked_token_holds_open_ends_in_the_other_process_too(
    office: Office,
) -> None:
    made = await office.create()
    talk = (await office.call("POST", "/conversations", body={}))[1]["id"]
    await until_found(lambda: office.opens(office.two, made["token"]))
    bearer = {"Authorization": f"Bearer {made['token']}"}
    url = f"{office.two.api}/conversations/{talk}/events"
    async with (
        office.http.get(url, headers=bearer) as stream,
        open_line(office.two.url, namespace="/desk") as line,
    ):
        await line.connect({"token": made["token"], "name": "Eva"})
        await line.event("ready")
        assert (await office.call("DELETE", f"/tokens/{made['id']}"))[0] == 204
        async with asyncio.timeout(20):
            await stream.read()
            assert await line.ended()


async def test_customers_tokens_are_called_back_by_conversation_and_new_ones_are_good(
    office: Office,
) -> None:
    made = (await office.call("POST", "/conversations", body={}))[1]
    other = (await office.call("POST", "/conversations", body={}))[1]
    path = f"/conversations/{made['id']}"
    bearer = {"Authorization": f"Bearer {made['token']}"}
    async with office.http.get(f"{office.two.api}{path}/events", headers=bearer) as stream:
        assert (await office.call("DELETE", f"{path}/tokens"))[0] == 204
        async with asyncio.timeout(20):
            await stream.read()
    for door in (office.one, office.two):
        assert (await office.call("GET", path, at=door, token=made["token"]))[0] == 401
    assert await office.opens(office.one, other["token"], f"/conversations/{other['id']}")
    fresh = office.one.tokens.issue_customer(made["id"])
    assert await office.opens(office.one, fresh, path)


async def test_tokens_are_called_back_by_a_process_that_serves_nobody(
    office: Office, bus: Bus, database: Database
) -> None:
    made = (await office.call("POST", "/conversations", body={}))[1]
    path = f"/conversations/{made['id']}"
    feed = AccessFeed(bus.calls, bus.reading)
    await call_back(AccessStore(database), feed, [made["id"], "cv_00_another"])
    for door in (office.one, office.two):

        async def shut(door: Doors = door) -> bool:
            return not await office.opens(door, made["token"], path)

        await until_found(shut)


async def test_a_conversation_is_closed_for_good_if_that_is_said(office: Office) -> None:
    for said, status in ((False, 200), (True, 401)):
        made = (await office.call("POST", "/conversations", body={}))[1]
        path, token = f"/conversations/{made['id']}", made["token"]
        body = {"reason": "solved", "end_tokens": said}
        assert (await office.call("POST", f"{path}/close", token=token, body=body))[0] == 200
        assert (await office.call("GET", path, token=token))[0] == status


async def test_the_command_line_makes_lists_and_revokes_tokens_of_a_running_gateway(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attach, "configure_logging", lambda **_: None)  # pyright: ignore[reportUnknownLambdaType]
    desk = TokenOffice(tmp_path, office.one.url, ADMIN)
    made = await desk.create("desk", name="BI", expires_at=None, limits=["specialists:read"])
    assert await office.opens(office.one, made["token"])
    assert [one["name"] for one in await desk.list()] == ["BI"]
    await desk.revoke(made["id"])
    assert not await office.opens(office.one, made["token"])
    assert await desk.list() == []


async def test_a_token_that_is_over_already_is_not_made(office: Office) -> None:
    for past in ("2001-01-01T00:00:00Z", "tomorrow", ""):
        body = {"scope": "desk", "expires": past}
        assert (await office.call("POST", "/tokens", body=body))[0] == 400
    made = await office.create(expires="2099-01-31T00:00:00+01:00")
    assert made["expires_at"] == "2099-01-30T23:00:00.000Z"


async def test_a_token_is_held_to_its_limits(office: Office) -> None:
    made = await office.create(limits=["specialists:read", "conversations:read"])
    talk = (await office.call("POST", "/conversations", body={}))[1]["id"]
    token = made["token"]
    assert await office.opens(office.one, token)
    assert await office.opens(office.one, token, f"/conversations/{talk}")
    for method, path, body in (
        ("POST", f"/conversations/{talk}/replies", {"text": "Hello"}),
        ("DELETE", f"/conversations/{talk}/tokens", None), ("POST", "/conversations", {}),
        ("GET", "/duty", None), ("GET", "/tickets", None),
    ):  # fmt: skip
        status, problem = await office.call(method, path, token=token, body=body)
        assert (status, problem["code"]) == (403, "forbidden"), path
    async with open_line(office.one.url, namespace="/desk") as line:
        assert '"forbidden"' in await line.connect({"token": token, "name": "Eva"})
    for wrong in ("nothing:read", "tickets", "tickets:delete"):
        body = {"scope": "desk", "limits": [wrong]}
        assert (await office.call("POST", "/tokens", body=body))[0] == 400


async def test_only_administrators_see_and_make_tokens(office: Office) -> None:
    made = await office.create()
    for method, path in (("GET", "/tokens"), ("POST", "/tokens"), ("DELETE", "/tokens/at_1")):
        body = {"scope": "admin"} if method == "POST" else None
        assert (await office.call(method, path, token=made["token"], body=body))[0] == 403


async def test_looking_a_token_up_asks_the_database_nothing(
    office: Office, database: Database
) -> None:
    token = (await office.create())["token"]
    asked: list[str] = []
    event.listen(
        database.engine.sync_engine, "before_cursor_execute",
        lambda *given: asked.append(given[2]),
    )  # fmt: skip
    for _ in range(20):
        assert await office.opens(office.one, token)
    looked = [text for text in asked if "SELECT access_tokens" in text]
    assert len(looked) <= 4  # the keepers, who heard of the new token


async def test_an_unknown_and_a_revoked_token_take_the_same_time_to_refuse(office: Office) -> None:
    made = await office.create()
    await office.call("DELETE", f"/tokens/{made['id']}")
    find, times = office.one.tokens.directory.find, {"revoked": [0.0], "unknown": [0.0]}
    unknown = made["token"][:-1] + ("A" if made["token"][-1] != "A" else "B")
    for _ in range(2_000):
        for name, token in (("revoked", made["token"]), ("unknown", unknown)):
            began = time.perf_counter()
            assert find(token) is None
            times[name].append(time.perf_counter() - began)
    one, two = (sorted(taken)[len(taken) // 2] for taken in times.values())
    assert 0.5 < one / two < 2
