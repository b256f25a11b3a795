"""A real Dovecot on loopback: IMAP with and without TLS, LMTP with Sieve, for a few mailboxes.

Above: tests of the email wire. Below: the programs of the Debian package, run as an ordinary user
from a folder of their own, ended with this process.
"""

from __future__ import annotations

import ctypes
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

PASSWORD = "secret"
DOMAIN = "example.test"
_PROGRAM = "/usr/sbin/dovecot"
_OWNER = "nobody"
_START_SECONDS = 20
_SESSION = "imap"  # the name of a process that has a mailbox open

_CONFIG = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
instance_name = {name}
default_internal_user = {owner}
default_login_user = {owner}
default_internal_group = {group}
mail_uid = {owner}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
auth_failure_delay = 0
auth_mechanisms = plain login
disable_plaintext_auth = no
mail_max_userip_connections = 200
mail_location = maildir:~/Maildir
imap_capability = {capability}
{ssl}
service anvil {{
  chroot =
  # A wrong password must not slow down the next test.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  client_limit = 500
  process_min_avail = 1
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 400
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
passdb {{
  driver = passwd-file
  args = {base}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={base}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
protocol lmtp {{
  mail_plugins = $mail_plugins sieve
  postmaster_address = postmaster@{domain}
  hostname = mx.{domain}
}}
plugin {{
  sieve = file:~/sieve;active=~/.dovecot.sieve
  sieve_vacation_min_period = 0
  sieve_vacation_default_period = 0
}}
submission_host = 127.0.0.1:{submission}
"""


def find_dovecot() -> Path | None:
    """The server, if it is on this machine and can be started here."""
    program = Path(shutil.which("dovecot") or _PROGRAM)
    return program if program.exists() and os.geteuid() == 0 else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def held_port() -> Generator[int]:
    """A port that nobody else is given, while who listens there comes and goes: as long as this
    socket has it, the system gives it to those only who ask for it by its number."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


def end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Dovecot:
    """One server; `submission` is where its Sieve scripts send mail. `idle`: it offers IDLE."""

    def __init__(
        self, folder: Path, *, users: Sequence[str], submission: int = 25, idle: bool = True
    ) -> None:
        self.folder = folder
        self.users = list(users)
        self._held = ExitStack()  # until it is killed
        self.imap, self.imaps, self.lmtp = (self._held.enter_context(held_port()) for _ in range(3))
        self._submission = submission
        self._idle = idle
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def ca_file(self) -> Path:
        """What its certificate is checked against."""
        return self.folder / "cert.pem"

    def url(self, user: str, *, tls: bool = False, port: int | None = None) -> str:
        """As EMAIL_IMAP_URL."""
        name = user.replace("@", "%40")
        if tls:
            return f"imaps://{name}:{PASSWORD}@localhost:{port or self.imaps}"
        return f"imap://{name}:{PASSWORD}@127.0.0.1:{port or self.imap}"

    def start(self) -> Dovecot:
        """Write its folder and start it."""
        self._write()
        self._run()
        return self

    def _write(self) -> None:
        owner = pwd.getpwnam(_OWNER)
        group = "nogroup"
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir(exist_ok=True)
        certify(self.folder)
        lines = [f"{user}:{{PLAIN}}{PASSWORD}::::::" for user in self.users]
        (self.folder / "users").write_text("\n".join(lines) + "\n", encoding="utf-8")
        tls = f"ssl = yes\nssl_cert = <{self.folder}/cert.pem\nssl_key = <{self.folder}/key.pem"
        usual = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE LITERAL+ AUTH=PLAIN"
        text = _CONFIG.format(
            base=self.folder, name=self.folder.name, owner=_OWNER, group=group, ssl=tls,
            capability="" if self._idle else f"{usual} UIDPLUS",
            imap=self.imap, imaps=self.imaps, lmtp=self.lmtp, domain=DOMAIN,
            submission=self._submission,
        )  # fmt: skip
        (self.folder / "dovecot.conf").write_text(text, encoding="utf-8")
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def _run(self) -> None:
        owner = pwd.getpwnam(_OWNER)
        as_owner: dict[str, Any] = {
            "user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [],
        }  # fmt: skip
        with (self.folder / "stderr").open("wb") as errors:
            self._child = subprocess.Popen[bytes](
                [_PROGRAM, "-F", "-c", self.folder / "dovecot.conf"], cwd=self.folder,
                stdout=subprocess.DEVNULL, stderr=errors, preexec_fn=end_with_parent,
                start_new_session=True, **as_owner,
            )  # fmt: skip
        wait_port(self.imap, self._child, self.folder)

    def stop(self) -> None:
        """As an administrator does; connections are cut."""
        if self._child is not None:
            self._child.terminate()
            self._child.wait(20)
            self._child = None

    def kill(self) -> None:
        """At once, with everything it started."""
        if self._child is not None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait(20)
            self._child = None
        self._held.close()

    def restart(self) -> None:
        """Away for a moment; mailboxes stay."""
        self.stop()
        self._run()

    def clear(self) -> None:
        """Every mailbox is new again. First those go who still have one open: they would write
        into the new ones what they know of the old."""
        end = time.monotonic() + 10
        while sessions := self._sessions():
            for pid in sessions:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            assert time.monotonic() < end, "sessions of the mail server do not end"
            time.sleep(0.01)
        for home in (self.folder / "mail").iterdir():
            shutil.rmtree(home, ignore_errors=True)

    def _sessions(self) -> list[int]:
        """Processes of the server that have a mailbox open."""
        found: list[int] = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, _, rest = stat.read_text(encoding="utf-8").partition(" (")
            except OSError:
                continue  # it ended just now
            name, _, fields = rest.rpartition(") ")
            state, _, group = fields.split()[:3]
            ours = self._child is not None and int(group) == self._child.pid
            if ours and name == _SESSION and state != "Z":
                found.append(int(pid))
        return found

    def set_sieve(self, user: str, script: str) -> None:
        """The script that runs when mail for this user arrives."""
        home = self.folder / "mail" / user
        home.mkdir(parents=True, exist_ok=True)
        file = home / ".dovecot.sieve"
        file.write_text(script, encoding="utf-8")
        owner = pwd.getpwnam(_OWNER)
        for path in (home, file):
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def forget_uids(self, user: str) -> None:
        """The mailbox is numbered anew: another UIDVALIDITY. Stop the server around this."""
        for file in (self.folder / "mail" / user / "Maildir").glob("dovecot*"):
            if "keywords" not in file.name:
                file.unlink()

    def put(
        self, user: str, mail: EmailMessage | bytes, folder: str = "INBOX", *,
        age_days: float = 0, flags: str = "",
    ) -> None:  # fmt: skip
        """Append a mail as if it had just arrived, or long ago."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        at = imaplib.Time2Internaldate(time.time() - age_days * 86_400)
        with self._login(user) as box:
            answer, text = box.append(folder, flags, at, raw)
            assert answer == "OK", text

    def flags(self, user: str, folder: str = "INBOX") -> list[set[str]]:
        """The flags of every mail, in order."""
        with self._login(user) as box:
            answer, count = box.select(folder, readonly=True)
            if answer != "OK" or count[0] == b"0":
                return []
            _, found = box.fetch("1:*", "(FLAGS)")
        lines = [item for item in found if isinstance(item, bytes)]
        return [{flag.decode() for flag in imaplib.ParseFlags(line)} for line in lines]

    def untaken(self, user: str) -> int:
        """How many mails of the inbox were not marked, read off its files. A file that changes its
        name meanwhile may show under both, or under none: one mail is one, and looked for twice."""
        box = self.folder / "mail" / user / "Maildir"
        folders = (box / "new", box / "cur") * 2
        found = [file.name.partition(":2,") for folder in folders for file in folder.glob("*")]
        marked = {name for name, _, flags in found if "S" in flags}
        return len({name for name, _, _ in found} - marked)

    def mails(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """Every mail, in order."""
        with self._login(user) as box:
            answer, count = box.select(folder, readonly=True)
            if answer != "OK" or count[0] == b"0":
                return []
            _, found = box.fetch("1:*", "(BODY.PEEK[])")
        return [item[1] for item in found if isinstance(item, tuple)]

    def _login(self, user: str) -> imaplib.IMAP4:
        box = imaplib.IMAP4("127.0.0.1", self.imap, timeout=10)
        box.login(user, PASSWORD)
        return box


def certify(folder: Path) -> None:
    """A certificate for localhost, signed by itself."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def wait_port(port: int, child: subprocess.Popen[bytes] | None, folder: Path) -> None:
    """Return when something answers there."""
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            ended = child is not None and child.poll() is not None
            if ended or time.monotonic() > end:
                said = "\n".join(file.read_text() for file in folder.glob("*.log"))
                raise RuntimeError(f"nothing on port {port}: {said}") from None
            time.sleep(0.02)
