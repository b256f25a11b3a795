"""Which words the processes themselves said that somebody may have seen twice.

Above: `test_killed_channels`. Below: their logs, their metrics, the conversations in the store.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import aiohttp
from pydantic import SecretStr

from core.bus.connect import open_bus
from core.bus.settings import BusSettings
from core.ids import ConversationId
from tests.flows.gateway_process import GatewayProcess

EVENT = "delivery_perhaps_doubled"
METRIC = "switchboard_possible_doubles_total"
Places = Counter[tuple[ConversationId, int]]


def named_places(process: GatewayProcess) -> Places:
    """How often it named each entry in its log."""
    lines = [json.loads(line) for line in process.text().splitlines() if f'"{EVENT}"' in line]
    return Places((line["conversation"], line["seq"]) for line in lines if line["event"] == EVENT)


async def counted(process: GatewayProcess) -> int:
    """What its metric says."""
    headers = {"Authorization": f"Bearer {process.note['admin_token']}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(process.note["url"] + "/api/v1/metrics") as response,
    ):
        response.raise_for_status()
        lines = (await response.text()).splitlines()
    return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith(METRIC))


async def named_texts(places: Places, url: str) -> Counter[str]:
    """The words of these entries."""
    texts: Counter[str] = Counter()
    async with open_bus(BusSettings(url=SecretStr(url))) as bus:
        for (conversation, seq), times in places.items():
            (entry,) = await bus.log.entries(conversation, after=seq - 1, limit=1)
            assert entry.seq == seq
            texts[entry.text] += times
    return texts


def find_unnamed(seen: Mapping[str, Sequence[str]], named: Mapping[str, int]) -> list[str]:
    """What stands in a chat more often than somebody said it might, as `customer text`."""
    return [
        f"{who}: {text!r} {times} times"
        for who, texts in seen.items()
        for text, times in Counter(texts).items()
        if times > 1 + named.get(text, 0)
    ]


def sum_places(processes: Iterable[GatewayProcess]) -> Places:
    """Of all of them."""
    return sum((named_places(process) for process in processes), Places())
