"""What the API promises, one story for each line, told to one gateway that really runs.

Only HTTP and Socket.IO are spoken, in the shapes of the API's own description: each story does what
a program would do that knows nothing else of the house.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.frames import Line, open_line
from tests.flows.gateway_process import Api, GatewayProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
QUESTION = "How do I reset my password?"
SPECIALISTS = {"technical", "billing", "sales", "general", "supervisor"}
DECISION = {
    "intent", "specialist", "priority", "sentiment", "language", "score", "margin", "evidence",
    "source",
}  # fmt: skip


@pytest.fixture(scope="module")
def gateway(filled: Path) -> Generator[GatewayProcess]:
    """One gateway for all stories, on a folder that has been used before."""
    with tempfile.TemporaryDirectory(prefix="sb") as folder:
        data = Path(folder) / "data"
        shutil.copytree(filled, data, ignore=shutil.ignore_patterns("*.sock", "*.json"))
        process = GatewayProcess(data).start()
        try:
            asyncio.run(process.ready())
            yield process
            assert asyncio.run(process.stop()) == 0
            assert "Traceback" not in process.text()
        finally:
            process.close()


@pytest.fixture
async def api(gateway: GatewayProcess) -> AsyncGenerator[Api]:
    """Its API, for the administrator."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield Api(gateway, session)


@pytest.fixture
async def http() -> AsyncGenerator[aiohttp.ClientSession]:
    """Whoever has no token."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield session


async def soon(ask: Any, *, seconds: float = 90) -> Any:
    """What `ask` gives once it gives something."""
    async with asyncio.timeout(seconds):
        while not (found := await ask()):
            await asyncio.sleep(0.05)
        return found


async def heard(line: Line, name: str) -> Any:
    """The next event of this name; the line itself looks only a few seconds."""
    async with asyncio.timeout(90):
        while True:
            with suppress(TimeoutError):
                return await line.event(name)


async def test_tickets_are_created_read_answered_reopened_and_moved(api: Api) -> None:
    conversation, token = await api.open()
    made = await api.call(
        "POST", "/tickets",
        body={
            "subject": "The grinder does not turn", "body": "Since Monday.", "priority": "high",
            "tags": ["grinder"], "conversation": conversation,
        },
    )  # fmt: skip
    number = made["id"]
    assert (made["status"], made["priority"], made["tags"]) == ("open", "high", ["grinder"])
    assert made["sla"]["first_reply"]["state"] == "runs"
    path = f"/tickets/{number}"
    await api.call("POST", f"{path}/replies", body={"text": "We are sending a new one."})
    said = await api.entries(conversation, token)
    assert [entry["text"] for entry in said if entry["kind"] == "message"] == [
        "We are sending a new one."
    ]
    for status in ("in_progress", "resolved"):
        moved = await api.call("PATCH", path, body={"status": status, "assignee": "Eva"})
        assert (moved["status"], moved["assignee"]) == (status, "Eva")
    own = await api.call("POST", f"{path}/replies", token=token, body={"text": "It broke again."})
    assert (own["id"], own["status"]) == (number, "open")
    await api.call("PATCH", path, body={"status": "closed"})
    await api.call(  # not to the ticket: simply into the conversation
        "POST", f"/conversations/{conversation}/messages", token=token, body={"text": "And again!"}
    )

    async def is_open() -> bool:
        return (await api.call("GET", path))["status"] == "open"

    await soon(is_open)
    whole = await api.call("GET", path)
    moves = [(c["before"], c["after"]) for deed in whole["history"] for c in deed["changes"]
             if c["field"] == "status"]  # fmt: skip
    assert moves == [
        ("open", "in_progress"), ("in_progress", "resolved"), ("resolved", "open"),
        ("open", "closed"), ("closed", "open"),
    ]  # fmt: skip
    found = await api.call("GET", "/tickets", status="open", tag="grinder", q="GRINDER")
    assert number in [one["id"] for one in found["tickets"]]
    state = await api.call("GET", f"/conversations/{conversation}", token=token)
    assert state["ticket"] == number


async def test_a_query_is_classified_and_its_classification_is_found_again(api: Api) -> None:
    text = "Where is my parcel? It should have come on Monday."
    judged = await api.call("POST", "/triage", body={"text": text})
    assert judged.keys() >= DECISION
    assert judged["specialist"] in SPECIALISTS
    assert judged["language"] == "en"
    assert judged["source"] in {"embedding", "llm", "rules"}
    assert 0 <= judged["score"] <= 1
    conversation, token = await api.open()
    answer = await api.ask(conversation, token, text)
    seq = answer["replies"][0]["seq"]
    kept = await api.call("GET", f"/conversations/{conversation}/turns/{seq}", token=token)
    same = ("specialist", "intent", "language", "priority", "sentiment")
    assert {name: kept["triage"][name] for name in same} == {name: judged[name] for name in same}
    in_it = await api.call("POST", "/triage", body={"text": "ok", "conversation": conversation})
    assert in_it["language"] == "en"

    async def is_listed() -> bool:
        page = await api.call("GET", "/conversations", specialist=judged["specialist"], q=text)
        return conversation in [item["id"] for item in page["conversations"]]

    await soon(is_listed)


async def test_a_dialogue_is_created_talked_read_and_closed_with_what_it_took(api: Api) -> None:
    made = await api.call("POST", "/conversations", body={"text": QUESTION, "language": "en"})
    conversation, token = made["id"], made["token"]
    path = f"/conversations/{conversation}"
    assert made["seq"] == 1

    async def answered() -> Any:
        entries = await api.entries(conversation, token)
        return [entry for entry in entries if entry["author"]["role"] == "ai"]

    first = (await soon(answered))[0]
    answer = await api.ask(conversation, token, "And how do I change my email address?")
    assert answer["state"] == {"owner": "ai", "specialist": answer["state"]["specialist"],
                               "status": "open"}  # fmt: skip
    receipt = await api.call("GET", f"{path}/turns/{first['seq']}", token=token)
    assert receipt["milliseconds"] > 0
    assert {"in", "out"} <= receipt["tokens"].keys()
    page = await api.call("GET", f"{path}/entries", token=token, after=1, limit=1)
    assert ([entry["seq"] for entry in page["entries"]], page["next"]) == ([2], 2)
    closed = await api.call("POST", f"{path}/close", token=token, body={"reason": "solved"})
    assert closed.keys() == {"status", "summary"}
    assert closed["summary"].keys() >= {"messages", "tokens", "minutes", "resolution"}
    assert (closed["status"], closed["summary"]["resolution"]) == ("closed", "solved")
    assert closed["summary"]["messages"] == 4
    state = await api.call("GET", path, token=token)
    assert (state["status"], state["tokens_used"]) == ("closed", closed["summary"]["tokens"])


async def test_a_chat_is_one_session_and_its_mood_is_noticed(
    api: Api, http: aiohttp.ClientSession
) -> None:
    conversation, token = await api.open()
    path = f"/conversations/{conversation}"
    calm = await api.ask(conversation, token, QUESTION)
    state = await api.call("GET", path, token=token)
    assert state["sentiment"] in {"neutral", "positive"}
    sent = {"text": "This is unacceptable, I am furious! Nothing works!", "client_id": "m-2"}
    again = [
        await api.call("POST", f"{path}/messages", token=token, body=sent, wait=30) for _ in "ab"
    ]
    assert again[0]["seq"] == again[1]["seq"] > calm["seq"]
    state = await api.call("GET", path, token=token)
    assert state["sentiment"] in {"angry", "frustrated"}
    assert state["language"] == "en"
    whole = await api.entries(conversation, token)
    assert [entry["seq"] for entry in whole] == sorted({entry["seq"] for entry in whole})
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": "1"}
    async with http.get(f"{api.url}{path}/events", headers=headers) as stream:
        told = [(await stream.content.readline()).decode().strip() for _ in range(6)]
    assert "event: entry" in told and "id: 2" in told, told
    other, foreign = await api.open()
    async with http.get(f"{api.url}{path}", headers={"Authorization": f"Bearer {foreign}"}) as no:
        assert (no.status, (await no.json())["code"]) == (404, "not_found")
    assert other != conversation


async def test_specialists_say_how_busy_they_are(api: Api) -> None:
    conversation, token = await api.open()
    answer = await api.ask(conversation, token, QUESTION)
    name = answer["state"]["specialist"]

    async def counted() -> Any:
        page = await api.call("GET", "/specialists")
        found = {one["name"]: one for one in page["specialists"]}
        return found if found[name]["turns_last_hour"] else None

    found = await soon(counted)
    assert found.keys() == SPECIALISTS
    for one in found.values():
        assert one["description"]
        assert one["status"] == ("busy" if one["active_turns"] else "idle")
        assert 0 <= one["escalation_share"] <= 1
    worked = found[name]
    assert 0 < worked["mean_seconds"] <= worked["p95_seconds"] * 1.001


async def test_health_is_told_in_short_for_traffic_and_in_full(
    api: Api, http: aiohttp.ClientSession
) -> None:
    base = api.url.removesuffix("/api/v1")
    for at in (base, api.url):
        async with http.get(f"{at}/health") as live:
            assert (live.status, (await live.json())["status"]) == (200, "ok")
        async with http.get(f"{at}/health/ready") as ready:
            assert await ready.json() == {"status": "ok", "ready": True}
    whole = await api.call("GET", "/health/detailed")
    assert whole["status"] == "ok"
    assert whole["components"].keys() >= {"store", "database", "knowledge", "triage", "model"}
    assert {part["status"] for part in whole["components"].values()} == {"ok"}
    headers = {"X-Forwarded-For": "203.0.113.9"}
    async with http.get(f"{base}/health/detailed", headers=headers) as refused:
        assert refused.status == 401
        assert refused.content_type == "application/problem+json"


async def test_metrics_are_prometheus_text_and_move(api: Api, http: aiohttp.ClientSession) -> None:
    async def total(name: str) -> float:
        headers = {"Authorization": f"Bearer {api.admin}"}
        async with http.get(f"{api.url}/metrics", headers=headers) as answer:
            assert answer.content_type == "text/plain"
            families = list(text_string_to_metric_families(await answer.text()))
        assert families and all(family.documentation for family in families)
        samples = [sample for family in families for sample in family.samples]
        return sum(sample.value for sample in samples if sample.name == name)

    before = await total("switchboard_turn_seconds_count")
    conversation, token = await api.open()
    await api.ask(conversation, token, QUESTION)
    assert await total("switchboard_turn_seconds_count") >= before + 1
    assert await total("switchboard_events_total") > 0


async def test_a_live_socket_carries_a_chat_and_takes_up_where_it_was(api: Api) -> None:
    base = api.url.removesuffix("/api/v1")
    async with open_line(base) as line:
        assert (await line.connect({"site": "demo"})).startswith("0")
        visitor = (await heard(line, "ready"))["visitor"]
        taken = await line.ask("message", {"client_id": "c1", "text": QUESTION})
        assert taken["seq"] == 1 and taken["id"]
        assert await line.ask("message", {"client_id": "c1", "text": QUESTION}) == taken
        entry = await heard(line, "entry")
        while entry["author"]["role"] != "ai":
            entry = await heard(line, "entry")
        assert (entry["kind"], entry["seq"]) == ("message", 2)
        assert entry["citations"][0]["title"]
        state = await heard(line, "state")
        assert state.keys() >= {"owner", "specialist", "status"}
        assert await line.ask("seen", {"seq": 2}) is not None
        rated = await line.ask("rate", {"seq": 2, "value": 1})
        assert "error" not in (rated or {})
        assert "error" in await line.ask("message", {"client_id": "c2", "text": ""})
    async with open_line(base) as line:
        await line.connect({"site": "demo", "visitor": visitor})
        resumed = await line.ask("resume", {"after": 1})
        assert resumed["entries"][0]["id"] == entry["id"]
        assert resumed["state"]["status"] == "open"
    async with open_line(base) as stranger:
        await stranger.connect({"site": "demo"})
        told = await stranger.ask("resume", {"after": 0})
        assert told.get("entries", []) == []


async def test_demo_mode_fills_the_desk_in_five_languages(api: Api) -> None:
    made = await api.call("POST", "/demo/tickets", body={})
    numbers = [one["id"] for one in made["tickets"]]
    assert len(numbers) == len(set(numbers)) == made["conversations"] >= 5
    again = await api.call("POST", "/demo/tickets", body={})
    assert [one["id"] for one in again["tickets"]] == numbers
    found = await api.call("GET", "/tickets", q="возврат")
    assert found["tickets"][0]["id"] in numbers
    datetime.fromisoformat(found["tickets"][0]["created_at"])
