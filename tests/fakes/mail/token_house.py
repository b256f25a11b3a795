"""A house without passwords: who gives access tokens, and mail servers that take nothing else.

Above: tests of XOAUTH2. Below: aiohttp, asyncio, the SMTP sink. The IMAP server knows as much of
the protocol as entering an empty mailbox takes.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from aiosmtpd.smtp import AuthResult

from tests.fakes.mail.smtp_sink import SmtpSink

USER, CLIENT, SECRET = "help@shop.test", "client-1", "geheim-client"


class TokenHouse(SmtpSink):
    """`valid` are the access tokens that are taken; `refresh` is the grant that is good. `answers`
    are given, one by one, instead of a token: a status and a body."""

    def __init__(self) -> None:
        super().__init__(login=("nobody", "nothing"))
        self.refresh = "refresh-1"
        self.lasts: float = 3_600
        self.rotates = False
        self.valid: set[str] = set()
        self.asked: list[dict[str, str]] = []
        self.entered: list[str] = []
        self.answers: list[tuple[int, str]] = []
        self.token_url = ""
        self.imap_port = 0

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[TokenHouse]:
        """All three listen while the body runs."""
        app = web.Application()
        app.router.add_post("/token", self._token)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.token_url = f"http://127.0.0.1:{runner.addresses[0][1]}/token"
        imap = await asyncio.start_server(self._imap, "127.0.0.1", 0)
        self.imap_port = imap.sockets[0].getsockname()[1]
        try:
            async with self.serving():
                yield self
        finally:
            imap.close()
            await runner.cleanup()

    async def _token(self, request: web.Request) -> web.Response:
        fields = {name: values[0] for name, values in parse_qs(await request.text()).items()}
        self.asked.append(fields)
        if self.answers:
            status, body = self.answers.pop(0)
            return web.Response(status=status, text=body)
        good = fields.get("refresh_token") == self.refresh and fields.get("client_id") == CLIENT
        if not good or fields.get("client_secret") != SECRET:
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = f"access-{len(self.asked)}"
        self.valid.add(token)
        answer: dict[str, Any] = {"access_token": token, "expires_in": self.lasts}
        if self.rotates:
            self.refresh = f"refresh-{len(self.asked) + 1}"
            answer["refresh_token"] = self.refresh
        return web.json_response(answer)

    def _lets_in(self, said: str) -> bool:
        user, _, rest = base64.b64decode(said).decode().partition("\1")
        token = rest.partition("auth=Bearer ")[2].rstrip("\1")
        self.entered.append(token)
        return user == f"user={USER}" and token in self.valid

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802
        """See aiosmtpd."""
        return AuthResult(success=self._lets_in(args[1]), handled=False)

    async def _imap(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 IDLE] here\r\n")
        while line := await reader.readline():
            tag, _, command = line.decode().strip().partition(" ")
            verb = command.split(" ")[0].upper()
            if verb == "AUTHENTICATE":
                writer.write(b"+ \r\n")
                if not self._lets_in((await reader.readline()).decode().strip()):
                    refusal = base64.b64encode(json.dumps({"status": "401"}).encode())
                    writer.write(b"+ " + refusal + b"\r\n")
                    await reader.readline()
                    writer.write(f"{tag} NO [AUTHENTICATIONFAILED] no\r\n".encode())
                    continue
            elif verb == "CAPABILITY":
                writer.write(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 IDLE\r\n")
            elif verb == "SELECT":
                writer.write(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n"
                             b"* OK [PERMANENTFLAGS (\\*)] ok\r\n")  # fmt: skip
            elif verb == "LOGOUT":
                writer.write(b"* BYE\r\n")
            writer.write(f"{tag} OK done\r\n".encode())
            if verb == "LOGOUT":
                break
        writer.close()
