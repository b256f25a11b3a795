"""Parses mails in processes of their own, with caps on time and memory: no mail stops the house.

Above: `intake`. Below: `parsing`, in a child started as `python -m channels.email.child`. A mail
that kills its child becomes one that "could not be read", which people see.

Over the child's pipes go lengths and bytes: rules as JSON and the raw mail in, the mail as JSON and
its files out. Nothing that is read there is ever run.
"""

from __future__ import annotations

import asyncio
import json
import resource
import struct
import sys
from contextlib import suppress
from typing import BinaryIO

import structlog

from channels.email.mail import MailRules, ParsedFile, ParsedMail
from channels.email.parsing import parse_mail, unreadable
from core.runtime import spawn

_log = structlog.get_logger("email")
_LENGTHS = struct.Struct("!II")
_MEMORY_BYTES = 512 * 1024 * 1024
_START_SECONDS = 15.0


class ParserPool:
    """A few children, started when first needed; each takes one mail at a time."""

    def __init__(
        self, rules: MailRules, *, cpu_seconds: int = 2, seconds: float = 10.0, workers: int = 1,
        most_waiting: int = 100,
    ) -> None:  # fmt: skip
        self._rules = rules
        self._cpu_seconds = cpu_seconds
        self._seconds = seconds
        self._idle: list[asyncio.subprocess.Process] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._turns = asyncio.Semaphore(workers)
        self._places = asyncio.Semaphore(most_waiting)
        self.killed = 0

    async def parse(self, raw: bytes) -> ParsedMail:
        """Never raises for what a mail is; waits while too many are waiting."""
        raw = raw[: self._rules.most_bytes + 1]
        async with self._places, self._turns:
            try:
                async with asyncio.timeout(self._seconds + _START_SECONDS):
                    return await self._ask(raw)
            except (EOFError, OSError, ValueError, TimeoutError) as error:
                self.killed += 1
                why = (
                    "it took too long or too much"
                    if not isinstance(error, ValueError)
                    else "it is broken"
                )
                _log.warning("mail_unreadable", size=len(raw), error=type(error).__name__)
        return unreadable(raw, why, self._rules)

    async def close(self) -> None:
        """End the children; also wait for those that are being ended."""
        self._is_closed = True
        while self._idle:
            self._end_soon(self._idle.pop())
        while self._ending:
            await asyncio.wait(self._ending)

    def _end_soon(self, child: asyncio.subprocess.Process) -> asyncio.Task[None]:
        task = spawn(_end(child), name="mail-parser-end")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    async def _ask(self, raw: bytes) -> ParsedMail:
        child = self._idle.pop() if self._idle else await self._start()
        try:
            async with asyncio.timeout(self._seconds):
                mail = await _exchange(child, self._rules, raw)
        except BaseException:  # cancelled too: its answer would be taken for the next mail's
            await asyncio.shield(self._end_soon(child))
            raise
        if self._is_closed:
            await asyncio.shield(self._end_soon(child))
        else:
            self._idle.append(child)
        return mail

    async def _start(self) -> asyncio.subprocess.Process:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "channels.email.child", str(self._cpu_seconds),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, env={"PYTHONPATH": ":".join(filter(None, sys.path))},
            start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_START_SECONDS):
                await _pipes(child)[1].readexactly(1)
        except BaseException:
            await asyncio.shield(self._end_soon(child))
            raise
        return child


def _pipes(
    child: asyncio.subprocess.Process,
) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    if child.stdin is None or child.stdout is None:
        raise BrokenPipeError("the child has no pipes")
    return child.stdin, child.stdout


async def _exchange(child: asyncio.subprocess.Process, rules: MailRules, raw: bytes) -> ParsedMail:
    stdin, stdout = _pipes(child)
    head = rules.model_dump_json().encode()
    stdin.write(_LENGTHS.pack(len(head), len(raw)) + head)
    stdin.write(raw)
    await stdin.drain()
    lengths = _LENGTHS.unpack(await stdout.readexactly(_LENGTHS.size))
    mail = ParsedMail.model_validate_json(await stdout.readexactly(lengths[0]))
    data = await stdout.readexactly(lengths[1])
    files: list[ParsedFile] = []
    at = 0
    for file in mail.attachments:
        files.append(file.model_copy(update={"data": data[at : at + file.size]}))
        at += file.size
    return mail.model_copy(update={"attachments": tuple(files)})


async def _end(child: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        child.kill()
    if child.stdin is not None:
        child.stdin.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            await child.wait()


# ---- the child -----------------------------------------------------------------------------------


def serve(source: BinaryIO, sink: BinaryIO, cpu_seconds: int) -> None:
    """Answer until the parent closes the pipe."""
    sink.write(b"+")
    sink.flush()
    while len(head := source.read(_LENGTHS.size)) == _LENGTHS.size:
        sizes = _LENGTHS.unpack(head)
        rules = MailRules.model_validate(json.loads(source.read(sizes[0])))
        raw = source.read(sizes[1])
        _allow(cpu_seconds)
        try:
            mail = parse_mail(raw, rules)
        except (ValueError, LookupError, RecursionError, ArithmeticError, TypeError) as error:
            mail = unreadable(raw, type(error).__name__, rules)
        _answer(sink, mail)


def _answer(sink: BinaryIO, mail: ParsedMail) -> None:
    bare = mail.model_copy(
        update={"attachments": tuple(f.model_copy(update={"data": b""}) for f in mail.attachments)}
    )
    text = bare.model_dump_json().encode()
    sink.write(_LENGTHS.pack(len(text), sum(file.size for file in mail.attachments)) + text)
    for file in mail.attachments:
        sink.write(file.data)
    sink.flush()


def _allow(cpu_seconds: int) -> None:
    """So much processor time from now on; the system kills what takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + 1 + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def main() -> None:
    """The child's whole life."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    serve(sys.stdin.buffer, sys.stdout.buffer, int(sys.argv[1]))


if __name__ == "__main__":
    main()
