"""Tokens that carry a conversation to another channel: short, bound, unforgeable, mortal."""

from __future__ import annotations

import re

import pytest

from core.identity.links import LinkTokens
from core.ids import new_conversation_id

CONVERSATION = new_conversation_id(16)


def tokens(secret: str = "a secret", now: float = 1_800_000_000.0) -> LinkTokens:
    return LinkTokens(secret, clock=lambda: now)


def test_it_leads_back_to_its_conversation_whatever_the_shard() -> None:
    for shards in (1, 16, 100):
        conversation = new_conversation_id(shards)
        link = tokens().read(tokens().issue(conversation))
        assert link is not None
        assert link.conversation == conversation


def test_it_fits_the_start_link_of_a_platform() -> None:
    for _ in range(200):
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tokens().issue(CONVERSATION))


def test_two_tokens_of_one_conversation_are_different_and_named_apart() -> None:
    one, two = tokens().issue(CONVERSATION), tokens().issue(CONVERSATION)
    assert one != two
    first, second = tokens().read(one), tokens().read(two)
    assert first is not None and second is not None
    assert first.name != second.name


def test_it_ends() -> None:
    token = tokens(now=1_800_000_000).issue(CONVERSATION, seconds=60)
    assert tokens(now=1_800_000_059).read(token) is not None
    assert tokens(now=1_800_000_060).read(token) is None


def test_one_of_another_installation_says_nothing() -> None:
    assert tokens("another secret").read(tokens().issue(CONVERSATION)) is None


def test_no_letter_of_it_can_be_changed() -> None:
    token = tokens().issue(CONVERSATION)
    for at, letter in enumerate(token[:-1]):
        other = token[:at] + ("A" if letter != "A" else "B") + token[at + 1 :]
        assert tokens().read(other) is None


@pytest.mark.parametrize(
    "junk",
    ["", "start", "A" * 58, "=" * 58, "é" * 58, "A" * 10_000, CONVERSATION, "A" * 57 + "\n"],
    ids=["empty", "word", "letters", "signs", "accents", "long", "conversation", "line end"],
)
def test_anything_else_is_no_token(junk: str) -> None:
    assert tokens().read(junk) is None


def test_without_a_secret_there_are_no_links() -> None:
    with pytest.raises(ValueError, match="secret"):
        LinkTokens("")
