"""The generator's process as the daemon sees it: started, spoken to in frames, ended, and why it ended in words.

It runs no stranger's code, but it reads strangers' mail with large libraries: it gets none of the daemon's secrets, and what it
answers is bounded and checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mailbot.errors import WorkerUnavailable
from mailbot.generate import malloc, wire

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", "-m", "mailbot.generate.process")
STOP_SECONDS = 3.0
"""How long it may take to end by itself once it is no longer spoken to."""

LINE = 500
"""Characters of a line of its output that are logged."""

_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", malloc.TUNABLES)
_PASSED_ON_PREFIXES = ("CUDA_", "NVIDIA_", "KERAS_", "TF_", "XLA_", "JAX_")
"""What chooses a device and how it computes, and nothing else of the daemon's environment: passwords stand there."""


def environment(threads: int, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of the process, `threads` 0 for as many as the libraries like."""
    kept = {name: value for name, value in given.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)}
    most = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)) if threads else {}
    quiet = {
        # the keys and values of the slots are read for every token
        malloc.TUNABLES: malloc.HUGE_PAGES,
        "LANG": "C.UTF-8",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    return {"PATH": os.defpath} | quiet | kept | most


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a process that can write says of itself. `bytes` is its resident memory, `seconds` what it took to start."""

    parameters: int
    window: int
    slots: int
    backend: str
    dtype: str
    bytes: int
    seconds: float


class Child(asyncio.Protocol):
    """One process. `hear` is called with each frame that comes; `gone` is done when nothing more will come."""

    def __init__(self, hear: Callable[[wire.Frame], None]) -> None:
        self._hear = hear
        self._frames = wire.Splitter()
        self._transport: asyncio.Transport | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._logging: asyncio.Task[None] | None = None
        self._lines: deque[str] = deque(maxlen=20)
        self._killed = ""
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard_at = asyncio.get_running_loop().time()
        """When it last gave a sign of life, or was given something to do."""

    async def start(self, setup: wire.Frame, command: Sequence[str] = COMMAND) -> None:
        """Start the process and tell it what to do. Raises WorkerUnavailable."""
        ours, theirs = socket.socketpair()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=environment(setup["threads"]),
                start_new_session=True,
            )
            ours.setblocking(False)
            assert self._process.stdout  # noqa: S101  for the type checker
            self._logging = asyncio.create_task(self._log_lines(self._process.stdout), name="mailbot generator log")
            await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=ours)
        except OSError as error:
            raise WorkerUnavailable(
                f"the model's process cannot be started: {error}", remedy="free memory or processes on this machine"
            ) from error
        finally:
            theirs.close()
            if self._transport is None:
                ours.close()
        self.send(wire.pack(setup))

    @property
    def pid(self) -> int:
        """The process's id, 0 before it was started."""
        return self._process.pid if self._process else 0

    def send(self, packed: bytes) -> None:
        """Queue a packed frame; that the process is gone is found out by `gone`."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(packed)

    def kill(self, why: str) -> None:
        """End the process and whatever it started, now."""
        if self._process and self._process.returncode is None:
            self._killed = self._killed or why
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def stop(self) -> str:
        """End the process, by itself if it will, and clean up; return why it had ended before, in words."""
        if self._transport:
            self._transport.abort()
        if self._process is None:
            return ""
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            log.info("the model's process does not end by itself: it is killed")
        finally:
            self.kill("it did not end by itself")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
                if self._logging:
                    await asyncio.wait({self._logging})
        if self._logging:
            self._logging.cancel()
        # Python closes the pipe's transport by itself only once everything in it was read.
        self._process._transport.close()  # type: ignore[attr-defined]
        return self._why(self._process.returncode)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol. A process that talks nonsense is killed."""
        self.heard_at = asyncio.get_running_loop().time()
        try:
            for frame in self._frames.feed(data):
                self._hear(frame)
        except (wire.Nonsense, KeyError, TypeError, ValueError, AttributeError) as error:
            self.kill(f"it answered nonsense ({type(error).__name__}: {error})")
            self._over()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._over()

    def _over(self) -> None:
        if self._transport:
            self._transport.abort()
        if not self.gone.done():
            self.gone.set_result(None)

    def _why(self, code: int | None) -> str:
        """Say why the process ended; `code` is negative for a signal."""
        if self._killed:
            return self._killed
        if code == -signal.SIGKILL:
            return "the system killed it, most likely for memory"
        if code is not None and code < 0:
            return f"it crashed ({signal.Signals(-code).name})"
        last = f": {self._lines[-1]}" if self._lines and code else ""
        return f"it ended by itself with status {code}{last}"

    async def _log_lines(self, output: asyncio.StreamReader) -> None:
        """Pass what the process prints on to the log."""
        rest = ""
        while chunk := await output.read(1 << 14):
            *lines, rest = (rest + chunk.decode("utf-8", "replace")).split("\n")
            rest = rest[-(1 << 14) :]
            for line in (one.strip() for one in lines):
                if line:
                    self._lines.append(line[:LINE])
                    log.info("the model's process: %s", line[:LINE])
