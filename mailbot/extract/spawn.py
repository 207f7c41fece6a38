"""One worker process as the daemon sees it: started, spoken to in frames, and ended with the reason told apart.

The worker is not trusted: what it answers is bounded, and it is killed with its whole process group.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.errors import WorkerUnavailable
from mailbot.extract import frames

COMMAND = (sys.executable, "-P", "-m", "mailbot.extract.worker")
"""`-P`: the folder a worker runs in is written by it, so nothing is imported from there."""

START_SECONDS = 60.0
STOP_SECONDS = 2.0

_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")


class WorkerDied(Exception):
    """The worker ended, or was ended, in the middle of a job; the message names the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What a worker is allowed; bytes and seconds. Past `resident` bytes it is replaced after its job.

    `nice` is how far it stands back behind the daemon.
    """

    memory: int
    file_size: int
    cpu_seconds: int
    wall_seconds: float
    resident: int
    max_answer: int
    nice: int = 0


class WorkerProcess:
    """A started worker. Owned by one task; `kill` may be called from any."""

    def __init__(self, process: asyncio.subprocess.Process, folder: str, limits: Confinement) -> None:
        self._process = process
        self._folder = folder
        self._limits = limits
        self.isolation = ""

    @classmethod
    async def start(cls, limits: Confinement, command: Sequence[str] = COMMAND) -> WorkerProcess:
        """Start a worker and wait until it is confined. Raises WorkerUnavailable."""
        folder = tempfile.mkdtemp(prefix="mailbot-worker-")
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "TMPDIR": folder, "HOME": folder, **_THREADS}
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=folder,
                env=environment,
                start_new_session=True,
                limit=1 << 18,
            )
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise WorkerUnavailable(
                f"a worker process cannot be started: {error}", remedy="free memory or processes on this machine"
            ) from error
        worker = cls(process, folder, limits)
        try:
            worker.send(
                {
                    "memory": limits.memory,
                    "file_size": limits.file_size,
                    "cpu_seconds": limits.cpu_seconds,
                    "resident": limits.resident,
                    "nice": limits.nice,
                    "parent": os.getpid(),
                }
            )
            hello, _ = await worker.receive(START_SECONDS)
            worker.isolation = str(hello.get("isolation", "none"))
        except WorkerDied as error:
            await worker.stop()
            raise WorkerUnavailable(
                f"a worker process ended while it started: {error}", remedy="raise extract.memory_mb, or see `mailbot check`"
            ) from error
        except BaseException:
            await worker.stop()
            raise
        return worker

    def send(self, header: frames.Header, content: bytes = b"") -> None:
        """Queue one frame; a worker that is gone is found out by `receive`. Content stays in memory until it is taken."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            for piece in frames.pack(header, (content,)):
                self._process.stdin.write(piece)

    async def receive(self, seconds: float) -> tuple[frames.Header, bytes]:
        """Return the next answer.

        Raises WorkerDied when the worker ended, answered no frame, or took longer than `seconds`: it is dead then.
        """
        if self._process.stdout is None:
            raise WorkerDied("it has no output")
        try:
            async with asyncio.timeout(seconds):
                return await frames.receive(self._process.stdout, max_body=self._limits.max_answer)
        except TimeoutError:
            self.kill()
            await self._process.wait()
            raise WorkerDied(f"it took longer than {seconds:g} seconds") from None
        except asyncio.IncompleteReadError:
            self.kill()
            raise WorkerDied(_cause(await self._process.wait(), self._limits)) from None
        except (ValueError, RecursionError) as error:
            self.kill()
            await self._process.wait()
            raise WorkerDied(f"it answered nonsense ({error})") from None

    def kill(self) -> None:
        """End the worker and whatever it started, now."""
        if self._process.returncode is not None:  # Its process id may be somebody else's by now.
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """End the worker and clean up after it."""
        self.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        # Python closes the pipe's transport by itself only once everything in it was read.
        self._process._transport.close()  # type: ignore[attr-defined]
        await asyncio.to_thread(shutil.rmtree, self._folder, True)


def _cause(code: int, limits: Confinement) -> str:
    """Say in words why a worker ended (negative: by that signal)."""
    if code == -signal.SIGXCPU:
        return f"it used more than {limits.cpu_seconds} seconds of processor time"
    if code == -signal.SIGKILL:
        return "the system killed it, most likely for memory"
    if code in (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS):
        return f"it crashed ({signal.Signals(-code).name}), or ran out of its {limits.memory >> 20} MB of memory"
    if code < 0:
        return f"it was ended by signal {-code}"
    return f"it ended by itself with status {code}"
