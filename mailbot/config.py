"""The configuration: one frozen tree, every option documented on its field.

`mailbot.config_file` reads it from a TOML file and makes the README's table; `mailbot init` writes a commented file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from mailbot.config_mail import Account, Imap, Password, Seconds, Section, Smtp, is_loopback

__all__ = ["Account", "Config", "Drop", "Extract", "Generate", "Imap", "Password", "Person", "Review", "Smtp", "is_loopback"]


class Drop(Section):
    """A drop folder: every file put there becomes an item."""

    path: Path = Field(description="The folder. `done/` and `failed/` are made inside it.")
    account: str = Field("", description="Account whose address and SMTP server replies use; empty: dropped files get no reply.")
    stable_seconds: Seconds = Field(2, description="A file is whole when its size and time stayed the same for this long.")
    poll: bool = Field(False, description="Look by polling, for network shares without change events.")
    poll_seconds: Seconds = Field(5, description="How often to look when polling, and for files whose event was missed.")
    max_file_bytes: int = Field(200_000_000, ge=1000, description="A larger file goes to failed/.")


class Person(Section):
    """Somebody who decides."""

    name: str = Field("", description="Full name, shown on the page.")
    address: str = Field("", description="Mail address, where requests for approval go.")
    roles: tuple[Literal["approver", "reviewer", "admin"], ...] = Field(
        ("reviewer",), description="What the person may do: approve requests, review drafts, or everything."
    )


class Extract(Section):
    """Reading attachments, in worker processes with limits."""

    workers: int = Field(2, ge=1, le=64, description="Worker processes that read attachments.")
    memory_mb: int = Field(3000, ge=256, description="Address space of a worker process; OCR of an A4 page needs 1,500.")
    cpu_seconds: int = Field(120, ge=1, description="Processor time for one file, or for two of its scanned pages.")
    wall_seconds: Seconds = Field(180, description="Time for one file, or for two of its scanned pages.")
    file_mb: int = Field(200, ge=1, description="Largest file a worker may write, and largest attachment read.")
    max_pages: int = Field(200, ge=1, description="Pages of one document that are read.")
    max_pixels: int = Field(50_000_000, ge=10_000, description="Pixels of one picture or rendered page.")
    archive_members: int = Field(500, ge=1, description="Members of one archive, nested ones included.")
    archive_mb: int = Field(500, ge=1, description="Bytes unpacked from one archive in all.")
    archive_ratio: int = Field(200, ge=2, description="Times an archive member may be larger than its packed form.")
    archive_depth: int = Field(3, ge=0, description="Archives inside archives.")
    ocr_dpi: int = Field(200, ge=72, le=600, description="Resolution at which a scanned page is rendered for OCR.")
    ocr_pages: int = Field(
        100, ge=1, description="Scanned pages of one PDF or TIFF that are read by OCR: the first ones and the last five."
    )
    ocr: bool = Field(True, description="Read pictures and scanned pages with OCR.")
    ocr_engine: Literal["rapidocr", "easyocr"] = Field(
        "rapidocr", description="Who reads the lines of a scan; `easyocr` needs the extra `mailbot[easyocr]` and `easyocr_folder`."
    )
    ocr_languages: tuple[str, ...] = Field(
        (),
        description="Languages of scans, as `ru` or `ko`, for Tesseract and EasyOCR. Empty: the script is told from the page, and "
        "every language pack of it on this machine is used; EasyOCR reads English. RapidOCR needs none.",
    )
    tesseract: Literal["auto", "never"] = Field(
        "auto",
        description="Read scripts that RapidOCR lacks (Cyrillic, Arabic, Korean …) with Tesseract, if it is on this machine.",
    )
    easyocr_folder: str = Field("", description="Folder with EasyOCR's weights; they are never downloaded.")
    truth_languages: tuple[str, ...] = Field(
        tuple("en de fr es it pt nl pl sv da no fi cs ru zh ja hu tr ro sk uk el ko".split()),
        description="Languages whose words for yes and no are read as truth values in tables.",
    )
    passwords: dict[str, tuple[Password, ...]] = Field(
        default_factory=dict,
        description="Passwords of encrypted PDFs, archives and office files, by sender: an address, a domain, or `*` for anybody, "
        'each with a list as in `extract.passwords."acme.example" = [{ password_env = "ACME_PDF" }]`. They are tried on encrypted '
        "files only.",
    )

    @field_validator("passwords")
    @classmethod
    def _senders_are_senders(cls, value: dict[str, tuple[Password, ...]]) -> dict[str, tuple[Password, ...]]:
        for sender in value:
            if sender != "*" and not re.fullmatch(r"([^@\s]+@)?[^@\s.]+(\.[^@\s.]+)+", sender):
                raise ValueError(f'{sender!r} is no sender: use an address, a domain such as "acme.example", or "*"')
        return {sender.casefold(): passwords for sender, passwords in value.items()}

    def passwords_of(self, senders: Sequence[str]) -> tuple[str, ...]:
        """Return the passwords to try on a file of these addresses, the most fitting first. Blocks and raises as `resolve` does."""
        addresses = [sender.casefold() for sender in senders]
        keys = [*addresses, *(address.rpartition("@")[2] for address in addresses), "*"]
        found = [one.resolve() for key in dict.fromkeys(keys) for one in self.passwords.get(key, ())]
        return tuple(dict.fromkeys(password for password in found if password))


class Generate(Password):
    """Who writes drafts."""

    maker: Literal["template", "model", "remote"] = Field(
        "template",
        description="`template` fills in the reply template; `model` writes with a model on this machine; `remote` asks an "
        "OpenAI-compatible server.",
    )
    release: str = Field(
        "",
        description="The local model: a name that `mailbot model list` shows, `shipped`, or a directory (with a slash in it). "
        "Empty: the one that was published last, else the shipped one.",
    )
    slots: int = Field(8, ge=1, le=1024, description="Texts that the local model writes at once; each takes memory for its window.")
    window: int = Field(
        0, ge=0, description="Tokens a text of the local model may have, its prompt included; 0: as the model's, at most 2,048."
    )
    threads: int = Field(0, ge=0, description="Processor threads of the local model; 0: half the cores.")
    idle_seconds: float = Field(
        600, ge=0, description="The local model's process ends after so long without a draft, to give its memory back; 0: never."
    )
    url: str = Field("", description="Base URL of the server, for example http://127.0.0.1:8000/v1.")
    model: str = Field("", description="Name of the model on that server.")
    timeout_seconds: Seconds = Field(60, description="After this long the template alone is the draft, and says so.")
    max_tokens: int = Field(600, ge=16, description="Longest reply, in tokens.")
    tries: int = Field(
        3,
        ge=1,
        le=10,
        description="So many drafts of a model that mailbot trained are tried until one holds; then the template drafts.",
    )
    concurrency: int = Field(4, ge=1, description="Requests to the server at once.")
    api: Literal["chat", "completion"] = Field(
        "chat", description="What the server speaks: `chat` (/chat/completions) or `completion` (/completions)."
    )
    stream: bool = Field(True, description="Take the server's answer as it is written, so that one that stalls is noticed early.")
    stall_seconds: Seconds = Field(30, description="Give up on an answer that has begun and then says nothing for this long.")
    fallback: Literal["template", "model"] = Field(
        "template",
        description="Who drafts when the server does not: the reply template alone, or the local model. The draft says so.",
    )
    breaker_failures: int = Field(4, ge=1, description="After this many failures in a row the server is not asked for a while.")
    breaker_seconds: Seconds = Field(30, description="How long it is then left alone; each failed try after that doubles it.")


class Review(Section):
    """The review page."""

    host: str = Field("127.0.0.1", description="Address to listen on; loopback only, until there are logins.")
    port: int = Field(8025, ge=0, le=65535, description="Port; 0 takes a free one.")
    enabled: bool = Field(True, description="Serve the page from `mailbot run`.")
    hosts: tuple[str, ...] = Field((), description="Further host names the page answers to: those of a proxy put before it.")

    @field_validator("host")
    @classmethod
    def _loopback_only(cls, value: str) -> str:
        if not is_loopback(value):
            raise ValueError("the page has no logins yet: listen on 127.0.0.1 and put an authenticating proxy or ssh before it")
        return value


class Config(Section):
    """The whole file."""

    desk: str = Field("Desk", description="The desk's name, for templates and the page.")
    state_dir: Path = Field(Path("state"), description="Where the ledger and the blobs live.")
    rules_dir: Path = Field(Path("rules"), description="The rule files.")
    templates_dir: Path = Field(Path("templates"), description="The reply templates.")
    suppliers_dir: Path = Field(
        Path("suppliers"),
        description="What the desk knows of its suppliers' papers (YAML, see above); corrected values are remembered there.",
    )
    table_schema: Path | None = Field(
        None,
        description="The desk's own table columns (YAML): columns of tables that have any of them are named and checked by it.",
    )
    items_at_once: int = Field(64, ge=1, le=500, description="Items advanced at the same time.")
    max_attempts: int = Field(5, ge=1, description="Tries at one step of an item before it is `failed` and a person decides.")
    stop_seconds: Seconds = Field(8, description="On SIGTERM, how long what is in hand may take before it is given back.")
    accounts: dict[str, Account] = Field(default_factory=dict, description="The accounts, by name.")
    drops: dict[str, Drop] = Field(default_factory=dict, description="The drop folders, by name.")
    people: dict[str, Person] = Field(default_factory=dict, description="The people, by the name that rules use.")
    extract: Extract = Field(default=Extract(), description="Reading attachments.")
    generate: Generate = Field(default=Generate(), description="Who writes drafts.")
    review: Review = Field(default=Review(), description="The review page.")

    @model_validator(mode="after")
    def _names_exist(self) -> Config:
        for name, drop in self.drops.items():
            if name in self.accounts:
                raise ValueError(f"drops.{name}: an account has that name too; names are shared")
            if drop.account and drop.account not in self.accounts:
                known = ", ".join(self.accounts) or "none"
                raise ValueError(f"drops.{name}.account: no account {drop.account!r} (accounts: {known})")
        return self

    @model_validator(mode="after")
    def _nothing_is_watched_twice(self) -> Config:
        """Two sections that watch one mailbox or folder would make two items, and two replies, of each mail."""
        watched: dict[object, str] = {}
        for name, account in self.accounts.items():
            for folder in account.imap.folders if account.imap else ():
                key = (account.imap.host.lower(), account.imap.port, account.imap.user, folder) if account.imap else ()
                if (other := watched.setdefault(key, name)) != name:
                    raise ValueError(f"accounts.{name}.imap: accounts.{other} watches {folder} of that mailbox already")
        for name, drop in self.drops.items():
            if (other := watched.setdefault(drop.path, name)) != name:
                raise ValueError(f"drops.{name}.path: drops.{other} watches that folder already")
        return self

    def reply_account(self, source: str, name: str) -> tuple[str, Account | None]:
        """Return the name and settings of the account that replies to an item use; a dropped file may have none."""
        if source == "folder":
            drop = self.drops.get(name)
            name = drop.account if drop else ""
        return name, self.accounts.get(name)

    def own_addresses(self) -> frozenset[str]:
        """Return every address that is this desk itself, in lower case: mail from there is never answered."""
        return frozenset(account.address.casefold() for account in self.accounts.values())
