"""The sections of the configuration that say where mail comes in and replies go out, and what every section is made of."""

from __future__ import annotations

import datetime
import ipaddress
import os
import subprocess
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mailbot.errors import ConfigError

Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A table of the file: frozen, and an unknown key is an error with the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Password(Section):
    """Where a password comes from; at most one of the options is set."""

    password: str = Field("", description="The password itself; better use one of the next three.", repr=False)
    password_env: str = Field("", description="Name of the environment variable that holds the password.")
    password_file: Path | None = Field(None, description="File whose first line is the password.")
    password_command: str = Field(
        "", description="Command whose first line of output is the password, for example `pass show mail`."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Password:
        given = [n for n in ("password", "password_env", "password_file", "password_command") if getattr(self, n)]
        if len(given) > 1:
            raise ValueError(f"set one of {' and '.join(given)}, not both")
        return self

    def resolve(self) -> str:
        """Return the password, asking the environment, the file or the command. Blocks: call it off the loop.

        Raises ConfigError that names the option, never the secret.
        """
        try:
            if self.password_env:
                return os.environ[self.password_env]
            if self.password_file:
                return self.password_file.expanduser().read_text().splitlines()[0]
            if self.password_command:
                run = subprocess.run(  # noqa: S602  the desk's own command line, as its config says
                    self.password_command, shell=True, check=True, capture_output=True, text=True, timeout=30
                )
                return run.stdout.splitlines()[0]
        except (KeyError, OSError, IndexError, subprocess.SubprocessError) as error:
            option = "password_env" if self.password_env else "password_file" if self.password_file else "password_command"
            raise ConfigError(
                f"{option} gave no password ({type(error).__name__})", remedy=f"check {option} in the configuration"
            ) from error
        return self.password


class Server(Password):
    """A server that an account logs in to; each kind has its own port."""

    host: str = Field(description="Host name of the server.")
    port: int
    security: Literal["tls", "starttls", "none"]
    ca_file: Path | None = Field(None, description="Certificate authority to trust instead of the system's.")

    @model_validator(mode="after")
    def _plaintext_stays_here(self) -> Server:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError('security = "none" is allowed only to a loopback address')
        return self


class Imap(Server):
    """The IMAP server of an account."""

    port: int = Field(993, ge=1, le=65535, description="Port; 993 for TLS.")
    security: Literal["tls", "none"] = Field("tls", description="`tls`, or `none` (only to loopback addresses).")
    user: str = Field(description="Login name.")
    folders: tuple[str, ...] = Field(("INBOX",), description="Mailboxes to watch.")
    poll_seconds: Seconds = Field(300, description="Look for new mail at least this often, push or no push.")
    timeout_seconds: Seconds = Field(30, description="Give up on one answer of the server after this long.")
    mark: Literal["keyword", "seen", "move", "none"] = Field(
        "keyword",
        description="What is done to a mail on the server once it is in the ledger: set the keyword `mailbot` (where the server "
        "keeps keywords), set \\Seen, move it to `move_to`, or nothing.",
    )
    move_to: str = Field("mailbot", description='Mailbox for `mark = "move"`; created when missing.')
    max_message_bytes: int = Field(50_000_000, ge=1000, description="A larger mail is recorded and quarantined, not fetched.")


class Smtp(Server):
    """The SMTP server that an account's replies leave by."""

    port: int = Field(465, ge=1, le=65535, description="Port; 465 for TLS, 587 for STARTTLS.")
    security: Literal["tls", "starttls", "none"] = Field(
        "tls", description="`tls`, `starttls`, or `none` (only to loopback addresses)."
    )
    user: str = Field("", description="Login name; empty sends without login.")
    timeout_seconds: Seconds = Field(60, description="Give up on one answer of the server after this long.")
    connections: int = Field(4, ge=1, le=16, description="Connections kept open at once.")


class Account(Section):
    """One mailbox login: where mail comes in and replies go out."""

    address: str = Field(description="The desk's own address on this account: the From of replies.")
    name: str = Field("", description="Display name in the From of replies.")
    mode: Literal["live", "shadow"] = Field(
        "shadow", description="`shadow` reads, routes and drafts but never sends; `live` sends what a person accepted."
    )
    start: str = Field(
        "new",
        description="First contact with a full inbox: `new` mail only, `all` of it, or mail since a date (2026-11-01).",
    )
    language: str = Field("en", description="Language of a reply when the mail's own cannot be told.")
    save_sent: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Copy sent replies to the Sent mailbox; `auto` leaves it to servers that do so themselves (Gmail).",
    )
    max_replies_per_sender: int = Field(
        20, ge=1, description="Replies to one sender in 24 hours; more wait for a person (loop protection, RFC 3834)."
    )
    authserv_id: str = Field("", description="The authserv-id of your own server whose Authentication-Results to believe.")
    imap: Imap | None = Field(None, description="Where mail comes in.")
    smtp: Smtp | None = Field(None, description="Where replies go out; without it the account is never live.")

    @field_validator("start")
    @classmethod
    def _start_is_known(cls, value: str) -> str:
        if value not in ("new", "all"):
            try:
                datetime.date.fromisoformat(value)
            except ValueError:
                raise ValueError('use "new", "all" or a date such as "2026-11-01"') from None
        return value

    @model_validator(mode="after")
    def _live_can_send(self) -> Account:
        if self.mode == "live" and self.smtp is None:
            raise ValueError('mode = "live" needs an smtp section')
        return self


def is_loopback(host: str) -> bool:
    """Return whether `host` names this machine's loopback interface."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
