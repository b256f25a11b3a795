"""An MCP server over standard input and output: `python -m tests.fakes.mcp_stdio MODE_FILE`.

Above: the tests of the MCP client. Below: `mcp_behaviour`. The mode is read from the file at every
message, so that a test turns it while the server runs; what came is written beside it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.fakes.mcp_behaviour import HUGE, McpBehaviour, asking

_PROGRESS = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"x": "y" * 900}}
_CHANGED = '{"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}'
_FLOODS = {"endless": json.dumps(_PROGRESS), "asks_on": json.dumps(next(asking(7)))}
_SAYS_FIRST = {"asks": [json.dumps(wish) for wish in asking(700)], "changed": [_CHANGED]}


def main() -> None:
    """Serve until the input ends."""
    file = Path(sys.argv[1])
    behaviour = McpBehaviour()
    _note(file, {"environment": sorted(os.environ), "pid": os.getpid()})
    for line in sys.stdin:
        message = json.loads(line)
        behaviour.mode = file.read_text("utf-8").strip()
        _note(file, message)
        if message.get("method") == "tools/call" and _misbehaves(behaviour.mode, message):
            continue
        answer = behaviour.answer(message)
        if answer is not None:
            _say(json.dumps(answer))


def _misbehaves(mode: str, message: dict[str, Any]) -> bool:
    """True if that was all there is to this call."""
    if mode in _FLOODS:
        while True:
            _say(_FLOODS[mode])
    if mode in _SAYS_FIRST:
        for first in _SAYS_FIRST[mode]:
            _say(first)
        return False
    if mode == "dies":
        os._exit(1)
    if mode == "silent":
        time.sleep(600)
    if mode == "huge":
        _say('{"jsonrpc": "2.0", "id": 1, "result": {"content": "' + "x" * HUGE + '"}}')
    if mode == "garbage":
        _say("<html>this is no JSON</html>")
    return mode in {"huge", "garbage"}


def _say(text: str) -> None:
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError:
        sys.exit(0)


def _note(file: Path, what: dict[str, Any]) -> None:
    with file.with_suffix(".seen").open("a", encoding="utf-8") as seen:
        seen.write(json.dumps(what) + "\n")


if __name__ == "__main__":
    main()
