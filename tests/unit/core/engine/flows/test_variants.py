"""Whatever way an answer is written, it is understood: at least 95 in 100, in every language."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from core.engine.flows.reading import fill, leaves
from core.engine.flows.starting import flow_in
from core.engine.flows.state import FlowState, Slot

FOLDER = Path(__file__).parent
VARIANTS = tomllib.loads((FOLDER / "variants.toml").read_text(encoding="utf-8"))
BEGINNINGS = tomllib.loads((FOLDER / "beginnings.toml").read_text(encoding="utf-8"))
ENOUGH = 0.95
LANGUAGES = ("en", "cs", "ru", "de", "es")


def understood(slot: str, text: str) -> str:
    """What is read of `text` when `slot` was asked for, in the words of the table."""
    if slot == "leave":
        return "leave" if leaves(text) else "-"
    flow = _waiting_for(slot)  # type: ignore[arg-type]
    value = getattr(fill(flow, text), slot)
    return "-" if value == getattr(flow, slot) else str(value)


def _waiting_for(slot: Slot) -> FlowState:
    if slot == "address":
        return FlowState(name="change_address", number="A-1", asked="address")
    if slot == "reason":
        return FlowState(name="request_refund", number="A-1", asked="reason")
    return FlowState(name="order_status", asked=slot)


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_are_understood_however_they_are_written(language: str) -> None:
    cases = [(slot, *case) for slot, cases in VARIANTS[language].items() for case in cases]
    wrong = [
        (slot, text, want, got)
        for slot, text, want in cases
        if (got := understood(slot, text)) != want
    ]
    assert len(cases) >= 40
    assert len(wrong) <= len(cases) * (1 - ENOUGH), wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_flows_begin_with_ones_own_matter_and_not_with_questions_about_how_things_go(
    language: str,
) -> None:
    cases = [
        (text, None if name == "none" else name)
        for name, texts in BEGINNINGS[language].items()
        for text in texts
    ]
    wrong = [(text, want, got) for text, want in cases if (got := flow_in(text)) != want]
    assert len(cases) >= 30
    assert len(wrong) <= len(cases) * (1 - ENOUGH), wrong


@pytest.mark.parametrize(
    ("text", "intent", "begins"),
    [
        ("When will you dispatch?", "order_status", "order_status"),
        ("When will you dispatch?", "delivery_terms", None),
        ("Where can I rate my purchase?", "feedback", None),
        ("Where is my purchase A-1042?", "feedback", "order_status"),
        ("I insist on my refund", "refund_request", "request_refund"),
        ("I insist on my refund", "refund_dispute", None),
        ("How long does my order take?", "order_status", None),
    ],
)
def test_triage_has_a_say_in_what_begins(text: str, intent: str, begins: str | None) -> None:
    assert flow_in(text, intent=intent) == begins
