"""The settings as documents: `.env.example` and `docs/configuration.md`.

Above: `make docs`, which writes them, and a test that compares. Below: `config.settings`.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

from config.environment import Variable
from config.settings import list_settings

ROOT = Path(__file__).resolve().parent.parent
_EXAMPLE_HEAD = """\
# Every setting of Switchboard, with its default. Copy this file to .env and remove the sign of
# what you change; the environment itself goes before it. Written by `make docs`.
#
# NAME_FILE=/run/secrets/name reads a value from a mounted file. Lists are comma-separated or JSON.

# ---- docker-compose.yml only ---------------------------------------------------------------------

# The password of its PostgreSQL.
# POSTGRES_PASSWORD=
"""
_PAGE_HEAD = """\
# Configuration

Settings are environment variables, or lines of a file `.env` in the folder Switchboard is started
in. The environment goes before the file, options of a command before both. Everything has a
default: an empty environment is a working installation. This page is written by `make docs`.

- A variable has our own name; where everybody else has a name for the same thing, that one too.
- `NAME_FILE` names a file whose content is the value, for mounted secrets.
- Lists are comma-separated words or JSON.
- All faults are reported at once, each with its mend; the process then ends with exit code 78.
  An unknown name with our prefix is a fault, since most often it is a slip of the keyboard.
"""


def render_example() -> str:
    """The text of `.env.example`."""
    parts = [_EXAMPLE_HEAD]
    for section, variables in _sections().items():
        parts.append(f"# ---- {section} ".ljust(100, "-") + "\n")
        for variable in variables:
            lines = "".join(f"# {line}\n" for line in wrap(variable.description, width=98))
            parts.append(f"{lines}# {variable.usual or variable.name}={variable.default}\n")
    return "\n".join(parts)


def render_page() -> str:
    """The text of `docs/configuration.md`."""
    parts = [_PAGE_HEAD]
    for section, variables in _sections().items():
        parts.append(f"## {section}\n")
        parts.append("| variable | default | meaning |\n|---|---|---|")
        parts += [_row(variable) for variable in variables]
        parts.append("")
    return "\n".join(parts)


def write(root: Path = ROOT) -> None:
    """Write both documents."""
    (root / ".env.example").write_text(render_example(), encoding="utf-8")
    (root / "docs" / "configuration.md").write_text(render_page(), encoding="utf-8")


def _sections() -> dict[str, list[Variable]]:
    found: dict[str, list[Variable]] = {}
    for variable in list_settings():
        section = variable.path[0] if len(variable.path) > 1 else "general"
        found.setdefault(section, []).append(variable)
    return found


def _row(variable: Variable) -> str:
    names = "<br>".join(f"`{name}`" for name in reversed(variable.names))
    default = f"`{variable.default}`" if variable.default else ""
    secret = " Secret." if variable.secret else ""
    return f"| {names} | {default} | {variable.description.replace('|', '/')}{secret} |"


if __name__ == "__main__":
    write()
