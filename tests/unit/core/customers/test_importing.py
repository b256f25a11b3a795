"""Customers and orders from files: what is taken, what is left out, what a second time changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.archive.database import open_database
from core.archive.settings import DatabaseSettings
from core.customers.importing import read_rows
from core.customers.limits import RefundLimits, read_limits
from core.customers.loading import holds_customers, write_rows
from core.customers.records import Subject
from core.customers.sql import SqlCustomers
from core.errors import ConfigError, InputError

ROOT = Path(__file__).parents[4]
ZOE = Subject(conversation="cv_00_0123456789abcdefghijkl", contact="z-1", level=1)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_samples_are_sound() -> None:
    rows = read_rows(ROOT / "config" / "customers" / "sample.json")
    assert rows.faults == [] and len(rows.customers) == 3
    known = {row.id for row in rows.customers}
    assert {row.customer for row in (*rows.orders, *rows.invoices)} <= known
    for order in rows.orders:
        items = sum((item.price * item.quantity for item in order.items), Decimal(0))
        assert items == order.total, order.number
        assert order.placed_at <= datetime.now(UTC)


def test_the_shipped_limits_are_read() -> None:
    limits = read_limits(ROOT / "config" / "escalation.toml")
    assert limits == RefundLimits(refund_above=Decimal(1000), refunds_in_30_days=3)


@pytest.mark.parametrize("value", ['"much"', "-1"])
def test_senseless_limits_refuse_to_start(tmp_path: Path, value: str) -> None:
    path = write(tmp_path, "escalation.toml", f"[limits]\nrefund_above = {value}\n")
    with pytest.raises(ConfigError, match=r"limits\.refund_above"):
        read_limits(path)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_csv_is_told_by_its_columns(tmp_path: Path, delimiter: str) -> None:
    customers = "id,name,email\nz-1,Zoë, zoe@shop.example \n,Nobody,\n"
    orders = (
        "number,customer,status,placed_at,total,currency\n"
        "A-1,z-1,paid,2026-02-03,19.90,EUR\nA-2,z-1,lost,2026-02-03,1,EUR\n"
    )
    first = read_rows(write(tmp_path, "c.csv", "\ufeff" + customers.replace(",", delimiter)))
    second = read_rows(write(tmp_path, "o.csv", orders.replace(",", delimiter)))
    assert [row.email for row in first.customers] == ["zoe@shop.example"]
    assert first.faults == ["line 3: id: Field required"]
    assert [row.total for row in second.orders] == [Decimal("19.90")]
    assert second.orders[0].placed_at == datetime(2026, 2, 3, tzinfo=UTC)
    assert second.faults[0].startswith("line 3: status")


def test_days_may_be_relative(tmp_path: Path) -> None:
    row = {"number": "1", "customer": "z", "status": "paid", "total": 1, "placed_at": "today-3"}
    path, before = write(tmp_path, "o.json", json.dumps({"orders": [row]})), datetime.now(UTC)
    placed = read_rows(path).orders[0].placed_at.date() + timedelta(days=3)
    assert before.date() <= placed <= datetime.now(UTC).date()


@pytest.mark.parametrize("text", ["[]", "{", "\x00"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        read_rows(write(tmp_path, "x.json", text))


async def test_a_second_import_brings_up_to_date(tmp_path: Path) -> None:
    row = {
        "number": "A-1", "customer": "z-1", "status": "paid", "total": "10.10",
        "placed_at": "2026-02-03T10:00:00Z", "items": [{"name": "Old"}, {"name": "Gone"}],
    }  # fmt: skip
    data = {"customers": [{"id": "z-1", "name": "Zoe", "email": "Z@x.example"}], "orders": [row]}
    async with open_database(DatabaseSettings(data_dir=tmp_path)) as database:
        await database.migrate()
        assert not await holds_customers(database)
        await write_rows(database, read_rows(write(tmp_path, "1.json", json.dumps(data))))
        data["orders"] = [{**row, "status": "shipped", "items": [{"name": "New"}]}]
        await write_rows(database, read_rows(write(tmp_path, "2.json", json.dumps(data))))
        assert await holds_customers(database)
        system = SqlCustomers(database, RefundLimits())
        (order,) = await system.orders(ZOE)
        assert (order.status, order.total) == ("shipped", Decimal("10.10"))
        assert [item.name for item in order.items] == ["New"]
        by_email = await system.find_order(
            Subject(conversation=ZOE.conversation), "A1", email="z@X.example"
        )
        assert by_email is not None and by_email.partial
        data["orders"] = [{**row, "number": "a 1"}]
        with pytest.raises(InputError, match="same number"):
            await write_rows(database, read_rows(write(tmp_path, "3.json", json.dumps(data))))


def test_faults_name_the_line_also_behind_cells_of_several_lines(tmp_path: Path) -> None:
    text = (
        "id,name,address,contacts\n"
        'a,Ann,"Street 1\nTown",telegram:1 | web:2\n'
        "\n"
        "b,,,\n"
        "a,Again,,\n"
        "c,Cem,x,y,z\n"
    )
    rows = read_rows(write(tmp_path, "c.csv", text))
    assert [row.contacts for row in rows.customers] == [("telegram:1", "web:2")]
    assert [fault.split(": ")[0] for fault in rows.faults] == ["line 5", "line 6", "line 7"]
    assert rows.faults[1] == "line 6: id: the same as line 2"
    assert "more cells than columns" in rows.faults[2]


@pytest.mark.parametrize(("text", "fault"), [
    ("id,name,shoe\n", "line 1: unknown column 'shoe'"), ("name\n", "need the column 'id'"),
    ("", "need the column 'id'"),
])  # fmt: skip
def test_a_file_of_another_kind_is_refused_with_its_line(
    tmp_path: Path, text: str, fault: str
) -> None:
    with pytest.raises(InputError, match=fault):
        read_rows(write(tmp_path, "c.csv", text))


async def test_an_import_tells_how_far_it_is(tmp_path: Path) -> None:
    lines = "".join(f"c-{n},Customer {n}\n" for n in range(1_200))
    told: list[tuple[str, int, int]] = []

    def tell(stage: str, done: int, total: int) -> None:
        told.append((stage, done, total))

    rows = read_rows(write(tmp_path, "c.csv", f"id,name\n{lines}"), tell)
    async with open_database(DatabaseSettings(data_dir=tmp_path)) as database:
        await database.migrate()
        await write_rows(database, rows, tell)
    assert told == [
        *(("reading", done, 1_200) for done in (500, 1_000, 1_200)),
        *(("writing", done, 1_200) for done in (500, 1_000, 1_200)),
    ]
