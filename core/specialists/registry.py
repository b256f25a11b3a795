"""All specialists of a folder, read anew when a file changes.

Above: the turn, triage, `GET /specialists`. Below: `spec`.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import structlog

from core.errors import ConfigError
from core.specialists.spec import SpecialistSpec, line_of, read_spec

_log = structlog.get_logger("specialists")
_GENERAL = "general"


class SpecialistRegistry:
    """The specialists by name. `version` grows with every change that was taken over."""

    def __init__(self, folder: Path) -> None:
        """Reads the folder. Raises `ConfigError` with every fault of every file."""
        self._folder = folder
        self._stamp = self._read_stamp()
        self._specs = read_folder(folder)
        self.version = 1
        self.last_error: str | None = None

    def __len__(self) -> int:
        return len(self._specs)

    def all(self) -> tuple[SpecialistSpec, ...]:
        """In the order of their names."""
        return tuple(self._specs.values())

    def find(self, name: str | None) -> SpecialistSpec | None:
        """The specialist of that name, if it (still) exists."""
        return self._specs.get(name or "")

    @property
    def fallback(self) -> SpecialistSpec:
        """Who takes what nobody else does: `general`, else the first."""
        return self._specs.get(_GENERAL) or next(iter(self._specs.values()))

    def refresh(self) -> bool:
        """Read the folder again if a file in it changed; True if that changed anything.

        A folder with a fault is not taken over: the old specialists stay, `last_error` tells why.
        """
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            specs = read_folder(self._folder)
        except ConfigError as error:
            self.last_error = str(error)
            _log.error("specialists_not_reloaded", error=str(error))
            return False
        self.last_error = None
        if specs == self._specs:
            return False
        self._specs = specs
        self.version += 1
        _log.info("specialists_reloaded", names=list(specs), version=self.version)
        return True

    def _read_stamp(self) -> tuple[tuple[str, int, int], ...]:
        stamps: list[tuple[str, int, int]] = []
        for file in (*files_in(self._folder, "toml"), *files_in(self._folder, "md")):
            with suppress(FileNotFoundError):  # an editor is just putting a new one in its place
                stamps.append((file.name, (stat := file.stat()).st_mtime_ns, stat.st_size))
        return tuple(sorted(stamps))


def files_in(folder: Path, ending: str) -> list[Path]:
    """What people wrote there, by name; editors and desktops keep hidden files of their own."""
    found = folder.glob(f"*.{ending}")
    return sorted(path for path in found if not path.name.startswith("."))


def read_folder(folder: Path) -> dict[str, SpecialistSpec]:
    """Every specialist in `folder`. Raises `ConfigError` with the faults of all files."""
    faults: list[str] = []
    specs: dict[str, SpecialistSpec] = {}
    for path in files_in(folder, "toml"):
        try:
            spec = read_spec(path)
        except ConfigError as error:
            faults.append(str(error))
        else:
            specs[spec.name] = spec
    for spec in specs.values():
        unknown = [name for name in spec.consult if name not in specs]
        if unknown and not faults:
            file = folder / f"{spec.name}.toml"
            line = line_of(file.read_text(encoding="utf-8"), ("consult",))
            faults.append(f"{file}:{line}: consult: no specialist {', '.join(unknown)}")
    if not specs and not faults:
        faults.append(f"{folder}: no specialist (*.toml) in this folder")
    if faults:
        raise ConfigError("\n".join(faults))
    return specs
