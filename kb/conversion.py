"""Turns a foreign file into Markdown in a child process, which may be slow, fat or dead.

Above: `kb.loader`. Below: `kb.pages`, run as a child with a cap on memory, on processor seconds and
on time: a file from outside can be built to take all of them.
"""

from __future__ import annotations

import subprocess
import sys

from kb.documents import document_error

KIND_OF = {".html": "html", ".htm": "html", ".xhtml": "html", ".pdf": "pdf", ".docx": "docx"}
SECONDS = 60


def convert(data: bytes, name: str, kind: str) -> str:
    """The Markdown of a file, with front matter. Raises `InputError` that says what is wrong."""
    try:
        done = subprocess.run(  # noqa: S603 -- our own program; the file is on its input
            [sys.executable, "-I", "-c", _CHILD, kind, *sys.path],
            input=data, capture_output=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise document_error(name, f"could not be read within {SECONDS} seconds") from late
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
        raise document_error(name, f"is no readable {kind.upper()} file ({reason or 'it died'})")
    return done.stdout.decode("utf-8", "replace")


# The child sees the same packages as we do, and nothing of our environment.
_CHILD = "import sys; sys.path[:] = sys.argv[2:]; from kb.pages import main; sys.exit(main())"
