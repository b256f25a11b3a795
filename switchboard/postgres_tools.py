"""PostgreSQL's own tools for a backup: `pg_dump` and `pg_restore`, as child processes.

Above: `backup`. Below: the tools on the PATH. The password goes by the environment, where other
users of the machine do not see it.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from core.archive.settings import DatabaseSettings
from core.errors import ConfigError, InputError

Tell = Callable[[str, int, int], None]


async def dump_database(settings: DatabaseSettings, target: Path, tell: Tell) -> None:
    """All of the database, as it is at one moment. Raises `ConfigError`, `InputError`."""
    url = _url(settings)
    await _run("pg_dump", ["--format=custom", f"--file={target}", "--no-owner"], url, tell)


async def restore_database(settings: DatabaseSettings, source: Path, tell: Tell) -> None:
    """Into an empty database. Raises `ConfigError`, `InputError`."""
    url = _url(settings)
    options = ["--no-owner", "--exit-on-error", "--single-transaction"]
    await _run("pg_restore", [*options, f"--dbname={_plain(url)}", str(source)], url, tell)


async def _run(tool: str, options: list[str], url: SplitResult, tell: Tell) -> None:
    program = shutil.which(tool)
    if program is None:
        last = options if tool == "pg_restore" else [*options, _plain(url)]
        raise ConfigError(
            f"{tool} is not installed here; run it where it is: {tool} {' '.join(last)}"
        )
    if tool == "pg_dump":
        options = [*options, _plain(url)]
    tell("database", 0, 1)
    environ = {"PGPASSWORD": unquote(url.password or ""), "LC_ALL": "C"}
    child = await asyncio.create_subprocess_exec(
        program, *options, env=environ, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, words = await child.communicate()
    if child.returncode:
        raise InputError(f"{tool} failed: {words.decode(errors='replace').strip()[-500:]}")
    tell("database", 1, 1)


def _url(settings: DatabaseSettings) -> SplitResult:
    if settings.url is None:
        raise InputError("there is no PostgreSQL: DATABASE_URL is not set")
    return urlsplit(settings.url.get_secret_value())


def _plain(url: SplitResult) -> str:
    """As PostgreSQL's tools know it, without the password."""
    user = f"{url.username}@" if url.username else ""
    place = url.netloc.rpartition("@")[2]
    return url._replace(scheme="postgresql", netloc=user + place).geturl()
