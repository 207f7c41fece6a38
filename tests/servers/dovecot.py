"""Runs a real Dovecot for tests: one config file, loopback ports, all in one folder. Works as root and as anybody else."""

from __future__ import annotations

import contextlib
import getpass
import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

_CONFIG = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {inner}
default_internal_group = {inner_group}
default_login_user = {login}
mail_location = maildir:{home}/mail/%u
mail_uid = {mail}
mail_gid = {mail_group}
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
userdb {{
  driver = static
  args = uid={mail} gid={mail_group} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = {sent}
  }}
}}
mail_max_userip_connections = 50
imap_idle_notify_interval = 29 mins
mailbox_list_index = no
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
"""


class Dovecot:
    """One server. `users` are its logins with their passwords; `sent` is whether a Sent mailbox exists from the start.

    `start` after `stop` brings the same mail back on the same ports. `close` (or leaving the `with`) removes everything.
    """

    host = "127.0.0.1"

    def __init__(self, users: dict[str, str] | None = None, *, sent: bool = True) -> None:
        self.users = users or {"desk": "secret"}
        self.imap_port, self.imaps_port = _free_ports(2)
        self.home = Path(tempfile.mkdtemp(prefix="mailbot-dovecot-"))
        self.home.chmod(0o755)
        self.ca_file = self.home / "cert.pem"
        self._server: subprocess.Popen[bytes] | None = None
        self._links: dict[str, imaplib.IMAP4] = {}
        self._write(sent)

    def __enter__(self) -> Dovecot:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start, and return when it answers on both ports. Raises RuntimeError with its log."""
        command = [shutil.which("dovecot") or "/usr/sbin/dovecot", "-F", "-c", str(self.home / "dovecot.conf")]
        with (self.home / "stderr").open("ab") as errors:
            self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True)
        deadline = time.monotonic() + 60
        while not all(_answers(port) for port in (self.imap_port, self.imaps_port)):
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"dovecot does not start:\n{self.log()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop, cutting every connection."""
        for link in self._links.values():
            link.shutdown()
        self._links.clear()
        if self._server is not None:
            self._server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(0.5)  # left alone it takes up to six seconds
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait(60)
            self._server = None

    def close(self) -> None:
        """Stop and remove all of it."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def deliver(self, user: str, content: bytes, mailbox: str = "INBOX", *, when: float | None = None) -> None:
        """Put these exact bytes into a mailbox (IMAP APPEND), as if they came in at `when` (Unix time)."""
        date = imaplib.Time2Internaldate(time.time() if when is None else when)
        self.ask(user, "append", quote(mailbox), None, date, content)

    def messages(self, user: str, mailbox: str = "INBOX") -> list[tuple[int, frozenset[str], bytes]]:
        """Return (UID, flags, content) of each mail of a mailbox."""
        self.ask(user, "select", quote(mailbox), True)
        found = []
        for part in self.ask(user, "uid", "fetch", "1:*", "(UID FLAGS BODY.PEEK[])"):
            if isinstance(part, tuple):
                head = part[0].decode()
                flags = head.split("FLAGS (", 1)[1].split(")", 1)[0].split()
                found.append((int(head.split("UID ", 1)[1].split()[0]), frozenset(flags), part[1]))
        self.ask(user, "unselect")
        return found

    def create(self, user: str, mailbox: str) -> None:
        """Make a mailbox; `mailbox` is its name on the wire (modified UTF-7), here and everywhere in this class."""
        self.ask(user, "create", quote(mailbox))

    def delete(self, user: str, mailbox: str) -> None:
        """Delete a mailbox; made again under its name it has a new UIDVALIDITY."""
        self.ask(user, "delete", quote(mailbox))

    def ask(self, user: str, method: str, *arguments: object) -> list:
        """Call a method of imaplib as this user and return its answer. Raises AssertionError when the server says no."""
        if user not in self._links:
            self._links[user] = imaplib.IMAP4(self.host, self.imap_port, timeout=60)
            self._links[user].login(user, self.users[user])
        kind, answer = getattr(self._links[user], method)(*arguments)
        assert kind == "OK", f"{method}{arguments}: {answer}"
        return answer

    def log(self) -> str:
        """Return what the server wrote to its log."""
        return "".join(path.read_text() for path in (self.home / "stderr", self.home / "dovecot.log") if path.exists())

    def _write(self, sent: bool) -> None:
        root = os.geteuid() == 0
        me, my_group = getpass.getuser(), grp.getgrgid(os.getegid()).gr_name
        mail = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
        (self.home / "mail").mkdir()
        os.chown(self.home / "mail", mail.pw_uid, mail.pw_gid)
        (self.home / "users").write_text("".join(f"{user}:{{PLAIN}}{password}\n" for user, password in self.users.items()))
        (self.home / "dovecot.conf").write_text(
            _CONFIG.format(
                home=self.home,
                inner="dovecot" if root else me,
                inner_group="dovecot" if root else my_group,
                login="dovenull" if root else me,
                mail=mail.pw_name,
                mail_group=grp.getgrgid(mail.pw_gid).gr_name,
                sent="create" if sent else "no",
                imap=self.imap_port,
                imaps=self.imaps_port,
            )
        )
        make_certificate(self.home / "cert.pem", self.home / "key.pem")


def make_certificate(cert: Path, key: Path) -> None:
    """Write a self-signed certificate for localhost and 127.0.0.1, valid for two days, and its key."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, *names, "-out", str(cert), "-keyout", str(key)], check=True, capture_output=True)


def quote(mailbox: str) -> str:
    """Return a mailbox name in quotes, as imaplib wants it."""
    return '"' + mailbox.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
