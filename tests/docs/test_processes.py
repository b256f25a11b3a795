"""Compose file, Procfile and Dockerfile are valid and speak of things that exist.

No container engine is needed: what an engine would find out at start is checked by a strict parser
of the compose specification, and against our settings and our commands.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from config.settings import list_settings
from tests.docs.commands import options_of, roles_of_run

INTERPOLATION = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<rest>[^}]*)\}")


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "docker-compose.yml").read_text(encoding="utf-8"))


def our_services(compose: dict[str, Any]) -> dict[str, Any]:
    return {name: body for name, body in compose["services"].items() if "build" in body}


def setting_names() -> set[str]:
    names = {name for variable in list_settings() for name in variable.names}
    return names | {f"{name}_FILE" for name in names}


def check_command(words: list[str]) -> None:
    """A command line of ours names a command, roles and options that exist."""
    assert words[0] == "switchboard", words
    command, rest = words[1], words[2:]
    known = options_of(command)
    for word in rest:
        if word.startswith("--"):
            assert word in known, f"{command} has no option {word}"
        elif command == "run":
            assert word in roles_of_run(), f"no role is called {word}"


def test_the_compose_file_is_what_a_strict_parser_of_the_specification_takes(
    compose: dict[str, Any],
) -> None:
    parsed = PyCompose.from_json(json.dumps(compose))
    parsed.validate()
    parsed.to_spec()
    assert sorted(parsed.service_names()) == sorted(compose["services"])


def test_every_service_has_a_health_check_and_restarts(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
        assert service["healthcheck"]["interval"], name
        assert service["restart"] == "unless-stopped", name


def test_services_wait_for_healthy_neighbours_that_exist(compose: dict[str, Any]) -> None:
    for name, service in our_services(compose).items():
        assert service["depends_on"].keys() <= compose["services"].keys(), name
        for need in service["depends_on"].values():
            assert need["condition"] == "service_healthy", name


def test_named_volumes_are_declared(compose: dict[str, Any]) -> None:
    used = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }
    assert used == compose["volumes"].keys()


def test_compose_sets_only_settings_that_exist(compose: dict[str, Any]) -> None:
    for name, service in our_services(compose).items():
        unknown = service["environment"].keys() - setting_names()
        assert not unknown, (name, unknown)


def test_required_values_of_compose_are_in_the_example_environment(
    root: Path, compose: dict[str, Any]
) -> None:
    example = (root / ".env.example").read_text(encoding="utf-8")
    for match in INTERPOLATION.finditer(json.dumps(compose)):
        assert match["rest"].startswith(":?"), f"{match['name']} may be empty without a word"
        assert re.search(rf"^#? ?{match['name']}=", example, re.MULTILINE), match["name"]


def test_the_store_of_compose_is_fit_to_hold_conversations(compose: dict[str, Any]) -> None:
    words = compose["services"]["valkey"]["command"]
    given = dict(zip(words[1::2], words[2::2], strict=True))
    assert given["--appendonly"] == "yes"
    assert given["--maxmemory-policy"] == "noeviction"


def test_compose_runs_commands_that_exist(compose: dict[str, Any]) -> None:
    services = our_services(compose)
    assert {"web", "worker", "archive"} <= services.keys()
    for service in services.values():
        check_command(service["command"])
        test = service["healthcheck"]["test"]
        if test[1] == "switchboard":
            check_command(test[1:])


def test_the_procfile_runs_commands_that_exist(root: Path) -> None:
    lines = (root / "Procfile").read_text(encoding="utf-8").splitlines()
    processes = dict(line.split(": ", 1) for line in lines)
    assert {"web", "worker", "archive"} <= processes.keys()
    for command in processes.values():
        check_command(shlex.split(command))


def test_the_image_runs_a_command_that_exists_as_an_ordinary_user(root: Path) -> None:
    text = (root / "Dockerfile").read_text(encoding="utf-8")
    last_stage = text[text.rindex("\nFROM ") :]
    command = re.search(r"^CMD (\[.*\])$", last_stage, re.MULTILINE)
    assert command
    check_command(json.loads(command[1]))
    user = re.search(r"^USER (\S+)$", last_stage, re.MULTILINE)
    assert user and user[1] not in ("root", "0")
    assert last_stage.index("\nUSER ") < last_stage.index('\nCMD ["switchboard')
    assert "HEALTHCHECK" in last_stage


def test_the_image_is_built_from_files_that_exist_and_are_let_through(root: Path) -> None:
    text = (root / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    let_through = {
        line[1:]
        for line in (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    for source in re.findall(r"^COPY (?!--from)(\S+)", text, re.MULTILINE):
        assert (root / source).exists(), source
        assert source == "." or source.split("/")[0] in let_through, source
    for path in let_through:
        assert (root / path).exists(), path
    for package in ("channels", "config", "core", "kb", "switchboard", "widget"):
        assert package in let_through


def test_the_image_installs_only_what_is_locked(root: Path) -> None:
    text = (root / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"pip install [^&\n]*", text):
        assert "--require-hashes" in line or "--no-deps" in line, line
