"""`switchboard token` where no gateway runs: the database of the data folder itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from switchboard import attach
from switchboard.cli import app


@pytest.fixture(autouse=True)
def logs_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sets up the logs of its process, and this one goes on."""
    monkeypatch.setattr(attach, "configure_logging", lambda **_: None)  # pyright: ignore[reportUnknownLambdaType]


def run(data: Path, *words: str, code: int = 0) -> Any:
    outcome = CliRunner().invoke(
        app, ["token", *words, "--data", str(data), "--json"],
        env={"SWITCHBOARD_URL": "", "SWITCHBOARD_TOKEN": ""},
    )  # fmt: skip
    assert outcome.exit_code == code, outcome.output
    return json.loads(outcome.stdout) if code == 0 else outcome.output


def test_tokens_are_made_listed_and_revoked(tmp_path: Path) -> None:
    limit = ("--limit", "tickets:read", "--limit", "knowledge:write")
    whose = ("--scope", "desk", "--name", "Eva", "--expires", "90d")
    made = run(tmp_path, "create", *whose, *limit)
    assert made["token"].startswith("sbt_")
    assert made["limits"] == ["tickets:read", "knowledge:write"]
    assert made["expires_at"] > made["created_at"]
    (listed,) = run(tmp_path, "list")
    assert listed == {name: value for name, value in made.items() if name != "token"}
    shown = CliRunner().invoke(app, ["token", "list", "--data", str(tmp_path)]).stdout
    assert made["id"] in shown and made["token"] not in shown
    assert run(tmp_path, "revoke", made["id"]) == {"revoked": made["id"]}
    assert run(tmp_path, "list") == []


@pytest.mark.parametrize(
    "words",
    [("--scope", "customer"), ("--scope", "desk", "--expires", "yesterday"), (),
     ("--scope", "desk", "--expires", "2001-01-01"), ("--scope", "desk", "--expires", "0d")],
)  # fmt: skip
def test_what_cannot_be_is_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert "Traceback" not in run(tmp_path, "create", *words, code=2)
