from __future__ import annotations

import random

import pytest

from core.memory.episodes import begin_episode
from core.memory.recall import facts_block, mood_trend, summary_block
from core.memory.state import MemoryState, Mood
from core.memory.summary import CUT_AT, turn_borders
from core.memory.update import read_entries, remember
from core.memory.window import window_of
from core.messages import Author, Entry, Role
from core.ports import ToolCall
from core.specialists.history import History, Said, ToolRound
from core.specialists.tools.base import ToolRecord
from tests.unit.core.memory.long_talks import entry

WINDOW = 50


def random_talk(rng: random.Random, turns: int) -> list[list[Entry]]:
    """Turns of one to nine messages of the customer and none to three answers."""
    seq, talk = 0, list[list[Entry]]()
    for number in range(turns):
        turn: list[Entry] = []
        asks = rng.choice([1, 1, 1, 2, 3, 9])
        roles: list[Role] = ["customer" for _ in range(asks)]
        roles.extend("ai" for _ in range(rng.choice([0, 1, 1, 1, 2, 3])))
        for role in roles:
            seq += 1
            turn.append(entry(seq, role, f"{role} {number}-{seq} said word{seq}"))
        talk.append(turn)
    return talk


@pytest.mark.parametrize("seed", range(40))
def test_compaction_never_loses_the_newest_turn_and_cuts_between_turns(seed: int) -> None:
    rng = random.Random(seed)
    memory, before, borders = MemoryState(), list[Entry](), {0}
    for turn in random_talk(rng, 60):
        asked = [item for item in turn if item.author.role == "customer"]
        seen = (*before[-WINDOW:], *asked)
        memory = read_entries(memory, seen, "en")
        borders |= set(turn_borders([*before, *asked]))
        assert memory.summary.upto in borders
        assert memory.summary.upto < asked[0].seq
        shown = {item.seq for item in seen if item.seq > memory.summary.upto}
        taken = memory.summary.upto
        assert shown | set(range(1, taken + 1)) == set(range(1, asked[-1].seq + 1)), "a gap"
        before += turn


def test_a_flood_longer_than_the_window_is_taken_in_too() -> None:
    flood = [entry(seq, "customer", f"message {seq}") for seq in range(1, 150)]
    memory = read_entries(MemoryState(), flood, "en")
    assert 149 - memory.summary.upto <= CUT_AT
    assert "message 149" in window_of(flood, after=memory.summary.upto)[-1].text


@pytest.mark.parametrize("seed", range(20))
def test_cutting_a_history_never_parts_calls_from_results(seed: int) -> None:
    rng = random.Random(seed)
    items: list[Said | ToolRound] = []
    for number in range(rng.randint(3, 60)):
        items.append(Said(role="customer", text=f"words {number} " * rng.randint(1, 30)))
        if rng.random() < 0.5:
            calls = tuple(
                ToolCall(id=f"c{number}-{part}", name="look", arguments="{}")
                for part in range(rng.randint(1, 3))
            )
            items.append(ToolRound(calls=calls, results=("found " * 20,) * len(calls)))
        items.append(Said(role="assistant", text="answer " * rng.randint(1, 30)))
    items.append(Said(role="customer", text="the newest words"))
    messages = History(system="s", items=tuple(items)).within(rng.randint(50, 2000)).as_messages()
    called = [call["id"] for item in messages for call in item.get("tool_calls", ())]
    answered = [item["tool_call_id"] for item in messages if item["role"] == "tool"]
    assert called == answered
    assert messages[-1]["content"] == "the newest words"


def test_a_call_is_remembered_with_its_result_or_not_at_all() -> None:
    record = ToolRecord(
        name="cancel_order", arguments={"number": "SB-1"}, result='{"outcome":"done"}', ok=True,
        milliseconds=1.0,
    )  # fmt: skip
    memory = MemoryState()
    for number in range(40):
        memory = remember(
            memory, seq=number, at=entry(1, "customer", "").at, language="en", ledger=[record],
            acts={"cancel_order"},
        )  # fmt: skip
    assert 0 < facts_block(memory).count("cancel_order(number=SB-1)") <= 12
    assert facts_block(memory).count("cancel_order") == facts_block(memory).count('"done"')


def test_a_summary_tells_the_goal_and_no_secret() -> None:
    entries: list[Entry] = [entry(1, "customer", "Hi! I want to send back a lamp.")]
    entries += [entry(2, "ai", "We will send you a label tomorrow. Anything else?")]
    entries += [entry(3, "customer", "My card is 4111 1111 1111 1111")]
    for seq in range(4, 60):
        entries.append(entry(seq, "ai" if seq % 2 == 0 else "customer", f"more of it {seq}"))
    memory = read_entries(MemoryState(), entries, "en")
    block = summary_block(memory)
    assert "came with: I want to send back a lamp." in block
    assert "promised: We will send you a label tomorrow." in block
    assert "4111" not in memory.model_dump_json()


def control(seq: int, action: str, role: Role = "human_agent", reason: str | None = None) -> Entry:
    item = entry(seq, role, "")
    return item.model_copy(
        update={"kind": "control", "action": action, "reason": reason,
                "author": Author(role=role, name="Eva")}
    )  # fmt: skip


def test_a_return_from_a_person_begins_an_episode_and_keeps_what_they_decided() -> None:
    entries = [
        entry(1, "customer", "My lamp is broken, I want my money back"),
        control(2, "take"),
        entry(3, "human_agent", "I looked at it. We will refund 40 euros by Friday."),
        entry(4, "customer", "And the shipping?"),
        control(5, "release", reason="refund agreed"),
    ]
    memory = read_entries(MemoryState(), entries, "en")
    (record,) = memory.returns
    assert (memory.episode.number, memory.episode.began) == (2, 5)
    assert (record.by, record.decided, record.open) == ("Eva", "refund agreed", "And the shipping?")
    assert record.promised == ("We will refund 40 euros by Friday.",)
    assert "decided by Eva: refund agreed" in facts_block(memory)


def test_a_closing_leaves_a_resolved_matter() -> None:
    entries = [entry(1, "customer", "My lamp is broken"), control(2, "close", reason="replaced")]
    memory = begin_episode(MemoryState(), entries, entries)
    (done,) = memory.resolved
    assert (done.issue, done.how) == ("My lamp is broken", "replaced")


def test_moods_make_a_trend_within_the_episode() -> None:
    moods = tuple(
        Mood(seq=seq, mood=mood)
        for seq, mood in enumerate(["neutral", "neutral", "negative", "angry", "angry"], 1)
    )
    memory = MemoryState(moods=moods)
    assert mood_trend(memory) == "falling"
    later = memory.model_copy(update={"episode": memory.episode.model_copy(update={"began": 5})})
    assert mood_trend(later) == "steady"
