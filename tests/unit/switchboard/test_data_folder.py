"""The data folder: its owner, its secrets, its note."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.errors import ConfigError
from switchboard.data_folder import DataFolder, GatewayNote


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.make()
    return made


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def dead_pid() -> int:
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_secret_is_made_once_and_for_the_owner_only(folder: DataFolder) -> None:
    first = folder.secret("admin.token")
    assert len(first) >= 32
    assert folder.secret("admin.token") == first
    assert folder.secret("secret.key") != first
    assert mode_of(folder.path / "admin.token") == 0o600


def test_a_secret_that_another_process_is_writing_is_waited_for(folder: DataFolder) -> None:
    path = folder.path / "secret.key"
    path.touch()
    writing = threading.Timer(0.1, path.write_text, ["theirs\n"])
    writing.start()
    assert folder.secret("secret.key") == "theirs"
    writing.join()


def test_an_emptied_secret_is_an_error_with_its_mend(folder: DataFolder) -> None:
    (folder.path / "secret.key").touch()
    with pytest.raises(ConfigError, match="remove it"):
        folder.secret("secret.key")


def test_the_note_of_a_running_gateway_is_found_and_private(folder: DataFolder) -> None:
    assert folder.find_gateway() is None
    note = GatewayNote("http://127.0.0.1:8080", "token", os.getpid())
    folder.announce(note)
    assert folder.find_gateway() == note
    assert mode_of(folder.path / "gateway.json") == 0o600
    assert json.loads((folder.path / "gateway.json").read_text()) == {
        "url": "http://127.0.0.1:8080",
        "admin_token": "token",
        "pid": os.getpid(),
    }


def test_the_note_of_a_dead_gateway_is_none(folder: DataFolder) -> None:
    folder.announce(GatewayNote("http://127.0.0.1:8080", "token", dead_pid()))
    assert folder.find_gateway() is None


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"url": "x"}', "null"])
def test_a_broken_note_is_none(folder: DataFolder, text: str) -> None:
    (folder.path / "gateway.json").write_text(text)
    assert folder.find_gateway() is None


def test_a_process_retracts_its_own_note_only(folder: DataFolder) -> None:
    folder.announce(GatewayNote("http://127.0.0.1:1", "token", os.getpid()))
    folder.retract(os.getpid() + 1)
    assert folder.find_gateway() is not None
    folder.retract(os.getpid())
    assert folder.find_gateway() is None


def test_a_folder_has_one_owner_and_is_free_after_it(folder: DataFolder) -> None:
    with folder.own():
        mine = rf"already runs.*process {os.getpid()}"
        with pytest.raises(ConfigError, match=mine), DataFolder(folder.path).own():
            raise AssertionError
    with folder.own():
        pass


def test_the_lock_of_a_killed_owner_is_no_hindrance(folder: DataFolder) -> None:
    script = (
        "import sys, pathlib; from switchboard.data_folder import DataFolder\n"
        "with DataFolder(pathlib.Path(sys.argv[1])).own():\n"
        "    print('mine', flush=True); sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(folder.path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"mine\n"
        with pytest.raises(ConfigError, match=f"process {child.pid}"), folder.own():
            raise AssertionError
        child.kill()
    with folder.own():
        pass


def test_a_folder_that_cannot_be_made_is_an_error_with_its_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="--data"):
        DataFolder(tmp_path / "file" / "data").make()
