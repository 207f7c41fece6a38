"""`demo`: the whole way on one machine, with nothing configured."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from mailbot.cli.app import start_logging
from mailbot.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(demo)


def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Play the reviewer, print a JSON summary, and stop.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the review page; 0 takes a free one.")] = 0,
    keep: Annotated[Path | None, typer.Option(help="Keep the demo's desk in this folder (which must not exist yet).")] = None,
) -> None:
    """Run the whole way on this machine: mail and SMTP servers on loopback, samples, the review page."""
    try:
        import aiosmtpd  # noqa: F401
        import pymap  # noqa: F401
    except ImportError:
        raise UsageError("the demo's servers are not installed", remedy="pip install 'mailbot[demo]'") from None
    start_logging(logging.WARNING)
    if keep is not None:
        if keep.exists():
            raise UsageError(f"{keep} exists already", remedy="name a folder that does not")
        try:
            keep.mkdir(parents=True)
        except OSError as error:
            raise UsageError(f"{keep}: cannot be made: {error.strerror}", remedy="choose a folder you may write to") from error
        raise typer.Exit(_demo(keep.resolve(), headless, port))
    with tempfile.TemporaryDirectory(prefix="mailbot-demo-") as directory:
        raise typer.Exit(_demo(Path(directory), headless, port))


_WHO = {
    "model": "by the shipped model, on this machine; its first one takes a while",
    "template": "the reply templates alone; for the model: pip install 'mailbot[cpu]'",
}


def _demo(directory: Path, headless: bool, port: int) -> int:
    """Run the demo in a directory; return the exit code."""
    try:
        if not headless:
            asyncio.run(_show(directory, port))
            return 0
        result = asyncio.run(_headless(directory, port))
    except KeyboardInterrupt:
        return 0
    print(json.dumps(result, ensure_ascii=False))
    return 0 if result["ok"] else 1


async def _headless(directory: Path, port: int) -> dict[str, Any]:
    """Run the demo with a played reviewer and return its summary."""
    from mailbot.demo import play

    start = time.monotonic()
    async with play.stage(directory, port) as on:
        await play.send_samples(on)
        await play.play_reviewer(on)
        return await play.summary(on, time.monotonic() - start)


async def _show(directory: Path, port: int) -> None:
    """Run the demo until Ctrl-C."""
    from mailbot.demo import play

    async with play.stage(directory, port) as on:
        await play.send_samples(on)
        print(
            f"""\
mailbot demo: a desk with {len(play.samples())} sample mails and files.

  the page      {on.url}
  drop folder   {on.drop}
  rules         {directory / "rules"}
  commands      mailbot --config {directory / "mailbot.toml"} items
  mail in       SMTP 127.0.0.1:{on.servers.smtp_port}, to {on.servers.address}
  drafts        {_WHO[on.parts.config.generate.maker]}

Try this:
  1. Open the page. Scans and photos are being read; text mails are there already.
  2. Choose who you are (top right), approve an invoice under "To approve", then review its draft and accept it.
  3. Copy a PDF or a spreadsheet into the drop folder.
  4. Edit a rule file and drop the same file again: the change is in force within a second.

Ctrl-C stops the demo and removes everything.""",
            file=sys.stdout,
            flush=True,
        )
        await asyncio.Event().wait()
