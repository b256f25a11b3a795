from __future__ import annotations

from channels.arrivals import Arrivals
from channels.base import Arrival
from core.bus.connect import Bus
from core.conversation import Turnpike
from core.ids import EventId
from core.messages import Address, Author

OLD = Address(channel="telegram", account="1", chat="-5")
NEW = OLD.model_copy(update={"chat": "-1005"})


async def test_a_group_that_moved_keeps_its_conversation(bus: Bus) -> None:
    publish = Arrivals(bus.log, channel="telegram", turnpike=Turnpike(window_seconds=0)).publish
    await publish(Arrival(id=EventId("telegram:1:-5:1"), address=OLD, text="Before"))
    before = await bus.log.find(OLD)
    moved = Arrival(
        id=EventId("telegram:1:-1005:1:moved:-5"), address=NEW, former=OLD, kind="note",
        author=Author(role="system"), text="moved",
    )  # fmt: skip
    await publish(moved)
    await publish(Arrival(id=EventId("telegram:1:-1005:2"), address=NEW, text="After"))
    assert before is not None
    assert await bus.log.find(NEW) == before
    assert [entry.text for entry in await bus.log.entries(before)] == ["Before", "moved", "After"]
