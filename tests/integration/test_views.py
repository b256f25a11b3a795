"""A conversation as one specialist sees it, over REST: billing sees billing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from channels.mcp.settings import McpSettings
from core.bus.connect import Bus
from core.conversation import Claim, HeadChange, TurnCommit
from core.customers.brief import Briefing
from core.engine.echo import EchoTurn
from core.engine.runner import DeltaSink
from core.engine.viewing import SpecialistViews
from core.ids import EntryId, new_event_id
from core.messages import Address, Author, EntryBody, InboundEvent
from core.ports import StepJournal
from core.specialists.registry import SpecialistRegistry
from switchboard.mcp import mcp_door
from tests.fakes.customers import FakeCustomers, order
from tests.fakes.engine_files import write_config
from tests.fakes.gateway import ADMIN, list_deps, open_doors
from tests.fakes.waiting import until_found
from tests.unit.core.engine.test_turn_knows_the_customer import NoTickets

SECRET = '{"plan": "Home", "invoices": [{"number": "I-77"}]}'
RECEIPT: dict[str, Any] = {
    "seen": 1,
    "tools": [{"name": "get_billing", "arguments": {}, "result": SECRET, "ok": True,
               "milliseconds": 1.0}],
}  # fmt: skip


class Billing(EchoTurn):
    """Answers once, after it looked at what the customer pays."""

    async def run(self, claim: Claim, deltas: DeltaSink, steps: StepJournal) -> TurnCommit:
        reply = EntryBody(
            id=EntryId("r1"), author=Author(role="ai", specialist="billing"), text="29."
        )
        return TurnCommit(entries=(reply,), receipt=RECEIPT, head=HeadChange(specialist="billing"))


async def test_each_specialist_is_shown_its_own(bus: Bus, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    for name, sees in {"billing": "billing", "technical": "orders"}.items():
        file = config / "specialists" / f"{name}.toml"
        text = file.read_text(encoding="utf-8").replace(
            "[examples]", f'sees = ["{sees}"]\n[examples]'
        )
        file.write_text(text, encoding="utf-8")
    nothing: Any = NoTickets()
    shop = FakeCustomers().has("anna", "anna@shop.example", order("FH-20"))
    views = SpecialistViews(
        bus.log, SpecialistRegistry(config / "specialists"), Briefing(shop, nothing, None)
    )
    conversation = await bus.log.create(Address(channel="rest", chat=""), contact="anna", level=2)
    said = InboundEvent(
        id=new_event_id("t"), conversation=conversation, text="What do I pay?",
        address=Address(channel="rest", chat=conversation), author=Author(role="customer"),
    )  # fmt: skip
    await bus.log.accept(said)

    deps = replace(list_deps(bus), views=views)
    opened = mcp_door(deps.tokens, McpSettings(), "1")
    assert opened is not None
    deps = replace(deps, mcp=opened[0])
    staff = {"Authorization": f"Bearer {ADMIN}"}
    async with open_doors(bus, deps=deps, turn=Billing()) as doors, aiohttp.ClientSession() as http:

        async def view(
            query: str, status: int = 200, who: dict[str, str] = staff
        ) -> dict[str, Any]:
            url = f"{doors.api}/conversations/{conversation}/view{query}"
            async with http.get(url, headers=who) as response:
                assert response.status == status, await response.text()
                return await response.json()

        async def answered() -> bool:
            return (await bus.log.head(conversation)).specialist == "billing"

        await until_found(answered)
        own = await view("")
        assert (own["specialist"], own["sees"], own["customer"]) == ("billing", ["billing"], {})
        assert own["tools"][0]["result"] == SECRET
        assert [word["text"] for word in own["words"]] == ["What do I pay?", "29."]
        other = await view("?specialist=technical")
        assert "I-77" not in json.dumps(other) and other["tools"][0]["about"] == "billing"
        assert other["customer"]["last_orders"][0]["number"] == "FH-20"
        await view("?specialist=nobody", 404)
        await view("?other=1", 400)
        opened[1].url = doors.url
        async with httpx2.AsyncClient(headers=staff) as line:
            transport = streamable_http_client(f"{doors.url}/mcp", http_client=line)
            async with Client(transport) as assistant:
                name = f"switchboard://conversations/{conversation}/view/technical"
                read: Any = await assistant.read_resource(name)
        assert json.loads(read.contents[0].text) == other, "the same over MCP"
        customer = {"Authorization": f"Bearer {doors.tokens.issue_customer(conversation)}"}
        await view("", 403, who=customer)
