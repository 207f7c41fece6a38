"""Every exception mailbot raises on purpose: whose fault it is, whether a retry can help, the exit code and the remedy.

The message is one line that a person at the desk can act on. `remedy` says what to do about it.
"""

from __future__ import annotations


class MailbotError(Exception):
    """A failure with a known cause.

    `remedy` is one sentence in the imperative. `exit_code` follows the command-line contract:
    1 finding, 2 usage, 3 configuration, 4 cannot reach, 5 internal. `retry` says whether the same call may work later.
    """

    exit_code = 5
    retry = False
    fault = "mailbot"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}; {self.remedy}" if self.remedy else message


class UsageError(MailbotError):
    """The command was called wrongly."""

    exit_code = 2
    fault = "the caller"


class ConfigError(MailbotError):
    """The configuration cannot be used: the message names the file and the option."""

    exit_code = 3
    fault = "the configuration"


class RuleError(ConfigError):
    """A rule file cannot be used: the message names file and line, and suggests the word that was probably meant.

    `findings` holds every error of a load, one RuleError each, when there were several.
    """

    def __init__(
        self, message: str, *, file: str = "", line: int = 0, remedy: str = "", findings: tuple[RuleError, ...] = ()
    ) -> None:
        where = f"{file}:{line}: " if file else ""
        super().__init__(f"{where}{message}", remedy=remedy)
        self.file = file
        self.line = line
        self.findings = findings or (self,)


class TemplateProblem(ConfigError):
    """A reply template is missing, does not parse, or names a fact that does not exist."""


class Unreachable(MailbotError, ConnectionError):
    """A server did not answer, or the connection to it broke. Trying later may work."""

    exit_code = 4
    retry = True
    fault = "the server or the network"


class LoginRefused(MailbotError):
    """The server refused the credentials; trying again with the same ones would lock the mailbox out."""

    exit_code = 4
    fault = "the configuration"


class BadInput(MailbotError):
    """Bytes from outside that cannot be read at all: the item is quarantined with this message as the reason."""

    exit_code = 1
    fault = "the sender's file"


class WorkerUnavailable(MailbotError):
    """No worker process can be had at the moment (memory, processes): nothing is wrong with the file."""

    retry = True
    fault = "the machine"


class IllegalEvent(MailbotError):
    """An event that the lifecycle table does not allow in the item's state: a bug, or two deciders at once."""

    exit_code = 1
    fault = "the caller"


class Stale(MailbotError):
    """The item moved on since the caller looked: the lease was lost, or somebody else decided first."""

    exit_code = 1
    retry = True
    fault = "nobody"


class NotFound(MailbotError, LookupError):
    """No such item, blob, account or person."""

    exit_code = 1
    fault = "the caller"


class NotAllowed(MailbotError):
    """This person may not take this decision."""

    exit_code = 1
    fault = "the caller"


class NotSent(MailbotError):
    """The server certainly did not take the mail. `retry` is True when it asked to be tried later (4yz, RFC 5321 4.2.1)."""

    exit_code = 4
    fault = "the receiving server"

    def __init__(self, message: str, *, retry: bool, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.retry = retry


class DeliveryUnknown(MailbotError):
    """The connection was lost after the content went out: the server may have taken the mail, so it is never resent by itself."""

    fault = "the network"


class LedgerDamaged(MailbotError):
    """The database or a blob does not hold what was written: `mailbot verify` says where."""

    fault = "the disk"


class DiskFull(MailbotError, OSError):
    """No space left: nothing is acknowledged or moved until there is some."""

    retry = True
    fault = "the disk"
