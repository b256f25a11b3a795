"""A real Postfix on loopback: takes mail for `example.test`, hands it to Dovecot, bounces the rest.

Above: tests of the email wire. Below: the Debian package; its master must be started by root and
works in a folder of its own, which lies under a folder that everybody may enter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.fakes.mail.dovecot import DOMAIN, free_port, wait_port

_PROGRAM = "/usr/sbin/postfix"

_MAIN = """
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.{domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = {domain}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
default_transport = error:5.1.2 this server sends nothing outside
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_host_lookup = native
lmtp_host_lookup = native
alias_maps =
alias_database =
maillog_file = {base}/mail.log
maillog_file_prefixes = {base}
bounce_queue_lifetime = 5s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
"""

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def find_postfix() -> Path | None:
    """The server, if it is on this machine and may be started."""
    program = Path(shutil.which("postfix") or _PROGRAM)
    return program if program.exists() and os.geteuid() == 0 else None


class Postfix:
    """One server; `lmtp` is where mail for the domain goes."""

    def __init__(self, folder: Path, *, lmtp: int, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._lmtp = lmtp

    @property
    def url(self) -> str:
        """As EMAIL_SMTP_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> Postfix:
        """Write its folder and start it."""
        config = self.folder / "etc"
        for name in ("etc", "queue", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        values = {"base": self.folder, "lmtp": self._lmtp, "domain": DOMAIN, "port": self.port}
        (config / "main.cf").write_text(_MAIN.format(**values), encoding="utf-8")
        (config / "master.cf").write_text(_MASTER.format(**values), encoding="utf-8")
        self._command("start")
        wait_port(self.port, None, self.folder)
        return self

    def stop(self) -> None:
        """Stop it; what is in its queue is lost."""
        self._command("stop")

    def log(self) -> str:
        """What it has written."""
        return (self.folder / "mail.log").read_text(encoding="utf-8", errors="replace")

    def _command(self, word: str) -> None:
        done = subprocess.run(
            [_PROGRAM, "-c", self.folder / "etc", word],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"postfix {word}: {done.stderr}")
