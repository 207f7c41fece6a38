"""The Typer app, its global options, and the one place where errors become one line and an exit code."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.errors import MailbotError

if TYPE_CHECKING:
    from mailbot.config import Config


@dataclass(slots=True)
class Global:
    """The global options of this call: the config path as given, and who acts."""

    config: str | None = None
    person: str = "unauthenticated"


GLOBAL = Global()

app = typer.Typer(
    name="mailbot",
    help="The desk that lives in an inbox: reads, routes, drafts, and sends what a person accepted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich costs 0.2 s at each start
)


@app.callback()
def options(
    config: Annotated[str | None, typer.Option(help="The config file; else MAILBOT_CONFIG, else ./mailbot.toml.")] = None,
    person: Annotated[str, typer.Option("--as", metavar="USER", help="Who acts, by the name in the config.")] = "unauthenticated",
) -> None:
    """Take the global options."""
    GLOBAL.config = config
    GLOBAL.person = person


def load_config() -> Config:
    """Return the config that the global options name. Raises ConfigError."""
    from mailbot import config

    return config.load(config.find(GLOBAL.config))


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
        app()
    except MailbotError as error:
        sys.exit(fail(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        sys.exit(fail(error))
