from __future__ import annotations

import pytest

from core.memory.recall import facts_block, recall_block
from core.memory.window import window_of
from tests.unit.core.memory.long_talks import LANGUAGES, TURNS, make_talk, remember_all

_SEEDS = range(12)


@pytest.mark.parametrize("language", LANGUAGES)
def test_facts_of_sixty_turns_are_recalled_and_none_is_stale(language: str) -> None:
    asked, missed, stale = 0, list[str](), list[str]()
    for seed in _SEEDS:
        talk = make_talk(language, seed)
        memory, _ = remember_all(talk)
        assert memory.summary.upto > 0, "nothing was cut"
        facts, block = facts_block(memory), recall_block(memory)
        asked += len(talk.current)
        missed += [f"{kind}: {value}" for kind, value in talk.current.items() if value not in facts]
        current = set(talk.current.values())
        stale += [value for value in talk.stale if value in block and value not in current]
    assert stale == []
    assert 1 - len(missed) / asked >= 0.95, missed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_the_last_turn_are_always_shown(language: str) -> None:
    memory, entries = remember_all(make_talk(language, 3))
    shown = "\n".join(item.text for item in window_of(entries[:-1], after=memory.summary.upto))
    assert entries[-2].text in shown
    assert len(entries) == 2 * TURNS
