"""What comes with the package for a new desk: rules, templates, a supplier's file, a commented config and a systemd unit."""

from __future__ import annotations

import getpass
import shutil
import sys
from pathlib import Path
from typing import Any, Literal

from mailbot.errors import UsageError

CONFIG = """\
# mailbot: every option with its meaning and default is in the README's configuration table.
# Relative paths are taken from this file's folder.

desk = "Payables"

[people.anna]                       # rules name approvers by these names
name = "Anna Berg"
address = "anna@example.com"
roles = ["approver", "reviewer"]

[people.ben]
name = "Ben Okafor"
address = "ben@example.com"
roles = ["approver"]

[generate]
maker = "template"                  # "model": written on this machine; "template": the reply templates alone; "remote": a server

# One table for each mailbox login. `shadow` reads, routes and drafts but never sends: keep it for the first weeks.
#
# [accounts.payables]
# address = "payables@example.com"
# name = "Payables, Example Ltd"
# mode = "shadow"
# start = "new"                     # old mail is never answered by surprise; or "all", or a date
# [accounts.payables.imap]
# host = "imap.example.com"
# user = "payables@example.com"
# password_command = "pass show mail/payables"
# [accounts.payables.smtp]
# host = "smtp.example.com"
# port = 587
# security = "starttls"
# user = "payables@example.com"
# password_env = "PAYABLES_PASSWORD"

# One table for each folder that people drop files in.
[drops.scans]
path = "drop"
# account = "payables"              # replies to dropped files go out by this account, where a rule says reply_to
"""

UNIT = """\
# sudo systemctl enable --now {directory}/mailbot.service
[Unit]
Description=mailbot, the desk that lives in an inbox
After=network-online.target
Wants=network-online.target

[Service]
User={user}
ExecStart="{mailbot}" --config "{config}" run
Restart=on-failure
RestartSec=5
TimeoutStopSec=20
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths="{directory}"
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
"""


def folder(name: Literal["rules", "templates", "suppliers"]) -> Path:
    """Return where the shipped rules, templates or supplier files are: inside the wheel, or at the top of a checkout."""
    inside = Path(__file__).parent / "shipped_files" / name
    return inside if inside.is_dir() else Path(__file__).parent.parent / name


def sample_people() -> dict[str, Any]:
    """Return the people of the shipped config, whom the shipped rules name as approvers, as a config tree."""
    import tomllib

    return {"people": tomllib.loads(CONFIG)["people"]}


def write_desk(directory: Path, *, maker: str = "template") -> list[Path]:
    """Write everything a new desk starts from, drafting by `maker` (`generate.maker`); return the files.

    Raises UsageError when one of them is there already.
    """
    directory = directory.expanduser().resolve()
    folders: tuple[Literal["rules", "templates", "suppliers"], ...] = ("rules", "templates", "suppliers")
    targets = [directory / "mailbot.toml", directory / "mailbot.service", *(directory / name for name in folders)]
    there = [target for target in targets if target.exists()]
    if there:
        raise UsageError(f"{there[0]} exists already: nothing was written", remedy="choose another DIR")
    try:
        (directory / "drop").mkdir(parents=True, exist_ok=True)
        (directory / "state").mkdir(mode=0o700, exist_ok=True)  # every mail will lie there
        targets[0].write_text(CONFIG.replace('maker = "template"', f'maker = "{maker}"'), encoding="utf-8")
        targets[0].chmod(0o600)
        program = Path(sys.executable).with_name("mailbot")
        targets[1].write_text(
            UNIT.format(user=getpass.getuser(), mailbot=program, config=targets[0], directory=directory), encoding="utf-8"
        )
        for name in folders:
            shutil.copytree(folder(name), directory / name)
    except OSError as error:
        raise UsageError(
            f"{directory}: cannot be written: {error.strerror or error}", remedy="choose a folder you may write to"
        ) from error
    return sorted(path for target in targets for path in (target.rglob("*") if target.is_dir() else (target,)) if path.is_file())
