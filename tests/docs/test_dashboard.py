"""The dashboard of docs/grafana asks for metrics and labels that exist, and is laid out whole."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from core import observing, telemetry

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "grafana" / "switchboard.json"
# What the process itself and every scrape bring along.
_GIVEN = {"process_resident_memory_bytes", "process_cpu_seconds_total"}
_LABELS = {"job", "instance", "le"}
_METRIC = re.compile(r"\b((?:switchboard|process)_[a-z_]+)")
_MATCHERS = re.compile(r"\{([^}]*)\}")
_BY = re.compile(r"\bby \(([^)]*)\)")


@pytest.fixture(scope="module")
def dashboard() -> Any:
    return json.loads(FILE.read_text(encoding="utf-8"))


def metrics() -> dict[str, set[str]]:
    """Every name that Prometheus would see, with its labels."""
    assert observing.REGISTRY is telemetry.REGISTRY
    found: dict[str, set[str]] = {}
    collectors: Any = telemetry.REGISTRY._collector_to_names
    for collector, names in collectors.items():
        labels: set[str] = set(getattr(collector, "_labelnames", ()))
        for name in names:
            found[name] = labels
    return found


def questions(dashboard: Any) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def test_every_metric_and_label_it_asks_for_exists(dashboard: Any) -> None:
    known = metrics()
    asked = questions(dashboard)
    assert len(asked) > 30
    for question in asked:
        names = _METRIC.findall(question)
        assert names, question
        labels: set[str] = set(_LABELS)
        for name in names:
            assert name in known or name in _GIVEN, name
            labels |= known.get(name, set())
        matched = {
            part.split("=")[0].rstrip("~!").strip()
            for group in _MATCHERS.findall(question)
            for part in group.split(",")
        }
        grouped = {name.strip() for group in _BY.findall(question) for name in group.split(",")}
        assert matched | grouped <= labels, question


def test_every_metric_of_ours_that_people_look_at_is_on_it(dashboard: Any) -> None:
    asked = " ".join(questions(dashboard))
    counted = {
        name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")
        for name in metrics()
        if not name.endswith("_created")
    }
    # Rare, and told by the log with more words.
    left_out = {
        "switchboard_customer_history", "switchboard_email_loops", "switchboard_climbed",
        "switchboard_store_rebuilds", "switchboard_journal_cut",
    }  # fmt: skip
    missing = [
        name
        for name in sorted(counted)
        if name.startswith("switchboard_")
        and name not in asked
        and not any(name.startswith(rare) for rare in left_out)
        and f"{name}_total" not in counted
    ]
    assert missing == []


def test_legends_name_labels_of_their_question(dashboard: Any) -> None:
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            grouped = {
                name.strip() for group in _BY.findall(target["expr"]) for name in group.split(",")
            }
            free = "by (" not in target["expr"]
            assert named <= grouped or free, target


def test_panels_have_ids_titles_and_places_of_their_own(dashboard: Any) -> None:
    panels = dashboard["panels"]
    assert dashboard["uid"] == "switchboard" and dashboard["schemaVersion"] >= 39
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] for panel in panels)
    for one, two in combinations([panel["gridPos"] for panel in panels], 2):
        apart = (
            one["x"] + one["w"] <= two["x"] or two["x"] + two["w"] <= one["x"]
            or one["y"] + one["h"] <= two["y"] or two["y"] + two["h"] <= one["y"]
        )  # fmt: skip
        assert apart, (one, two)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    variables = {item["name"] for item in dashboard["templating"]["list"]}
    assert variables == {"datasource", "job"}


def test_names_follow_the_convention() -> None:
    for name, labels in metrics().items():
        if not name.startswith("switchboard_"):
            continue
        assert re.fullmatch(r"[a-z_]+", name), name
        assert not {"conversation", "contact", "id", "path", "text"} & labels, name


def test_what_could_be_anybodys_word_is_counted_under_other_from_a_number_on() -> None:
    names = {observing.bounded("test", f"tool-{number}") for number in range(5_000)}
    assert len(names) == 201 and "other" in names
    assert observing.bounded("test", "tool-3") == "tool-3"
