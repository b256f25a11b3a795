"""`kb review`, `autonomy` and `report` in a data folder, while no gateway runs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.archive.corrections import SqlCorrections
from core.archive.database import open_database
from core.archive.knowledge_reviews import KnowledgeReviews
from core.archive.settings import DatabaseSettings
from core.engine.corrections import NewCorrection
from core.errors import NotFound
from core.learning.reviews import make_review
from switchboard import attach
from switchboard.cli import app


@pytest.fixture(autouse=True)
def logs_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sets up the logs of its process, and this one goes on."""
    monkeypatch.setattr(attach, "configure_logging", lambda **_: None)  # pyright: ignore[reportUnknownLambdaType]


def run(folder: Path, *arguments: str) -> Any:
    """What the command prints as JSON; raises what it dies of."""
    outcome = CliRunner().invoke(
        app, [*arguments, "--json", "--data", str(folder)], catch_exceptions=False,
        env={"SWITCHBOARD_URL": "", "SWITCHBOARD_TOKEN": ""},
    )  # fmt: skip
    assert outcome.exit_code == 0, outcome.output
    return json.loads(outcome.stdout.splitlines()[-1])


async def propose(folder: Path) -> str:
    new = make_review(question="How long is the warranty?", answer="Two years.", language="en")
    async with open_database(DatabaseSettings(data_dir=folder)) as database:
        await database.migrate()
        return (await KnowledgeReviews(database).propose(new, by="Ada")).id


def test_proposals_are_listed_and_rejected(tmp_path: Path) -> None:
    made = asyncio.run(propose(tmp_path))
    (listed,) = run(tmp_path, "kb", "review", "list")
    assert (listed["id"], listed["answer"], listed["proposed_by"]) == (made, "Two years.", "Ada")
    assert run(tmp_path, "kb", "review", "reject", made)["reviewed_by"] == "command line"
    assert run(tmp_path, "kb", "review", "list") == []
    assert len(run(tmp_path, "kb", "review", "list", "--all")) == 1
    with pytest.raises(NotFound):
        run(tmp_path, "kb", "review", "reject", "kr_none")


def test_a_persons_word_about_an_intent_is_kept_with_its_reason(tmp_path: Path) -> None:
    done = run(tmp_path, "autonomy", "set", "billing.refund", "draft", "--why", "too many mistakes")
    assert (done["before"], done["after"], done["status"]) == ("auto", "draft", "applied")
    found = run(tmp_path, "autonomy", "list")
    assert found["modes"] == {"billing.refund": "draft"}
    assert found["changes"][0]["why"] == "too many mistakes"
    run(tmp_path, "autonomy", "set", "billing.refund", "auto")
    found = run(tmp_path, "autonomy", "list")
    assert found["modes"] == {} and len(found["changes"]) == 2
    with pytest.raises(NotFound):
        run(tmp_path, "autonomy", "apply", "au_none")


async def correct(folder: Path) -> str:
    new = NewCorrection(text="Where is my parcel?", language="en", priority="low")
    async with open_database(DatabaseSettings(data_dir=folder)) as database:
        await database.migrate()
        return (await SqlCorrections(database).propose(new, by="Ada")).id


def test_wrong_routes_are_accepted_from_the_terminal_and_named_in_the_report(
    tmp_path: Path,
) -> None:
    made = asyncio.run(correct(tmp_path))
    (listed,) = run(tmp_path, "corrections", "list")
    assert (listed["id"], listed["text"]) == (made, "Where is my parcel?")
    (suggested,) = run(tmp_path, "report")["suggestions"]
    assert (suggested["kind"], suggested["text"]) == (
        "correction", "1 wrong route waits to be learned from"
    )  # fmt: skip
    assert run(tmp_path, "corrections", "accept", made)["status"] == "accepted"
    assert run(tmp_path, "corrections", "list") == []


def test_the_report_of_a_week_is_printed(tmp_path: Path) -> None:
    found = run(tmp_path, "report", "--week", "2026-W07")
    assert (found["week"], found["since"]) == ("2026-W07", "2026-02-09T00:00:00.000Z")
    shown = CliRunner().invoke(app, ["report", "--data", str(tmp_path)])
    assert "conversations" in shown.output
