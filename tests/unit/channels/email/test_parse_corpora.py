"""Mails of public collections, where they are: nothing of them stops the reader.

CPython brings 48 with its own tests. Others (the source packages of flufl.bounce, mail-parser and
talon) are read from the folder that MAIL_CORPORA names.
"""

from __future__ import annotations

import os
import sysconfig
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path

import pytest

from channels.email.parsing import parse_mail
from tests.unit.channels.email.mails import RULES

_SEVERAL = 10


def _cpython() -> list[Path]:
    folder = Path(sysconfig.get_path("stdlib")) / "test" / "test_email" / "data"
    return sorted(folder.glob("msg_*.txt"))


def _collected(package: str) -> list[Path]:
    folder = os.environ.get("MAIL_CORPORA")
    roots = sorted(Path(folder).glob(f"{package}*")) if folder else []
    return [path for root in roots for path in sorted(root.rglob("*")) if path.is_file()]


def test_the_mails_of_cpython_are_read_as_the_standard_library_reads_them() -> None:
    paths = _cpython()
    if len(paths) < _SEVERAL:
        pytest.skip("this Python has no tests of its own")
    for path in paths:
        raw = path.read_bytes()
        mail, reference = parse_mail(raw, RULES), message_from_bytes(raw)
        found = getaddresses([str(reference.get("From", ""))])
        sender = found[0][1] if found and "@" in found[0][1] else ""
        if sender.isascii() and " " not in sender:
            assert mail.from_address == sender.casefold(), path.name
        if (said := str(reference.get("Message-ID") or "").strip("<> \n")) and "@" in said:
            assert mail.message_id == said, path.name


def test_bounces_of_the_wild_are_known_for_machines() -> None:
    paths = [path for path in _collected("flufl") if path.suffix == ".txt" and "data" in path.parts]
    if len(paths) < _SEVERAL:
        pytest.skip("MAIL_CORPORA names no folder with the sources of flufl.bounce")
    mails = [parse_mail(path.read_bytes(), RULES) for path in paths]

    assert sum(mail.automatic is not None for mail in mails) >= 0.9 * len(mails)
    assert sum(mail.bounce is not None for mail in mails) >= 0.5 * len(mails)


@pytest.mark.parametrize("package", ["mail-parser", "mail_parser", "talon"])
def test_mails_of_other_parsers_are_read(package: str) -> None:
    paths = _collected(package)
    if not paths:
        pytest.skip(f"MAIL_CORPORA names no folder with the sources of {package}")
    for path in paths:
        mail = parse_mail(path.read_bytes(), RULES)
        assert "\n" not in mail.subject, path.name
