"""Derives `schema.json`: methods and types of the Bot API with their fields and length limits.

Source: `.butcher/schema/schema.json` of aiogram's source distribution (aiogram, MIT licence,
Copyright (c) 2017-present Alex Root Junior and contributors). Run with the path of that file:

    python -m tests.fakes.telegram.make_schema PATH
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

_LIMIT = re.compile(r"(\d+)-(\d+) (characters|bytes)")
TARGET = Path(__file__).with_name("schema.json")


def derive(source: dict[str, Any]) -> dict[str, Any]:
    """A field is `[type, required]`, or `[type, required, least, most, unit]`."""
    made: dict[str, Any] = {
        "source": "aiogram 3.31.0 (MIT), .butcher/schema/schema.json",
        "api": source["api"], "methods": {}, "types": {},
    }  # fmt: skip
    for section in source["items"]:
        for item in section["children"]:
            if not item.get("annotations") and item["name"][0].isupper():
                continue
            kind = "types" if item["name"][0].isupper() else "methods"
            fields = {field["name"]: _field(field) for field in item.get("annotations", ())}
            made[kind][item["name"]] = fields
    return made


def _field(field: dict[str, Any]) -> list[Any]:
    found = _LIMIT.search(field["description"])
    limits = [int(found[1]), int(found[2]), found[3]] if found else []
    return [field["type"], bool(field.get("required")), *limits]


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    lines = json.dumps(derive(given), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    TARGET.write_text(lines.replace('},"', '},\n"') + "\n", encoding="utf-8")
