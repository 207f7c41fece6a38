"""The Typer app, its global options, and the one place where errors become one line and an exit code."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot import __version__
from mailbot.core.person import UNAUTHENTICATED
from mailbot.errors import MailbotError, UsageError

if TYPE_CHECKING:
    from mailbot.config import Config


@dataclass(slots=True)
class Global:
    """The global options of this call: the config path as given, and who acts."""

    config: str | None = None
    person: str = UNAUTHENTICATED


GLOBAL = Global()

app = typer.Typer(
    name="mailbot",
    help="The desk that lives in an inbox: reads, routes, drafts, and sends what a person accepted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich costs 0.2 s at each start
)


def _version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        print(f"mailbot {__version__}")
        raise typer.Exit


@app.callback()
def options(
    config: Annotated[str | None, typer.Option(help="The config file; else MAILBOT_CONFIG, else ./mailbot.toml.")] = None,
    person: Annotated[
        str, typer.Option("--as", metavar="USER", help="Who acts, by the name in the config; only an approval needs it.")
    ] = UNAUTHENTICATED,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Take the global options."""
    GLOBAL.config = config
    GLOBAL.person = person


def load_config() -> Config:
    """Return the config that the global options name. Raises ConfigError."""
    from mailbot import config_file

    return config_file.load(config_file.find(GLOBAL.config))


def start_logging(level: int = logging.INFO) -> None:
    """Send logs to stderr, one line each."""
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("aioimaplib", "alembic", "httpx", "asyncio", "watchfiles", "pdfminer"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def fail(error: BaseException) -> int:
    """Print one line on stderr for an error and return its exit code."""
    if isinstance(error, MailbotError):
        print(f"mailbot: {error}", file=sys.stderr)
        return error.exit_code
    print(f"mailbot: internal error: {type(error).__name__}: {error}; please report it with the log", file=sys.stderr)
    return 5


def main() -> None:
    """Run the command line."""
    from mailbot.cli import commands

    commands.register(app)
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        message = error.format_message()
        if "\n" in message:  # the help of a command that was called without anything
            print(message, file=sys.stderr)
            sys.exit(UsageError.exit_code)
        sys.exit(fail(UsageError(message.rstrip("."), remedy=_usage_remedy(message, getattr(error, "ctx", None)))))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except Exception as error:
        sys.exit(fail(error))


def _usage_remedy(message: str, context: typer.Context | None) -> str:
    """Return what to do about a command that was called wrongly."""
    command = context.command_path if context else "mailbot"
    for option, value in (("--config", "PATH"), ("--as", "USER")):
        if message == f"No such option: {option}":
            return f"it stands before the command: mailbot {option} {value} {command.partition(' ')[2]} …"
    return f"see `{command} --help`"
