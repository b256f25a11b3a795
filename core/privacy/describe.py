"""The data map as a table for people. Above: `docs/privacy.md`, its test. Below: `datamap`."""

from __future__ import annotations

from pathlib import Path

from core.privacy.datamap import PLACES
from core.privacy.places import Medium, Place

_MARK = "<!-- map: made by core.privacy.describe -->\n"
_TITLES: dict[Medium, str] = {
    "sql": "SQL", "redis": "Redis (behind `sb:{NN}:`)", "files": "Files", "vectors": "Vectors",
    "logs": "Logs", "outside": "Outside of the gateway",
}  # fmt: skip
_ERASURE = {
    "delete": "deleted", "blank": "kept without the person", "keep": "nothing of a person",
    "expire": "ends by itself", "hand": "named in the report, removed by people",
}  # fmt: skip


def describe() -> str:
    """Markdown: one table for each medium."""
    parts: list[str] = []
    for medium, title in _TITLES.items():
        rows = [_row(place) for place in PLACES if place.medium == medium]
        head = "| where | what | kind | personal | after an erasure |\n|---|---|---|---|---|"
        parts.append(f"### {title}\n\n{head}\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _row(place: Place) -> str:
    personal = ", ".join(f"`{name}`" for name in place.personal) or "–"
    holds = f"{place.holds}. {place.note}" if place.note else place.holds
    cells = (f"`{place.name}`", holds, place.kind, personal, _ERASURE[place.erase])
    return f"| {' | '.join(cells)} |"


def write(page: Path) -> None:
    """Put the tables behind the mark of the page."""
    text, mark, _ = page.read_text(encoding="utf-8").partition(_MARK)
    page.write_text(f"{text}{mark}\n{describe()}", encoding="utf-8")


if __name__ == "__main__":
    write(Path("docs/privacy.md"))
