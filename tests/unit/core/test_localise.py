"""Days, money and lists in the five languages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from core.localise import write_day, write_list, write_money, write_span


@pytest.mark.parametrize(
    ("language", "day", "money"),
    [
        ("en", "3 March 2026", "€1,258.50"),
        ("cs", "3. března 2026", "1\u00a0258,50\u00a0€"),
        ("ru", "3 марта 2026 г.", "1\u00a0258,50\u00a0€"),
        ("de", "3. März 2026", "1.258,50\u00a0€"),
        ("es", "3 de marzo de 2026", "1.258,50\u00a0€"),
        ("fr", "2026-03-03", "1258.50\u00a0€"),
    ],
)
def test_days_and_sums_are_written_as_people_there_do(language: str, day: str, money: str) -> None:
    assert write_day(date(2026, 3, 3), language) == day
    assert write_money(Decimal("1258.50"), "EUR", language) == money


def test_a_currency_without_a_sign_keeps_its_code() -> None:
    assert write_money("20", "CHF", "en") == "20.00\u00a0CHF"
    assert write_money("some", "EUR", "en") == "some EUR"


def test_lists_end_with_an_and() -> None:
    assert write_list(["a", "b", "c"], "de") == "a, b und c"
    assert write_list(["a"], "cs") == "a" and write_list([], "cs") == ""


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "1 min"), (130, "2 min"), (700, "10 min"), (1_900, "30 min"), (3_590, "1 h"),
     (5_500, "1 h 30 min"), (16_000, "4 h")],
)  # fmt: skip
def test_a_span_is_no_finer_than_people_care(seconds: float, written: str) -> None:
    assert write_span(seconds, "en").replace("\u00a0", " ") == written
    assert "мин" in write_span(700, "ru") and "Min." in write_span(700, "de")
