"""The command line: what is offered, how fast, and how errors look."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest


def run(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "switchboard", *arguments],
        cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3]), **environ},
    )  # fmt: skip


def test_help_names_every_command_and_loads_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from switchboard.cli import app\n"
        "result = CliRunner().invoke(app, ['--help'])\n"
        "assert result.exit_code == 0, result.output\n"
        "heavy = ('aiohttp', 'pydantic', 'redis', 'sqlalchemy', 'numpy', 'socketio')\n"
        "print([name for name in heavy if name in sys.modules])\n"
        "print(result.output)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    heavy, _, text = done.stdout.partition("\n")
    assert heavy == "[]"
    for command in ("up", "run", "doctor", "chat", "kb", "dead-letters"):
        assert f" {command} " in text


def test_the_version_is_told(tmp_path: Path) -> None:
    done = run("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, version("switchboard"))


def test_an_unknown_role_is_wrong_usage_and_names_the_roles(tmp_path: Path) -> None:
    for role in ("fax", "nonsense"):
        done = run("run", role, cwd=tmp_path)
        assert done.returncode == 2
        assert "web, worker, telegram" in done.stderr


def test_an_unfit_configuration_is_one_message_and_exit_78(tmp_path: Path) -> None:
    done = run("up", cwd=tmp_path, SWITCHBOARD_PORT="many", SWITCHBOARD_BUS__SHARDS="0")
    assert done.returncode == 78
    assert "SWITCHBOARD_PORT" in done.stderr
    assert "SWITCHBOARD_BUS__SHARDS" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_processes_without_a_shared_store_are_refused(tmp_path: Path) -> None:
    done = run("run", "worker", cwd=tmp_path)
    assert done.returncode == 78
    assert "REDIS_URL" in done.stderr


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis://:s3cret-pass@127.0.0.1:1/0"])
def test_a_store_that_does_not_answer_is_one_message(tmp_path: Path, url: str) -> None:
    done = run("run", "archive", cwd=tmp_path, REDIS_URL=url, SWITCHBOARD_BUS__TIMEOUT_SECONDS="1")
    assert done.returncode == 78
    assert "REDIS_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret-pass" not in done.stderr


def test_commands_that_need_a_gateway_say_how_to_start_one(tmp_path: Path) -> None:
    done = run("chat", cwd=tmp_path)
    assert done.returncode == 1
    assert "switchboard up" in done.stderr
    done = run("chat", "--url", "http://127.0.0.1:1", cwd=tmp_path)
    assert done.returncode == 1
    assert "http://127.0.0.1:1" in done.stderr


def test_the_doctor_reports_a_bad_configuration_instead_of_failing(tmp_path: Path) -> None:
    done = run("doctor", "--json", cwd=tmp_path, SWITCHBOARD_PORT="many")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["fit"] is False
    assert report["checks"][0]["state"] == "unfit"
    assert "SWITCHBOARD_PORT" in report["checks"][0]["found"]
